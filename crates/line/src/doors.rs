//! The addresses at which callers from outside arrive.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use carrier::{Caller, ListenError, ListenOptions, Listener};

/// Open listeners, in the order of the configuration.
#[derive(Default)]
pub(crate) struct Doors(Vec<Listener>);

impl Doors {
    pub(crate) fn open(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        let open = |address: &SocketAddr| Listener::tcp(*address, &ListenOptions::default());
        addresses.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where callers arrive, with the ports that were free.
    pub(crate) fn places(&self) -> Vec<String> {
        self.0.iter().map(|listener| listener.local().to_string()).collect()
    }

    /// The next caller. `broken` hears of a listener that takes no more; it is closed.
    pub(crate) fn poll_caller(
        &mut self,
        cx: &mut Context<'_>,
        mut broken: impl FnMut(&Listener, io::Error),
    ) -> Poll<Caller> {
        let mut accepted = Poll::Pending;
        self.0.retain_mut(|listener| {
            if accepted.is_ready() {
                return true;
            }
            match listener.poll_accept(cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(caller)) => {
                    accepted = Poll::Ready(caller);
                    true
                }
                // It fails when it is broken, and would fail at once again.
                Poll::Ready(Err(error)) => {
                    broken(listener, error);
                    false
                }
            }
        });
        accepted
    }
}
