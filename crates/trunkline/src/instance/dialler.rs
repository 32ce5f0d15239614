//! Calls that are made without a line: by the exchange, for accounts that are called back, and by a station.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use carrier::{AccessList, Call, CallOptions, Route};
use exchange::{Calling, Dialler};
use line::Switchboard;

use crate::limits::CALL_BACK;

/// Calls by the phonebook of the lines, and by their modems.
#[derive(Debug)]
pub(super) struct Phone(pub(super) Weak<Switchboard>);

/// Who calls, and so how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Exchange,
    /// It minds its own time.
    #[cfg(feature = "station")]
    Station,
}

impl Who {
    const fn budget(self) -> Option<Duration> {
        match self {
            Self::Exchange => Some(CALL_BACK),
            #[cfg(feature = "station")]
            Self::Station => None,
        }
    }
}

impl Dialler for Phone {
    fn call(&self, target: &str) -> Calling {
        self.dial(target, Who::Exchange)
    }
}

impl Phone {
    pub(super) fn dial(
        &self,
        target: &str,
        who: Who,
    ) -> Pin<Box<dyn Future<Output = Result<Call, String>> + Send>> {
        let routes = self.routes(target);
        Box::pin(async move {
            let (routes, anybody) = (routes?, AccessList::allow_all());
            let dialled = carrier::dial_first(&routes, &anybody, who.budget()).await;
            dialled.map(|(_, call)| call).map_err(|error| error.to_string())
        })
    }

    fn routes(&self, target: &str) -> Result<Vec<Route>, String> {
        let board: Arc<Switchboard> = self.0.upgrade().ok_or("the lines have ended")?;
        let book = board.phonebook();
        let mut options = CallOptions { trunks: board.trunks(), ..CallOptions::default() };
        let addresses = match book.find(&[target]) {
            Some(found) => {
                let listing = &found.entry.listing;
                options.telnet = listing.telnet;
                options.tls = listing.tls.as_ref().map(line::TlsSettings::client);
                if let (Some(ssh), Some(terminal)) = (&listing.ssh, &options.terminal) {
                    options.ssh = Some(ssh.client(terminal, None));
                }
                found.addresses
            }
            None => vec![target.parse().map_err(|error| format!("`{target}`: {error}"))?],
        };
        let route = |address| Route { address, options: options.clone() };
        Ok(addresses.into_iter().map(route).collect())
    }
}
