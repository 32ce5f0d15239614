//! The input and output of a program, from our side.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::{Errno, read, retry_on_intr};
use rustix::termios::{LocalModes, SpecialCodeIndex, tcgetattr, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::unix::pipe;

use super::child::Watch;
use super::{Child, WindowSize};
use crate::pty::Master;
use crate::raw::{self, Registered};

/// The input and output of a program, from our side.
#[derive(Debug)]
pub struct ProgramIo(Ends);

#[derive(Debug)]
enum Ends {
    Pty(PtySide),
    Pipes { input: Option<pipe::Sender>, output: pipe::Receiver, errors: Option<pipe::Receiver> },
}

#[derive(Debug)]
struct PtySide {
    registered: Registered,
    master: Master,
    life: Option<Life>,
    last_byte: u8,
    input: Input,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    /// So many end-of-file characters are still to be typed.
    Ending(usize),
    Ended,
}

/// Keeps a program's terminal open on both sides until the program has ended.
///
/// Without it a program that closes its terminal for a moment, as `login` does when it hangs up whoever
/// else may have it open, would look like one that is gone.
#[derive(Debug)]
pub(super) struct Life {
    ended: Watch,
    _slave: OwnedFd,
}

impl Life {
    pub(super) fn new(child: &Child, slave: OwnedFd) -> io::Result<Self> {
        Ok(Self { ended: child.watch()?, _slave: slave })
    }

    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.ended.poll_ended(cx)
    }
}

impl ProgramIo {
    pub(super) fn on_pty(master: Master, life: Life) -> io::Result<Self> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = raw::register(Arc::clone(&master.fd), interest)?;
        let side =
            PtySide { registered, master, life: Some(life), last_byte: b'\n', input: Input::Open };
        Ok(Self(Ends::Pty(side)))
    }

    pub(super) fn on_pipes(input: OwnedFd, output: OwnedFd, errors: OwnedFd) -> io::Result<Self> {
        Ok(Self(Ends::Pipes {
            input: Some(pipe::Sender::from_owned_fd(input)?),
            output: pipe::Receiver::from_owned_fd(output)?,
            errors: Some(pipe::Receiver::from_owned_fd(errors)?),
        }))
    }

    /// Reads what the program writes; 0 when all is read and nothing will follow: the program and all
    /// that have its output open have ended or closed it.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Ends::Pty(side) => side.poll_read(cx, buf),
            Ends::Pipes { output, .. } => poll_pipe(output, cx, buf),
        }
    }

    /// Writes to the program's input.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Ends::Pty(side) => side.poll_write(cx, data),
            Ends::Pipes { input: Some(input), .. } => Pin::new(input).poll_write(cx, data),
            Ends::Pipes { input: None, .. } => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Ends the program's input: closes the pipe, or types the end-of-file character on a terminal in
    /// line mode. A raw terminal has no end of input; nothing is done there.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Ends::Pty(side) => side.poll_shutdown(cx),
            Ends::Pipes { input, .. } => {
                *input = None;
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Tells a program on a terminal its new size. Nothing on pipes.
    pub fn resize(&self, size: WindowSize) -> io::Result<()> {
        match &self.0 {
            Ends::Pty(side) => Ok(tcsetwinsize(&side.master.fd, size.into())?),
            Ends::Pipes { .. } => Ok(()),
        }
    }

    /// What a program on pipes writes to standard error; `None` on a terminal or when taken before.
    ///
    /// It must be read or dropped: a program that complains into a full pipe stands still.
    pub fn take_errors(&mut self) -> Option<ErrorOutput> {
        match &mut self.0 {
            Ends::Pty(_) => None,
            Ends::Pipes { errors, .. } => errors.take().map(ErrorOutput),
        }
    }

    /// The master of the program's terminal, if it is on one.
    pub(super) fn master(&self) -> Option<&Master> {
        match &self.0 {
            Ends::Pty(side) => Some(&side.master),
            Ends::Pipes { .. } => None,
        }
    }

    /// Throws away all that can be read now, to keep a program going that is about to end.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) {
        let mut buf = [0; 4096];
        if let Ends::Pipes { errors: Some(errors), .. } = &mut self.0 {
            while matches!(poll_pipe(errors, cx, &mut buf), Poll::Ready(Ok(1..))) {}
        }
        while matches!(self.poll_read(cx, &mut buf), Poll::Ready(Ok(1..))) {}
    }
}

impl PtySide {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.life.as_ref().is_some_and(|life| life.poll_ended(cx).is_ready()) {
            self.life = None;
        }
        loop {
            let mut ready = ready!(self.registered.poll_read_ready(cx))?;
            match retry_on_intr(|| read(&self.master.fd, &mut *buf)) {
                Ok(length) => return Poll::Ready(Ok(length)),
                // All have closed the slave. Somebody opening it again has come too late.
                Err(Errno::IO) => return Poll::Ready(Ok(0)),
                Err(Errno::AGAIN) if ready.ready().is_read_closed() => return Poll::Ready(Ok(0)),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.input != Input::Open {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = ready!(self.poll_type(cx, data))?;
        if let Some(&last) = data[..written].last() {
            self.last_byte = last;
        }
        Poll::Ready(Ok(written))
    }

    fn poll_type(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.registered.poll_write_ready(cx))?;
            match self.master.write(data)? {
                Some(length) => return Poll::Ready(Ok(length)),
                None if ready.ready().is_write_closed() => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                None => ready.clear_ready(),
            }
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.input {
                Input::Open => {
                    let termios = tcgetattr(&self.master.fd)?;
                    let line_mode = termios.local_modes.contains(LocalModes::ICANON);
                    // Behind half a line the first only hands that over; the second is the end.
                    let at_line_start = matches!(self.last_byte, b'\n' | b'\r');
                    let count = if at_line_start { 1 } else { 2 };
                    self.input = if line_mode { Input::Ending(count) } else { Input::Ended };
                }
                Input::Ending(left @ 1..) => {
                    let end = tcgetattr(&self.master.fd)?.special_codes[SpecialCodeIndex::VEOF];
                    ready!(self.poll_type(cx, &[end]))?;
                    self.input = Input::Ending(left - 1);
                }
                Input::Ending(0) => self.input = Input::Ended,
                Input::Ended => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Standard error of a program on pipes.
#[derive(Debug)]
pub struct ErrorOutput(pipe::Receiver);

impl ErrorOutput {
    /// Reads what the program complains of; 0 at the end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_pipe(&mut self.0, cx, buf)
    }
}

fn poll_pipe(
    pipe: &mut pipe::Receiver,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buf = ReadBuf::new(buf);
    ready!(Pin::new(pipe).poll_read(cx, &mut buf))?;
    Poll::Ready(Ok(buf.filled().len()))
}
