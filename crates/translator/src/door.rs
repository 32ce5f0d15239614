//! Those who call a module's server: whom they reach, and how their call is taken.

use std::net::SocketAddr;
use std::sync::Arc;

use at::result::Cause;
use carrier::Call;
use serde::Deserialize;
use settings::Parsed;
use tokio::sync::oneshot;

use crate::task::Reply;
use crate::wake::Place;

/// Where a module listens, and which line rings then: the `listen` table of `[[gsm]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListenConfig {
    /// The port.
    pub port: Port,
    /// The line that rings.
    pub line: String,
    /// Whom the module calls in its turn, in place of taking the call: `HOST:PORT`.
    pub call: Option<Parsed<Place>>,
}

/// A port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Port(pub(crate) u16);

impl TryFrom<u16> for Port {
    type Error = &'static str;

    fn try_from(port: u16) -> Result<Self, Self::Error> {
        if port > 0 { Ok(Self(port)) } else { Err("a module needs a port of its own: 1 to 65535") }
    }
}

/// Somebody who calls a module. Dropped, he is turned away.
#[derive(Debug)]
pub struct Visitor {
    /// The module that he has called.
    pub module: String,
    /// His address, if the module tells; port 0 where only his host is known.
    pub from: Option<SocketAddr>,
    /// The line that is to ring.
    pub line: String,
    /// Told when the call is taken.
    pub(crate) pickup: oneshot::Sender<Reply>,
    /// Ends when he has left.
    pub(crate) here: oneshot::Receiver<()>,
}

impl Visitor {
    /// Ready when he has left.
    pub async fn gone(&mut self) {
        let _ = (&mut self.here).await;
    }

    /// Takes the call.
    ///
    /// # Errors
    /// He has left, or the module can't.
    pub async fn answer(self) -> Result<Call, Cause> {
        let (reply, outcome) = oneshot::channel();
        self.pickup.send(reply).map_err(|_| Cause::CallerGone)?;
        outcome.await.unwrap_or(Err(Cause::CallerGone))
    }
}

/// Whoever has lines ring.
pub type Bell = Arc<dyn Fn(Visitor) + Send + Sync>;
