//! Callers: from their arrival to the bell.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{AccessList, Caller, ListenError, Peer};
use tracing::{info, warn};

use crate::config::LineConfig;
use crate::doors::Doors;
use crate::gate::{Gate, Verdict};
use crate::hunt::Handed;
use crate::limits;
use crate::switchboard::Board;

/// The listeners of a line, and the callers that wait for it.
#[derive(Default)]
pub(crate) struct Incoming {
    doors: Doors,
    access: AccessList,
    /// Handed over by groups and other lines, which have let them in, or sent by lines.
    handed_over: VecDeque<Handed>,
    waiting: VecDeque<Caller>,
    gate: Option<Gate>,
    /// Callers who haven't rung yet.
    gated: Vec<Judging>,
}

/// A caller at the gate.
type Judging = Pin<Box<dyn Future<Output = (Caller, Verdict)> + Send>>;

impl Incoming {
    pub(crate) fn open(config: &LineConfig) -> Result<Self, ListenError> {
        let doors = Doors::open(&config.listen.0)?;
        let access = config.answer_access.0.clone();
        Ok(Self { doors, access, gate: config.gate, ..Self::default() })
    }

    /// A line that nobody can call from outside, for callers from inside.
    pub(crate) fn of(config: &LineConfig) -> Self {
        Self { access: config.answer_access.0.clone(), ..Self::default() }
    }

    /// The line as a place for callers, or nothing if it isn't one.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (!self.doors.is_empty()).then(|| Box::new(self))
    }

    /// Where callers arrive, with the ports that were free.
    pub(crate) fn places(&self) -> Vec<String> {
        self.doors.places()
    }

    /// Who may call.
    #[cfg(feature = "wip")]
    pub(crate) const fn access(&self) -> &AccessList {
        &self.access
    }

    pub(crate) fn set_access(&mut self, access: AccessList) {
        self.access = access;
    }

    pub(crate) fn hand_over(&mut self, handed: Handed) {
        self.handed_over.push_back(handed);
    }

    /// The next caller; those who wait come first, once the line is free for them.
    pub(crate) fn poll_caller(
        &mut self,
        cx: &mut Context<'_>,
        (board, line): (&Board, &str),
        free: bool,
    ) -> Poll<Handed> {
        self.waiting.retain_mut(|caller| caller.poll_gone(cx).is_pending());
        if free && let Some(caller) = self.waiting.pop_front() {
            return Poll::Ready(Handed::from_line(caller));
        }
        while let Some(handed) = self.handed_over.pop_front() {
            let is_barred = match handed.peer() {
                Some(Peer::Line(_)) => self.access.check_unix().is_err(),
                // Who comes over a module has an address; whom a group hands over it has let in.
                Some(Peer::Net(from)) if handed.is_inside() => self.access.check(*from).is_err(),
                _ => false,
            };
            if !is_barred {
                return Poll::Ready(handed);
            }
            if let Some(caller) = handed.take() {
                turn_away((board, line), caller, "the access list forbids it");
            }
        }
        while let Poll::Ready(caller) = self.poll_accept(cx, line) {
            match caller
                .peer()
                .socket_addr()
                .map_or_else(|| self.access.check_unix(), |at| self.access.check(at))
            {
                Ok(()) => match self.gate {
                    None => return Poll::Ready(Handed::from_line(caller)),
                    Some(gate) => self.come_to(gate, (board, line), caller),
                },
                Err(denied) => turn_away((board, line), caller, &denied.to_string()),
            }
        }
        self.poll_gate(cx, (board, line))
    }

    fn come_to(&mut self, gate: Gate, (board, line): (&Board, &str), caller: Caller) {
        if self.gated.len() < limits::GATED {
            return self.gated.push(Box::pin(gate.judge(caller)));
        }
        turn_away((board, line), caller, "too many are at the gate");
    }

    /// The next caller who may ring.
    fn poll_gate(&mut self, cx: &mut Context<'_>, place: (&Board, &str)) -> Poll<Handed> {
        let mut n = 0;
        while let Some(judging) = self.gated.get_mut(n) {
            let Poll::Ready((caller, verdict)) = judging.as_mut().poll(cx) else {
                n += 1;
                continue;
            };
            drop(self.gated.swap_remove(n));
            match verdict {
                Verdict::Rings => return Poll::Ready(Handed::from_line(caller)),
                Verdict::Not(why) => turn_away(place, caller, why),
                Verdict::Gone => info!(line = place.1, "{} left before the bell", caller.peer()),
            }
        }
        Poll::Pending
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>, line: &str) -> Poll<Caller> {
        self.doors.poll_caller(cx, |listener, error| {
            warn!(line, "{} takes no more calls: {error}", listener.local());
        })
    }

    /// The line is closed: nobody who waits for it will be answered.
    pub(crate) fn close(self) {
        // Those from a group go back to it.
        drop(self.handed_over);
        self.waiting.into_iter().for_each(Caller::refuse);
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

fn turn_away((board, line): (&Board, &str), caller: Caller, why: &str) {
    info!(line, "turned away {}: {why}", caller.peer());
    board.note_turned_away(line, Cause::Denied, &caller);
    caller.refuse();
}
