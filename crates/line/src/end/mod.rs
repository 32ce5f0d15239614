//! DTE ends: where the equipment plugs in.

mod com_port;
mod ip232;
mod pty;
mod serial;
mod socket;
mod soft_flow;
mod stdio;

use std::io;
use std::ops::Range;
use std::task::{Context, Poll};

use clock::Instant;
use modem::DteLines;
use tty::Berth;

use crate::config::{LineConfig, Plug};
use crate::outbox::Signal;
use crate::switchboard::StartError;

/// The one place where a line's equipment is connected.
pub(crate) enum End {
    Pty(Box<pty::Pty>),
    Serial(Box<serial::Port>),
    Socket(Box<socket::Socket>),
    Stdio(Box<stdio::Terminal>),
}

/// What happened at the equipment's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DteEvent {
    /// Bytes, in this part of the buffer.
    Data(Range<usize>),
    /// Nothing but XON or XOFF: writing may go on now, or may not.
    Flow,
    /// A BREAK.
    Break,
    /// The speed is now this, in bit/s.
    Rate(u32),
    /// DTR or RTS changed; [`End::is_open`] may have.
    Lines(DteLines),
    /// The equipment is gone, and other equipment is there: what was for the one is for nobody. Its lines follow.
    Replaced,
    /// The equipment is gone for good, and the line with it.
    Finished,
}

/// Whether bytes are wanted now; signals always are.
pub(crate) type Wanted = bool;

/// Does the same with whichever end it is.
macro_rules! each {
    ($end:expr, $inner:ident => $do:expr) => {
        match $end {
            End::Pty($inner) => $do,
            End::Serial($inner) => $do,
            End::Socket($inner) => $do,
            End::Stdio($inner) => $do,
        }
    };
}

impl End {
    /// Opens what the configuration names.
    pub(crate) fn open(config: &LineConfig, watch: &tty::OpenWatch) -> Result<Self, StartError> {
        Ok(match config.plug().ok_or(StartError::Plug)? {
            Plug::Pty(config) => Self::Pty(Box::new(pty::Pty::open(config, watch)?)),
            Plug::Serial(config) => Self::Serial(Box::new(serial::Port::open(config)?)),
            Plug::Tcp(config) => Self::Socket(Box::new(socket::Socket::tcp(config)?)),
            Plug::Unix(path) => Self::Socket(Box::new(socket::Socket::unix(path)?)),
            Plug::Stdio => {
                Self::Stdio(Box::new(stdio::Terminal::open().map_err(StartError::Stdio)?))
            }
        })
    }

    /// Whether equipment is there to read what is written.
    pub(crate) fn is_open(&self) -> bool {
        each!(self, end => end.is_open())
    }

    /// Whether it is the equipment that the call is for.
    pub(crate) fn takes_data(&self) -> bool {
        match self {
            Self::Pty(pty) => pty.takes_data(),
            Self::Serial(_) | Self::Socket(_) | Self::Stdio(_) => self.is_open(),
        }
    }

    /// Whether the equipment has stopped us by XOFF, so that only reading can tell when to go on.
    pub(crate) fn is_stopped(&self) -> bool {
        match self {
            Self::Pty(pty) => pty.is_stopped(),
            Self::Socket(socket) => socket.is_stopped(),
            Self::Stdio(terminal) => terminal.is_stopped(),
            // The kernel obeys XOFF there.
            Self::Serial(_) => false,
        }
    }

    /// The next event. A failing end is an end whose equipment is gone, not an error.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        buffer: &mut [u8],
        wanted: Wanted,
    ) -> Poll<DteEvent> {
        each!(self, end => end.poll_event(cx, now, buffer, wanted))
    }

    /// Lends the right to write to another thread, where that is of use.
    pub(crate) fn lend(&mut self, cx: &mut Context<'_>) -> Option<Berth> {
        match self {
            Self::Pty(pty) => pty.lend(cx),
            Self::Serial(_) | Self::Socket(_) | Self::Stdio(_) => None,
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, end => end.poll_write(cx, bytes))
    }

    /// Ready when what was written has reached the equipment, as far as this end can tell.
    pub(crate) fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Serial(port) => port.poll_drained(cx),
            Self::Socket(socket) => socket.poll_flush(cx),
            Self::Pty(_) | Self::Stdio(_) => Poll::Ready(Ok(())),
        }
    }

    /// Shows a signal, as far as this end can.
    pub(crate) fn signal(&mut self, signal: Signal, now: Instant) {
        each!(self, end => end.signal(signal, now));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Serial(port) => port.deadline(),
            Self::Socket(socket) => socket.deadline(),
            Self::Pty(pty) => pty.deadline(),
            Self::Stdio(_) => None,
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) {
        match self {
            Self::Serial(port) => port.timeout(now),
            Self::Socket(socket) => socket.timeout(now),
            Self::Pty(pty) => pty.timeout(),
            Self::Stdio(_) => {}
        }
    }

    /// Where the equipment plugs in, if that is not what the configuration says: a port that was free.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            Self::Socket(socket) => Some(socket.place()),
            Self::Pty(_) | Self::Serial(_) | Self::Stdio(_) => None,
        }
    }
}
