//! A byte stream under TLS.
//!
//! rustls's machine has no buffers of its own here: what is read goes into the thread's
//! ([`scratch`]), is decrypted there, and only what is half-way stays with the stream: the beginning
//! of a record, data that nobody took yet, records that the socket didn't take.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll, ready};

use tokio_rustls::rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use tokio_rustls::rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
    WriteTraffic,
};
use tokio_rustls::rustls::{CommonState, Error};

use super::failure::failure;
use crate::queue::Queue;
use crate::wire::{Peer, Wire};
use crate::{Duplex, TlsBroken, TlsFailure, limits, scratch};

/// One side of the protocol.
pub(super) trait Machine {
    type Data;

    fn process<'c, 'i>(&'c mut self, records: &'i mut [u8])
    -> UnbufferedStatus<'c, 'i, Self::Data>;

    fn state(&self) -> &CommonState;
}

impl Machine for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        records: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, ClientConnectionData> {
        self.process_tls_records(records)
    }

    fn state(&self) -> &CommonState {
        self
    }
}

impl Machine for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        records: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, ServerConnectionData> {
        self.process_tls_records(records)
    }

    fn state(&self) -> &CommonState {
        self
    }
}

/// A wire under TLS.
pub(super) struct Secured<M> {
    wire: Wire,
    machine: Box<M>,
    /// The beginning of a record, or a handshake that is under way.
    undecoded: Queue,
    /// Decrypted, not taken yet: at most what one read brought.
    data: Queue,
    /// Encrypted, not taken by the socket.
    unsent: Queue,
    reading: Reading,
    writing: Writing,
}

enum Reading {
    Open,
    /// The far end has said that no more will come.
    Ended,
    Failed(io::Error),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Open,
    /// We have said so.
    Finished,
}

/// Where decrypted data go: to the reader as far as he has room.
struct Sink<'a> {
    buf: &'a mut [u8],
    filled: usize,
    rest: &'a mut Queue,
}

impl Sink<'_> {
    fn put(&mut self, data: &[u8]) {
        let room = self.buf.get_mut(self.filled..).unwrap_or_default();
        // In order: nothing may overtake what waits already.
        let fits = if self.rest.is_empty() { room.len().min(data.len()) } else { 0 };
        let (now, later) = data.split_at_checked(fits).unwrap_or_default();
        if let Some(room) = room.get_mut(..fits) {
            room.copy_from_slice(now);
        }
        self.filled += fits;
        self.rest.put(later);
    }
}

impl<M: Machine> Secured<M> {
    pub(super) fn new(wire: Wire, machine: M) -> Self {
        Self {
            wire,
            machine: Box::new(machine),
            undecoded: Queue::default(),
            data: Queue::default(),
            unsent: Queue::default(),
            reading: Reading::Open,
            writing: Writing::Open,
        }
    }

    /// Agrees with the far end. Dropping the future gives up.
    pub(super) async fn shake_hands(mut self, place: &str) -> Result<Self, TlsFailure> {
        let outcome = poll_fn(|cx| self.poll_handshake(cx)).await;
        match outcome {
            Ok(()) => Ok(self),
            Err(Shaken::Told(error)) => {
                // An alert tells the far end why; a socket that takes nothing now won't hear it.
                let _ = self.poll_unsent(&mut Context::from_waker(std::task::Waker::noop()));
                Err(failure(&error, place))
            }
            Err(Shaken::Lost(error)) => match error.kind() {
                io::ErrorKind::UnexpectedEof => Err(TlsFailure::HungUp),
                _ => Err(TlsFailure::Lost(error)),
            },
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Shaken>> {
        loop {
            self.advance_idle().map_err(Shaken::Told)?;
            ready!(self.poll_unsent(cx)).map_err(Shaken::Lost)?;
            if !self.machine.state().is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.poll_records(cx, &mut [])) {
                Ok(_) => {}
                Err(Broken::Io(error)) => return Poll::Ready(Err(Shaken::Lost(error))),
                Err(Broken::Tls(error)) => return Poll::Ready(Err(Shaken::Told(error))),
            }
            if matches!(self.reading, Reading::Ended) {
                let gone = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Poll::Ready(Err(Shaken::Lost(gone)));
            }
        }
    }

    /// The far end's certificate.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.machine.state().peer_certificates().and_then(<[_]>::first)
    }

    /// For the log.
    pub(super) fn version(&self) -> Option<&'static str> {
        self.machine.state().protocol_version().and_then(|version| version.as_str())
    }

    pub(super) fn from(&self) -> Peer {
        self.wire.peer()
    }

    /// Reads records once and takes in what they say. Tells how many bytes of data went into `buf`;
    /// none may have, and at the end of the connection `reading` says so.
    fn poll_records(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, Broken>> {
        scratch::with_records(|records| {
            let waiting = self.undecoded.waiting();
            let before = waiting.len();
            // As much as the reader wants, or one record: what he doesn't take has to be kept.
            let wanted = before + buf.len().max(limits::RECORD);
            let room = wanted.min(records.len());
            let (Some(front), true) = (records.get_mut(..before), before < room) else {
                return Poll::Ready(Err(Broken::Tls(Error::PeerSentOversizedRecord)));
            };
            front.copy_from_slice(waiting);
            let space = records.get_mut(before..room).unwrap_or_default();
            let read = ready!(self.wire.poll_read(cx, space)).map_err(Broken::Io)?;
            self.undecoded = Queue::default();
            if read == 0 {
                let cut = io::Error::new(io::ErrorKind::UnexpectedEof, TlsBroken::CutOff);
                return Poll::Ready(Err(Broken::Io(cut)));
            }
            let records = records.get_mut(..before + read).unwrap_or_default();
            let (filled, used, outcome) = self.advance(records, buf);
            self.undecoded.put(records.get(used..).unwrap_or_default());
            outcome.map_err(Broken::Tls)?;
            Poll::Ready(Ok(filled))
        })
    }

    /// Lets the machine go on without new records.
    fn advance_idle(&mut self) -> Result<(), Error> {
        let mut records = std::mem::take(&mut self.undecoded);
        let (_, used, outcome) = self.advance(records.waiting_mut(), &mut []);
        records.advance(used);
        self.undecoded = records;
        outcome
    }

    /// Lets the machine go on until it wants more records. Tells how many bytes of data went into
    /// `buf`, and how many bytes of the records are done with.
    fn advance(&mut self, records: &mut [u8], buf: &mut [u8]) -> (usize, usize, Result<(), Error>) {
        let mut used = 0;
        let mut failed = None;
        let mut sink = Sink { buf, filled: 0, rest: &mut self.data };
        loop {
            let rest = records.get_mut(used..).unwrap_or_default();
            let UnbufferedStatus { discard, state } = self.machine.process(rest);
            let mut done = discard;
            let mut more = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        sink.put(record.payload);
                        done += record.discard;
                    }
                    true
                }
                Ok(ConnectionState::EncodeTlsData(mut record)) => {
                    let encode = |out: &mut [u8]| match record.encode(out) {
                        Err(EncodeError::InsufficientSize(error)) => Err(error),
                        other => Ok(other.unwrap_or(0)),
                    };
                    append(&mut self.unsent, encode);
                    true
                }
                Ok(ConnectionState::TransmitTlsData(records)) => {
                    records.done();
                    true
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.reading = Reading::Ended;
                    true
                }
                Ok(_) => false,
                Err(error) => {
                    failed.get_or_insert(error);
                    false
                }
            };
            used += done;
            // After an error only the alert for the far end is fetched: the records that caused it must
            // not be looked at again.
            if failed.is_some() {
                more = self.machine.state().wants_write();
            }
            if !more {
                let outcome = failed.map_or(Ok(()), Err);
                return (sink.filled, used, outcome);
            }
        }
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match ready!(self.wire.poll_write(cx, self.unsent.waiting()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.unsent.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Encrypts something, puts it on the wire, and keeps what the socket doesn't take.
    fn seal(
        &mut self,
        cx: &mut Context<'_>,
        size: usize,
        mut seal: impl FnMut(&mut WriteTraffic<'_, M::Data>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> io::Result<()> {
        self.advance_idle().map_err(|_| broken())?;
        scratch::with_sealed(|sealed| {
            sealed.resize(size, 0);
            let status = self.machine.process(self.undecoded.waiting_mut());
            let Ok(ConnectionState::WriteTraffic(mut traffic)) = status.state else {
                return Err(io::ErrorKind::BrokenPipe.into());
            };
            let length = match seal(&mut traffic, sealed) {
                Err(EncryptError::InsufficientSize(error)) => {
                    sealed.resize(error.required_size, 0);
                    seal(&mut traffic, sealed)
                }
                other => other,
            };
            let length = length.map_err(|error| io::Error::other(error.to_string()))?;
            let mut rest = sealed.get(..length).unwrap_or_default();
            while self.unsent.is_empty() && !rest.is_empty() {
                let Poll::Ready(written) = self.wire.poll_write(cx, rest)? else { break };
                rest = rest.get(written..).unwrap_or_default();
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
            }
            self.unsent.put(rest);
            Ok(())
        })
    }

    /// Reads until there are data, or the end is known.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.data.is_empty() && matches!(self.reading, Reading::Open) {
            match ready!(self.poll_records(cx, &mut [])) {
                Ok(_) => self.answer(cx),
                Err(error) => self.fail(error),
            }
        }
        Poll::Ready(())
    }

    /// Puts the machine's own answers on the wire. Trouble with them shows when data are sent.
    fn answer(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_unsent(cx);
        if self.unsent.len() > limits::TLS_ANSWERS + limits::CHUNK * 2 {
            self.fail(Broken::Tls(Error::PeerSentOversizedRecord));
        }
    }

    fn fail(&mut self, error: Broken) {
        self.reading = Reading::Failed(match error {
            Broken::Io(error) => error,
            Broken::Tls(error) => {
                tracing::debug!(%error, from = %self.wire.peer(), "TLS is broken");
                broken()
            }
        });
    }

    /// What to say to who reads and finds no data.
    fn end(&mut self) -> io::Result<usize> {
        match std::mem::replace(&mut self.reading, Reading::Ended) {
            Reading::Failed(error) => Err(error),
            Reading::Open | Reading::Ended => Ok(0),
        }
    }
}

/// How a handshake failed.
enum Shaken {
    Told(Error),
    Lost(io::Error),
}

/// How reading failed.
enum Broken {
    Tls(Error),
    Io(io::Error),
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, TlsBroken::Protocol)
}

/// Lets `encode` write at the end of a queue, which grows as needed.
fn append(
    queue: &mut Queue,
    mut encode: impl FnMut(&mut [u8]) -> Result<usize, InsufficientSizeError>,
) {
    scratch::with_sealed(|out| {
        let length = match encode(out) {
            Err(error) => {
                out.resize(error.required_size, 0);
                encode(out)
            }
            length => length,
        };
        queue.put(out.get(..length.unwrap_or(0)).unwrap_or_default());
    });
}

impl<M: Machine> Duplex for Secured<M> {
    fn protocol(&self) -> Option<&'static str> {
        Some("tls")
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            if !self.data.is_empty() {
                let waiting = self.data.waiting();
                let count = waiting.len().min(buf.len());
                let (Some(from), Some(to)) = (waiting.get(..count), buf.get_mut(..count)) else {
                    return Poll::Ready(Ok(0));
                };
                to.copy_from_slice(from);
                self.data.advance(count);
                return Poll::Ready(Ok(count));
            }
            if !matches!(self.reading, Reading::Open) {
                return Poll::Ready(self.end());
            }
            match ready!(self.poll_records(cx, buf)) {
                Ok(0) => self.answer(cx),
                Ok(count) => {
                    self.answer(cx);
                    return Poll::Ready(Ok(count));
                }
                Err(error) => self.fail(error),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.writing == Writing::Finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_unsent(cx))?;
        let some = data.get(..limits::CHUNK).unwrap_or(data);
        // Each record has a head, a number, a type and a check.
        let size = some.len() + (some.len() / RECORD_DATA + 1) * RECORD_OVERHEAD;
        self.seal(cx, size, |traffic, out| traffic.encrypt(some, out))?;
        Poll::Ready(Ok(some.len()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unsent(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.writing == Writing::Open {
            self.writing = Writing::Finished;
            self.seal(cx, RECORD_OVERHEAD * 2, |traffic, out| traffic.queue_close_notify(out))?;
        }
        ready!(self.poll_unsent(cx))?;
        self.wire.poll_shutdown(cx)
    }

    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        ready!(self.poll_ahead(cx));
        if self.data.is_empty() && matches!(self.reading, Reading::Failed(_)) {
            return Poll::Ready(self.end().map(|_| [].as_slice()));
        }
        Poll::Ready(Ok(self.data.waiting()))
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ahead(cx));
        match self.data.is_empty() {
            true => Poll::Ready(self.end().map(|_| ())),
            false => Poll::Pending,
        }
    }

    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.reading {
            Reading::Open => self.wire.poll_hung_up(cx),
            Reading::Ended | Reading::Failed(_) => Poll::Ready(()),
        }
    }

    fn local(&self) -> Peer {
        self.wire.local()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.wire.socket()
    }

    fn peer(&self) -> Peer {
        self.wire.peer()
    }

    fn abort(&mut self) {
        self.wire.abort();
    }
}

/// Data in one record: RFC 8446 section 5.1.
const RECORD_DATA: usize = 16 * 1024;

/// What a record adds to its data, at most, with today's ciphers: RFC 8446 section 5.2, RFC 5246
/// section 6.2.3.
const RECORD_OVERHEAD: usize = 64;
