//! The two ends of an operator's call: what is typed, and what the far end says.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{Call, Received, cause_of_end, clock_now, due};
use clock::Instant;
use telnet::WindowSize;
use tty::{Resizes, Stdio};

use super::tilde::{Tilde, Typed};
use crate::limits::DIAL_CHUNK;

/// Whether anything happened.
type Moved = bool;

/// Whether there is a person, or a program with its own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// Typing on a terminal in raw mode: `~` gives orders.
    Person,
    /// On a pipe: every byte is for the far end, and the end of them ends our sending.
    Program,
}

const HELP: &str = "\r\n\
    ~.  hang up\r\n\
    ~#  send a break\r\n\
    ~e  show what you type, or stop showing it\r\n\
    ~~  send a ~\r\n";

/// A call with an operator.
pub(super) struct Conversation {
    call: Call,
    stdio: Stdio,
    operator: Operator,
    tilde: Tilde,
    echo: Echo,
    /// For the far end, not yet taken by it.
    typed: Vec<u8>,
    /// For the operator, not yet taken by his terminal.
    shown: Vec<u8>,
    input: Input,
    over: Option<Cause>,
}

/// Whether what is typed is also shown here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Echo {
    /// The far end shows it.
    Far,
    /// We do.
    Local,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// No more will come.
    Ended,
    /// The far end has been told so.
    Finished,
}

impl Conversation {
    pub(super) fn new(call: Call, stdio: Stdio, operator: Operator) -> Self {
        Self {
            call,
            stdio,
            operator,
            tilde: Tilde::default(),
            echo: Echo::Far,
            typed: Vec::new(),
            shown: Vec::new(),
            input: Input::Open,
            over: None,
        }
    }

    /// Lets the two talk until one of them ends the call. What the far end said is shown before.
    pub(super) async fn hold(mut self) -> (Cause, Call) {
        let mut resizes = match self.operator {
            Operator::Person => Resizes::new().ok(),
            Operator::Program => None,
        };
        loop {
            let alarm = self.call.deadline();
            let timer = due(alarm);
            tokio::select! {
                over = poll_fn(|cx| self.poll_talk(cx, alarm)) => {
                    if let Some(cause) = over {
                        return (cause, self.call);
                    }
                }
                () = timer => self.call.timeout(clock_now()),
                size = next_size(&mut resizes) => self.call.resize(size),
            }
        }
    }

    /// Moves what can be moved. Ready when the call is over, or when another timer is wanted.
    fn poll_talk(&mut self, cx: &mut Context<'_>, alarm: Option<Instant>) -> Poll<Option<Cause>> {
        loop {
            let moved = self.show(cx)
                | self.say(cx)
                | self.listen_to_operator(cx)
                | self.listen_to_far_end(cx);
            if self.over.is_some() && self.shown.is_empty() {
                return Poll::Ready(self.over);
            }
            if !moved {
                return if self.call.deadline() == alarm {
                    Poll::Pending
                } else {
                    Poll::Ready(None)
                };
            }
        }
    }

    /// To the operator.
    fn show(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.shown.is_empty() {
            return false;
        }
        match self.stdio.poll_write(cx, &self.shown) {
            Poll::Pending => false,
            Poll::Ready(Ok(count)) => {
                self.shown.drain(..count);
                true
            }
            Poll::Ready(Err(_)) => {
                // Nobody looks any more.
                self.shown.clear();
                self.over.get_or_insert(Cause::LocalHangUp);
                true
            }
        }
    }

    /// To the far end.
    fn say(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.over.is_some() {
            return false;
        }
        let said = if !self.typed.is_empty() {
            self.call.poll_send(cx, &self.typed).map_ok(|count| drop(self.typed.drain(..count)))
        } else if self.input == Input::Ended {
            self.call.poll_finish(cx).map_ok(|()| self.input = Input::Finished)
        } else {
            // What is flushed moves nothing on this side.
            return match self.call.poll_flush(cx) {
                Poll::Ready(Err(error)) => self.broken(&error),
                _ => false,
            };
        };
        match said {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(error)) => self.broken(&error),
        }
    }

    fn listen_to_operator(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.over.is_some() || self.input != Input::Open || !self.typed.is_empty() {
            return false;
        }
        let mut chunk = [0; DIAL_CHUNK];
        match self.stdio.poll_read(cx, &mut chunk) {
            Poll::Pending => false,
            Poll::Ready(Ok(0)) => {
                self.input = Input::Ended;
                true
            }
            Poll::Ready(Ok(count)) => {
                self.take(chunk.get(..count).unwrap_or_default());
                true
            }
            Poll::Ready(Err(_)) => {
                self.over.get_or_insert(Cause::LocalHangUp);
                true
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.operator == Operator::Program {
            return self.typed.extend_from_slice(bytes);
        }
        for byte in bytes {
            self.tilde.push(*byte).into_iter().flatten().for_each(|typed| self.obey(typed));
        }
    }

    fn obey(&mut self, typed: Typed) {
        match typed {
            Typed::Byte(byte) => {
                self.typed.push(byte);
                if self.echo == Echo::Local {
                    self.shown.push(byte);
                    self.shown.extend((byte == b'\r').then_some(b'\n'));
                }
            }
            Typed::HangUp => self.over = Some(Cause::LocalHangUp),
            Typed::Help => self.shown.extend_from_slice(HELP.as_bytes()),
            Typed::Echo => self.echo = if self.echo == Echo::Far { Echo::Local } else { Echo::Far },
            Typed::Break => {
                if self.call.send_break().is_err() {
                    self.shown.extend_from_slice(b"\r\n(a raw call has no break)\r\n");
                }
            }
        }
    }

    fn listen_to_far_end(&mut self, cx: &mut Context<'_>) -> Moved {
        if self.over.is_some() || !self.shown.is_empty() {
            return false;
        }
        let mut chunk = [0; DIAL_CHUNK];
        match self.call.poll_receive(cx, &mut chunk) {
            Poll::Pending => false,
            Poll::Ready(Ok(Received::Data(count))) => {
                self.shown.extend_from_slice(chunk.get(..count).unwrap_or_default());
                true
            }
            Poll::Ready(Ok(Received::Event(_))) => true,
            Poll::Ready(Ok(Received::End)) => {
                self.over = Some(Cause::RemoteHangUp);
                true
            }
            Poll::Ready(Err(error)) => self.broken(&error),
        }
    }

    fn broken(&mut self, error: &io::Error) -> Moved {
        self.over.get_or_insert(cause_of_end(error));
        true
    }
}

async fn next_size(resizes: &mut Option<Resizes>) -> WindowSize {
    match resizes {
        Some(resizes) => {
            let size = resizes.next().await;
            WindowSize { columns: size.columns, rows: size.rows }
        }
        None => std::future::pending().await,
    }
}
