//! A call's end for whoever has dialled; its other end is the module's task.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use carrier::{Duplex, Peer};
use gsm::Reason;
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

/// Why a call has ended, once it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct End(Arc<Mutex<Option<Reason>>>);

impl End {
    pub(crate) fn set(&self, reason: Reason) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn error(&self) -> Option<io::Error> {
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match end.as_ref()? {
            Reason::Reset => Some(io::ErrorKind::ConnectionReset.into()),
            Reason::SessionLost | Reason::NoSession(_) => Some(Errno::NETDOWN.into()),
            Reason::Silent(_) | Reason::Restarted => Some(Errno::NXIO.into()),
            _ => None,
        }
    }
}

/// A call through a module. Dropped, it is hung up.
pub(crate) struct Ours {
    pub(crate) stream: UnixStream,
    pub(crate) end: End,
    pub(crate) name: String,
    pub(crate) party: String,
    /// Tells the task by its end that nobody has the call any more.
    pub(crate) held: Option<oneshot::Sender<()>>,
}

impl Duplex for Ours {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(buf);
        ready!(AsyncRead::poll_read(std::pin::Pin::new(&mut self.stream), cx, &mut into))?;
        match (into.filled().len(), self.end.error()) {
            (0, Some(error)) => Poll::Ready(Err(error)),
            (count, _) => Poll::Ready(Ok(count)),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(std::pin::Pin::new(&mut self.stream), cx, data)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(std::pin::Pin::new(&mut self.stream), cx)
    }

    fn protocol(&self) -> Option<&'static str> {
        Some("gsm")
    }

    fn local(&self) -> Peer {
        Peer::Modem(format!("gsm:{}", self.name))
    }

    fn peer(&self) -> Peer {
        Peer::Modem(format!("gsm:{}/{}", self.name, self.party))
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        drop(self.held.take());
    }
}
