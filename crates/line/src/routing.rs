//! The dial plan: from a dial string to the addresses to try, and how.

use std::sync::Arc;
use std::time::Duration;

use at::dial::{Dial, Target};
use at::result::Cause;
use carrier::{Address, AddressError, Host, Protocol, TELNET_PORT, TlsClient};
use modem::Persona;

use crate::config::LineConfig;
use crate::phonebook::{Entry, Phonebook};
use crate::ssh::SshSettings;
use crate::tls::TlsSettings;

/// Whom to call, in which order and in which way.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Who is called: the phonebook's key, or the number as it was read.
    pub party: String,
    /// Addresses in the order of trial.
    pub addresses: Vec<Address>,
    /// The entry's word on telnet; otherwise each address decides.
    pub telnet: Option<telnet::Mode>,
    /// The terminal type told to a telnet server.
    pub terminal: telnet::TerminalName,
    /// The speed that CONNECT reports.
    pub speed: Option<u32>,
    /// How long the far end's first data are kept back after CONNECT.
    pub connect_delay: Option<Duration>,
    /// Whom to trust under TLS; the system's authorities otherwise.
    pub tls: Option<Arc<TlsClient>>,
    /// The system user who runs a program that is called.
    pub user: Option<String>,
    /// How a host is called over SSH.
    pub ssh: SshSettings,
}

/// Reads what was dialled: the phonebook first, then the string itself.
///
/// # Errors
/// The cause that ends the call: nobody has this number, or there is no such carrier.
pub fn route(
    dial: &Dial,
    persona: &Persona,
    book: &Phonebook,
    line: &LineConfig,
) -> Result<Route, Cause> {
    let keys: Vec<_> = dial.keys().collect();
    if let Some(found) = book.find(&keys) {
        return listed(found.entry, found.addresses, line);
    }
    let rules = persona.dial_rules();
    let target = dial.target(rules).map_err(|_| Cause::BadNumber)?;
    // Without a word on it, a literal is called as its port and the far end's first bytes show.
    let protocol = match dial.transport(rules) {
        None => Protocol::Detect,
        Some("tcp") => Protocol::Raw,
        Some("telnet") => Protocol::Telnet,
        #[cfg(feature = "tls")]
        Some("tls") => Protocol::Tls,
        #[cfg(feature = "tls")]
        Some("telnets") => Protocol::Telnets,
        Some(_) => return Err(Cause::NoSuchCarrier),
    };
    let net = |host, port: Option<u16>| {
        let port = port.or(line.port).or(persona.dial_port()).unwrap_or(TELNET_PORT);
        Address::Net { protocol, host, port }
    };
    let party = target.to_string();
    let through = |address| {
        let route = unlisted(party.clone(), address, line);
        match &line.carrier {
            Some(via) => via.0.reroute(route),
            None => Ok(route),
        }
    };
    let address = match target {
        Target::Empty => return default_call(book, line),
        Target::Url { scheme, rest } => url(&scheme, &rest)?,
        Target::Address { ip, port } => net(Host::Ip(ip.to_canonical()), port),
        Target::Host { name, port } => net(name.parse().map_err(|_| Cause::UnknownHost)?, port),
        Target::Recall(_) | Target::Number(_) => return Err(Cause::UnknownNumber),
    };
    through(address)
}

fn url(scheme: &str, rest: &str) -> Result<Address, Cause> {
    match format!("{scheme}:{rest}").parse() {
        // Telephone calls cost money: which numbers may be called is for the phonebook to say.
        Ok(Address::Modem { .. } | Address::Gsm { .. }) => Err(Cause::Denied),
        // What runs is the owner's to say.
        Ok(Address::Exec(_)) => Err(Cause::Denied),
        Ok(address) => Ok(address),
        Err(AddressError::NotBuiltIn(_) | AddressError::UnknownScheme(_)) => {
            Err(Cause::NoSuchCarrier)
        }
        Err(_) => Err(Cause::BadNumber),
    }
}

fn default_call(book: &Phonebook, line: &LineConfig) -> Result<Route, Cause> {
    let call = line.default_call.as_deref().ok_or(Cause::NothingDialled)?;
    if let Some(found) = book.find(&[call]) {
        return listed(found.entry, found.addresses, line);
    }
    call.parse()
        .map(|address| unlisted(call.to_owned(), address, line))
        .map_err(|_| Cause::UnknownNumber)
}

fn unlisted(party: String, address: Address, line: &LineConfig) -> Route {
    Route {
        party,
        addresses: vec![address],
        telnet: None,
        terminal: line.terminal(),
        speed: None,
        connect_delay: None,
        tls: line.tls.as_ref().map(TlsSettings::client),
        user: None,
        ssh: line.ssh.as_deref().cloned().unwrap_or_default(),
    }
}

fn listed(entry: &Entry, addresses: Vec<Address>, line: &LineConfig) -> Result<Route, Cause> {
    if addresses.is_empty() {
        return Err(Cause::UnknownNumber);
    }
    let listing = &entry.listing;
    Ok(Route {
        party: entry.key.clone(),
        addresses,
        telnet: listing.telnet,
        terminal: listing.terminal.clone().unwrap_or_else(|| line.terminal()),
        speed: listing.speed,
        connect_delay: listing.connect_delay.map(|span| span.0),
        tls: listing.tls.as_ref().or(line.tls.as_ref()).map(TlsSettings::client),
        user: listing.user.clone(),
        ssh: listing.ssh.as_deref().cloned().unwrap_or_default().over(line.ssh.as_deref()),
    })
}
