//! What a line's calls travel on, where neither phonebook nor dial string says.

use std::str::FromStr;

use at::result::Cause;
use carrier::{Address, Protocol};

use crate::routing::Route;

/// A GSM module that makes a line's calls: `gsm:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via(String);

impl Via {
    /// The module's name.
    pub fn module(&self) -> &str {
        &self.0
    }

    /// The same call, through the module.
    pub(crate) fn reroute(&self, mut route: Route) -> Result<Route, Cause> {
        for address in &mut route.addresses {
            let Address::Net { protocol, host, port } = address else { continue };
            let telnet = match protocol {
                Protocol::Detect => None,
                Protocol::Raw => Some(telnet::Mode::Off),
                Protocol::Telnet => Some(telnet::Mode::On),
                // A module's TLS is its own affair, and ours does not run through one.
                Protocol::Tls | Protocol::Telnets => return Err(Cause::NoSuchCarrier),
            };
            route.telnet = route.telnet.or(telnet);
            *address = Address::Gsm { name: self.0.clone(), host: host.clone(), port: *port };
        }
        Ok(route)
    }
}

impl FromStr for Via {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match text.strip_prefix("gsm:") {
            Some(name) if !name.is_empty() && name.bytes().all(named) => Ok(Self(name.to_owned())),
            _ => Err(format!(
                "`{text}` carries no calls; expected `gsm:` and the name of a [[gsm]] module"
            )),
        }
    }
}
