//! The bytes between a call and its program, with everything that goes beside them: half-close,
//! breaks, window sizes, limits, and the program's end.
//!
//! Each direction is read into the thread's scratch buffer and written on at once; only what the
//! other side doesn't take is kept, and then that direction isn't read any further. An idle call
//! holds no buffer.

mod echo;
mod inward;
mod outward;

use std::process::ExitStatus;
use std::task::{Context, Poll};
use std::time::Duration;

use carrier::{Call, Counts, Timer, clock_now};
use clock::Instant;
use tty::Running;

use crate::account::Plan;
use crate::call::CallEnd;
use crate::complaints::Complaints;
use crate::config::{On, OnBreak, Parity};
use crate::limits;
use crate::login::Guest;
use crate::registry::Entry;
use crate::service::Left;
pub(crate) use echo::{Echo, EchoRules};
use inward::Inward;
use outward::{Outward, Parting};

/// What it means that a caller has finished sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndMeans {
    /// That he is gone, as far as anybody can see.
    Gone,
    /// That and no more: his going would be seen.
    Finished,
}

/// What an account says about a call's course.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    on: On,
    end: EndMeans,
    on_break: OnBreak,
    idle: Option<Duration>,
    after_end: Duration,
    longest: Option<Duration>,
    parity: Parity,
}

impl Rules {
    pub(crate) fn of(plan: &Plan, on: On, end: EndMeans) -> Self {
        Self {
            on,
            end,
            on_break: plan.on_break,
            idle: plan.idle,
            after_end: plan.after_end,
            longest: plan.longest,
            parity: plan.parity,
        }
    }
}

/// A call and its program.
pub(crate) struct Pump<'a> {
    call: &'a mut Call,
    entry: &'a mut Entry,
    running: Running,
    complaints: Option<Complaints>,
    rules: Rules,
    inward: Inward,
    outward: Outward,
    status: Option<ExitStatus>,
    times: Times,
    farewell: Farewell,
    timer: Timer,
}

/// When what happened last.
#[derive(Clone, Copy, Debug)]
struct Times {
    began: Instant,
    received: Instant,
    sent: Instant,
    /// By the program.
    taken: Instant,
    program_ended: Option<Instant>,
}

/// Whether the end of a program's output is kept back until it is known how the program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// The output goes on.
    NotYet,
    /// It is, until then.
    Held(Instant),
    /// The program goes on without its output.
    Over,
}

/// How far one direction got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing more can be done until something wakes us.
    Over,
    /// There may be more to do, but others have their turn first.
    Used,
}

impl<'a> Pump<'a> {
    pub(crate) fn new(
        call: &'a mut Call,
        entry: &'a mut Entry,
        mut running: Running,
        guest: Guest,
        rules: Rules,
    ) -> Self {
        let now = clock_now();
        Self {
            call,
            entry,
            complaints: running.io.take_errors().map(Complaints::new),
            running,
            rules,
            inward: Inward::new(guest.admitted, guest.early, rules.parity, guest.port),
            outward: Outward::new(rules.parity),
            status: None,
            times: Times { began: now, received: now, sent: now, taken: now, program_ended: None },
            farewell: Farewell::NotYet,
            timer: Timer::default(),
        }
    }

    /// Ready when the call is to end; the program may still be there then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CallEnd> {
        match self.work(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    /// What is left when the call has ended.
    pub(crate) fn left(self, end: CallEnd) -> Left {
        Left { end, running: Some(self.running), status: self.status }
    }

    /// Does what can be done now; the error is the end of the call.
    fn work(&mut self, cx: &mut Context<'_>) -> Result<(), CallEnd> {
        if let Poll::Ready(order) = self.entry.poll_order(cx) {
            return Err(order);
        }
        let before = (self.call.counts(), self.inward.taken());
        let inward = self.inward.poll(cx, self.call, &mut self.running, &self.rules)?;
        self.poll_program(cx);
        let parting = self.parting();
        let outward = self.outward.poll(cx, self.call, &mut self.running.io, parting)?;
        if self.farewell == Farewell::NotYet && self.outward.is_ending() {
            self.farewell = Farewell::Held(clock_now() + limits::PARTING);
        }
        self.note_progress(before);
        let complaints = self.poll_complaints(cx);
        if self.times.program_ended.is_some() && self.outward.is_closed() {
            return Err(CallEnd::ProgramEnded);
        }
        if [inward, outward, complaints].contains(&Turn::Used) {
            cx.waker().wake_by_ref();
        }
        self.poll_time(cx)
    }

    fn note_progress(&mut self, before: (Counts, u64)) {
        let now = (self.call.counts(), self.inward.taken());
        if now == before {
            return;
        }
        let time = clock_now();
        if now.0.received != before.0.received {
            self.times.received = time;
        }
        if now.0.sent != before.0.sent {
            self.times.sent = time;
        }
        if now.1 != before.1 {
            self.times.taken = time;
        }
        self.entry.count(now.0);
    }

    fn poll_program(&mut self, cx: &mut Context<'_>) {
        if self.times.program_ended.is_some() {
            return;
        }
        if let Poll::Ready(status) = self.running.child.poll_wait(cx) {
            self.status = status.ok();
            if let Some(status) = self.status {
                self.call.tell_exit(status);
            }
            self.times.program_ended = Some(clock_now());
            self.inward.program_ended();
        }
    }

    /// A caller who can be told how his program has ended is told in front of the end of its output: some listen no
    /// longer than to there.
    fn parting(&self) -> Parting {
        let ended = self.times.program_ended.is_some() || self.farewell == Farewell::Over;
        match self.rules.end {
            EndMeans::Finished if !ended => Parting::Delayed,
            EndMeans::Finished | EndMeans::Gone => Parting::AtOnce,
        }
    }

    fn poll_complaints(&mut self, cx: &mut Context<'_>) -> Turn {
        let Some(complaints) = &mut self.complaints else { return Turn::Over };
        match complaints.poll(cx, self.entry.id()) {
            Poll::Ready(crate::complaints::Said::All) => {
                self.complaints = None;
                Turn::Over
            }
            Poll::Ready(crate::complaints::Said::Some) => Turn::Used,
            Poll::Pending => Turn::Over,
        }
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Result<(), CallEnd> {
        while let Poll::Ready(now) = self.timer.poll(cx, self.deadline()) {
            if self.call.deadline().is_some_and(|deadline| deadline <= now) {
                self.call.timeout(now);
                // What it did must be put on the wire.
                cx.waker().wake_by_ref();
            }
            let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
            if due(self.time_limit()) {
                return Err(CallEnd::TimeLimit);
            }
            if due(self.idle_limit()) {
                return Err(CallEnd::Idle);
            }
            if due(self.silence_after_end()) {
                return Err(CallEnd::CallerHungUp);
            }
            if due(self.delivery()) {
                return Err(CallEnd::ProgramEnded);
            }
            if due(self.held_back()) {
                self.farewell = Farewell::Over;
                cx.waker().wake_by_ref();
                return Ok(());
            }
            if due(self.orphans()) {
                self.outward.stop_reading();
                cx.waker().wake_by_ref();
                return Ok(());
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.call.deadline(),
            self.time_limit(),
            self.idle_limit(),
            self.silence_after_end(),
            self.delivery(),
            self.held_back(),
            self.orphans(),
        ];
        deadlines.into_iter().flatten().min()
    }

    fn time_limit(&self) -> Option<Instant> {
        self.rules.longest.map(|longest| self.times.began + longest)
    }

    fn idle_limit(&self) -> Option<Instant> {
        self.rules.idle.map(|idle| self.last_byte() + idle)
    }

    /// The caller has finished sending, and the program neither takes nor says anything. Whether he
    /// still listens shows only when something is sent to him.
    fn silence_after_end(&self) -> Option<Instant> {
        let waiting = self.inward.has_hung_up(&self.rules) && self.times.program_ended.is_none();
        waiting.then(|| self.last_byte().max(self.times.taken) + self.rules.after_end)
    }

    fn last_byte(&self) -> Instant {
        self.times.received.max(self.times.sent)
    }

    /// The program has ended, and the caller takes nothing of its output any more.
    fn delivery(&self) -> Option<Instant> {
        self.times.program_ended.map(|ended| ended.max(self.times.sent) + limits::DELIVERY)
    }

    /// The program has closed its output and goes on.
    fn held_back(&self) -> Option<Instant> {
        match self.farewell {
            Farewell::Held(until) if self.parting() == Parting::Delayed => Some(until),
            Farewell::NotYet | Farewell::Held(_) | Farewell::Over => None,
        }
    }

    /// The program has ended, but somebody whom it started still holds its output open.
    fn orphans(&self) -> Option<Instant> {
        let ended = self.times.program_ended.filter(|_| self.outward.is_reading())?;
        Some(ended.max(self.times.sent) + limits::ORPHANS)
    }
}
