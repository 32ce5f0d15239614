//! Calls under TLS, 1.2 and 1.3: the only place that knows rustls.
//!
//! A [`Secured`] stream is a [`Duplex`](crate::Duplex) on another wire. It is made by a handshake, as
//! client ([`call`]) or as server ([`Door::admit`]), and holds no buffer while nothing is half-way.

mod certificate;
mod client;
mod failure;
mod files;
mod server;
mod stream;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

pub(crate) use client::call;
pub use server::Door;

use stream::Secured;

/// Given to each configuration by hand: a process-wide default panics where two are linked.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
