//! Calls that the exchange makes, for accounts that are called back.

use std::sync::{Arc, Weak};

use carrier::{AccessList, CallOptions, Route};
use exchange::{Calling, Dialler};
use line::Switchboard;

use crate::limits::CALL_BACK;

/// Calls by the phonebook of the lines, and by their modems.
#[derive(Debug)]
pub(super) struct Phone(pub(super) Weak<Switchboard>);

impl Dialler for Phone {
    fn call(&self, target: &str) -> Calling {
        let routes = self.routes(target);
        Box::pin(async move {
            let (routes, anybody) = (routes?, AccessList::allow_all());
            let dialled = carrier::dial_first(&routes, &anybody, Some(CALL_BACK)).await;
            dialled.map(|(_, call)| call).map_err(|error| error.to_string())
        })
    }
}

impl Phone {
    fn routes(&self, target: &str) -> Result<Vec<Route>, String> {
        let board: Arc<Switchboard> = self.0.upgrade().ok_or("the lines have ended")?;
        let book = board.phonebook();
        let mut options = CallOptions { trunks: board.trunks(), ..CallOptions::default() };
        let addresses = match book.find(&[target]) {
            Some(found) => {
                options.telnet = found.entry.listing.telnet;
                found.addresses
            }
            None => vec![target.parse().map_err(|error| format!("`{target}`: {error}"))?],
        };
        let route = |address| Route { address, options: options.clone() };
        Ok(addresses.into_iter().map(route).collect())
    }
}
