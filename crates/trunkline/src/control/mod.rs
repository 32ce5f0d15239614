//! Talking to a running instance: a UNIX socket, one JSON object per line each way.
//!
//! A request is `{"do":"lines"}`. Its answer is any number of objects and then one that has `end`: `"ok"`, or
//! `"failed"` with the reason in `error`. The socket belongs to its owner alone (mode 0600); whoever may open it
//! may give every order.

mod client;
mod request;
mod server;
#[cfg(feature = "collector")]
mod sites;

use std::env;
use std::path::{Path, PathBuf};

pub(crate) use client::{Answer, ClientError, Connection};
#[cfg_attr(not(feature = "exchange"), expect(unused_imports, reason = "no accounts"))]
pub(crate) use request::Deed;
pub(crate) use request::{Busy, Request};
pub(crate) use server::{Control, Outcome, Socket};
#[cfg(feature = "collector")]
pub(crate) use sites::{SiteAsk, SiteRequest, Span};

use crate::{config, place};

/// The name of the socket in whichever folder it stands.
const NAME: &str = "trunkline.sock";

/// Where an instance listens if nothing else was said.
pub(crate) fn usual_place() -> PathBuf {
    match env::var_os("TRUNKLINE_CONTROL").filter(|path| !path.is_empty()) {
        Some(path) => path.into(),
        None => place::runtime().join(NAME),
    }
}

/// Where a running instance is probably found, most probable first.
pub(crate) fn likely_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if env::var_os("TRUNKLINE_CONTROL").is_none() {
        places.extend(
            config::load(Path::new(config::USUAL_FILE)).ok().and_then(|config| config.control),
        );
    }
    places.push(usual_place());
    // What the unit file makes of RuntimeDirectory=trunkline; a shell doesn't have the variable.
    places.push(Path::new("/run/trunkline").join(NAME));
    places.dedup();
    places
}
