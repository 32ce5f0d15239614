//! Callers: from their arrival to the bell.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{AccessList, Caller, ListenError, ListenOptions, Listener, Peer};
use tracing::{info, warn};

use crate::config::LineConfig;
use crate::limits;
use crate::switchboard::Board;

/// The listeners of a line, and the callers that wait for it.
#[derive(Default)]
pub(crate) struct Incoming {
    listeners: Vec<Listener>,
    access: AccessList,
    /// Handed over by other lines, which have let them in, or sent by them.
    handed_over: VecDeque<Caller>,
    waiting: VecDeque<Caller>,
}

impl Incoming {
    pub(crate) fn open(config: &LineConfig) -> Result<Self, ListenError> {
        let listen = |address| Listener::tcp(address, &ListenOptions::default());
        let listeners = config.listen.0.iter().copied().map(listen).collect::<Result<_, _>>()?;
        Ok(Self { listeners, access: config.answer_access.0.clone(), ..Self::default() })
    }

    /// A line that nobody can call from outside, for callers from inside.
    pub(crate) fn of(config: &LineConfig) -> Self {
        Self { access: config.answer_access.0.clone(), ..Self::default() }
    }

    /// The line as a place for callers, or nothing if it isn't one.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (!self.listeners.is_empty()).then(|| Box::new(self))
    }

    /// Where callers arrive, with the ports that were free.
    pub(crate) fn places(&self) -> Vec<String> {
        self.listeners.iter().map(|listener| listener.local().to_string()).collect()
    }

    pub(crate) fn set_access(&mut self, access: AccessList) {
        self.access = access;
    }

    pub(crate) fn hand_over(&mut self, caller: Caller) {
        self.handed_over.push_back(caller);
    }

    /// The next caller; those who wait come first, once the line is free for them.
    pub(crate) fn poll_caller(
        &mut self,
        cx: &mut Context<'_>,
        (board, line): (&Board, &str),
        free: bool,
    ) -> Poll<Caller> {
        self.waiting.retain_mut(|caller| caller.poll_gone(cx).is_pending());
        if free && let Some(caller) = self.waiting.pop_front() {
            return Poll::Ready(caller);
        }
        while let Some(caller) = self.handed_over.pop_front() {
            match caller.peer() {
                Peer::Line(_) if self.access.check_unix().is_err() => {
                    info!(line, "turned away {}: the access list forbids it", caller.peer());
                    caller.refuse();
                }
                _ => return Poll::Ready(caller),
            }
        }
        while let Poll::Ready(caller) = self.poll_accept(cx, line) {
            match caller
                .peer()
                .socket_addr()
                .map_or_else(|| self.access.check_unix(), |at| self.access.check(at))
            {
                Ok(()) => return Poll::Ready(caller),
                Err(denied) => {
                    info!(line, "turned away {}: {denied}", caller.peer());
                    board.note_turned_away(line, Cause::Denied, &caller);
                    caller.refuse();
                }
            }
        }
        Poll::Pending
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>, line: &str) -> Poll<Caller> {
        let mut accepted = Poll::Pending;
        self.listeners.retain_mut(|listener| {
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
                    warn!(line, "{} takes no more calls: {error}", listener.local());
                    false
                }
            }
        });
        accepted
    }

    /// The line is closed: nobody who waits for it will be answered.
    pub(crate) fn close(self) {
        self.handed_over.into_iter().chain(self.waiting).for_each(Caller::refuse);
    }

    /// Keeps the caller until the line is free; a queue that is full is busy.
    pub(crate) fn queue(&mut self, (board, line): (&Board, &str), caller: Caller) {
        if self.waiting.len() >= limits::QUEUE {
            return board.turn_away(line, Cause::LineInUse, caller);
        }
        info!(line, "{} waits for the line", caller.peer());
        self.waiting.push_back(caller);
    }
}
