//! Asking the units of a bus, one question at a time.
//!
//! A [`Master`] has a queue. It sends a question, waits for its answer as long as the bytes and the unit need, and
//! repeats it when nothing comes. What it is told with a time, it answers with what to send and with outcomes, on
//! an [`Output`].
//!
//! # Late answers
//!
//! An RTU answer names its unit and its function, and nothing that tells it from the answer to an equal question a
//! moment ago. A master that times out and asks again may so take the late first answer for the second, the second
//! for the third, and be wrong for ever after. The rule here: **a question that went unanswered puts its unit into
//! doubt for that function, and the function is not asked of that unit again until the doubt is settled.** A unit
//! answers in order, so the answer to a later question of another function settles it. Where none is wanted, the
//! master asks one itself, a sentinel ([`Doubts::Sentinel`]): function 08, an echo. Whether the unit echoes or
//! refuses, what comes after that is new. A sentinel that goes unanswered is in doubt as well, and the next one has
//! another function (0B, 07, 11, 0C, 2B). A unit that has answered none of them is left alone for
//! [`limits::REST`], what is asked of it fails at once, and then nothing of it can still be on its way; one that
//! leaves the next question unanswered as well is left alone again, so a dead unit takes little of the others' time.
//! A frame that comes while its function isn't waited for is dropped, and so is one that began before the question.
//!
//! What nothing on the wire can show: a second copy of an answer that comes only after the next question of the same
//! shape has been asked.
//!
//! Units that can't bear such functions are left alone for a time instead ([`Doubts::Wait`]), which is as sure as
//! that time is long. On TCP the transaction tells answers apart, and there is no doubt.

mod doubt;
mod job;
mod quiet;
mod settings;

pub use job::{Question, Ticket};
pub use settings::{Doubts, Repeats, Settings};

use std::collections::VecDeque;

use clock::Instant;
use thiserror::Error;

use crate::UnitId;
pub use crate::frame::Echo;
use crate::frame::tcp::{TcpError, Transaction};
use crate::frame::{Caught, Ears, Frame, Returning, Side};
use crate::limits;
use crate::pdu::{Function, Pdu};
use doubt::Doubtful;
use job::{Fit, Job, SENTINELS, sentinel};
use quiet::Quiet;

/// Where a master's doings go.
pub trait Output {
    /// Bytes for the bus: a whole frame, to be sent at once and in one piece.
    fn send(&mut self, frame: &[u8]);

    /// A question has come to its end.
    fn done(&mut self, ticket: Ticket, outcome: Outcome);
}

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, perhaps by an exception.
    Answer(Pdu),
    /// It was said, and nobody answers such.
    Said,
    /// Nothing came of it.
    Failed(Failure),
}

/// Why nothing came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// Nothing answered, however often it was repeated.
    #[error("the unit doesn't answer")]
    Silent,
    /// The connection ended.
    #[error("the connection to the unit has ended")]
    Closed,
    /// It asks for an answer, and a broadcast has none.
    #[error("everybody can be told something, but not asked")]
    Broadcast,
}

/// What units may still answer of what they were asked, for a master that goes on where another one was cut off: a call that
/// comes again in a moment may bring it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owing {
    doubtful: Doubtful,
    transaction: u16,
}

/// Too many questions wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} requests wait for this bus already", limits::QUEUE)]
pub struct Full;

/// What came that nobody had asked for, or that could not be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions sent, repetitions and sentinels included.
    pub sent: u64,
    /// Answers that were waited for.
    pub answers: u64,
    /// Questions that timed out, repetitions included.
    pub silences: u64,
    /// Frames of another unit, function, shape or transaction than was waited for.
    pub strays: u64,
}

/// Asks the units of one bus.
#[derive(Debug)]
pub struct Master {
    settings: Settings,
    ears: Ears,
    queue: VecDeque<Job>,
    state: State,
    quiet: Quiet,
    doubtful: Doubtful,
    transaction: Transaction,
    nonce: u16,
    counts: Counts,
    frame: Vec<u8>,
    returning: Returning,
}

/// ```text
///         order                    answer, exception
///  Free ─────────► Waiting(Job) ───────────────────► Free (after a silence)
///   │  └ doubt ──► Waiting(Sentinel) ── echo ──► its job ──┘
///   └ broadcast ─► Free (after the turn-around)
/// ```
#[derive(Debug)]
enum State {
    /// The bus may be spoken on from then on.
    Free { from: Instant },
    /// An answer is waited for.
    Waiting { job: Job, asked: Asked, until: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Job,
    Sentinel(Function),
}

impl Master {
    /// A master of a bus nobody has spoken on yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ears: Ears::new(settings.framing, Side::Master),
            queue: VecDeque::new(),
            state: State::Free { from: Instant::ORIGIN },
            quiet: Quiet::NEVER_HEARD,
            doubtful: Doubtful::default(),
            transaction: Transaction(0),
            nonce: 0,
            counts: Counts::default(),
            frame: Vec::new(),
            returning: Returning::new(settings.echo),
        }
    }

    /// What units may still answer, what is being asked included.
    pub fn owing(&self, now: Instant) -> Owing {
        let mut doubtful = self.doubtful.clone();
        if let State::Waiting { job, asked, until } = &self.state {
            // As if it went unanswered then.
            self.owes_in(&mut doubtful, now.max(*until), job, *asked);
        }
        Owing { doubtful, transaction: self.transaction.0 }
    }

    /// The same master behind another one, whose late answers it takes for nothing else.
    #[must_use]
    pub fn behind(mut self, now: Instant, owing: Owing) -> Self {
        self.doubtful = owing.doubtful.still(now);
        self.transaction = Transaction(owing.transaction);
        self
    }

    /// Asks a unit something, once everything ordered before has been asked.
    ///
    /// # Errors
    /// [`limits::QUEUE`] questions wait already.
    pub fn order(
        &mut self,
        now: Instant,
        ticket: Ticket,
        unit: UnitId,
        question: Question,
        out: &mut impl Output,
    ) -> Result<(), Full> {
        if self.queue.len() >= limits::QUEUE {
            return Err(Full);
        }
        if self.is_broadcast(unit) && !question.only_writes() {
            out.done(ticket, Outcome::Failed(Failure::Broadcast));
            return Ok(());
        }
        let Settings { retries, repeats, busy_retries, .. } = self.settings;
        let retries = match repeats == Repeats::All || question.only_reads() {
            true => retries.min(limits::RETRIES),
            false => 0,
        };
        self.queue.push_back(Job { ticket, unit, question, retries, busy_retries });
        self.go_on(now, out);
        Ok(())
    }

    /// Bytes from the bus.
    ///
    /// # Errors
    /// They are no Modbus TCP: the connection must be closed, and [`Master::closed`] be told.
    pub fn input(
        &mut self,
        now: Instant,
        mut bytes: &[u8],
        out: &mut impl Output,
    ) -> Result<(), TcpError> {
        // What comes after the deadline is late, even if nobody has looked at the clock since.
        self.expire(now, out);
        if !bytes.is_empty() {
            self.quiet.heard(now, self.settings.silence);
        }
        self.returning.skip(&mut bytes);
        while let Some(caught) = self.ears.next(now, &mut bytes, Side::Master)? {
            self.caught(now, caught, out);
        }
        self.go_on(now, out);
        Ok(())
    }

    /// A deadline has passed.
    pub fn timeout(&mut self, now: Instant, out: &mut impl Output) {
        self.expire(now, out);
        self.go_on(now, out);
    }

    fn expire(&mut self, now: Instant, out: &mut impl Output) {
        while let Some(caught) = self.ears.silence(now) {
            self.caught(now, caught, out);
        }
        if let State::Waiting { until, .. } = self.state
            && until <= now
        {
            // What noise has kept back came in time all the same.
            while let Some(caught) = self.ears.finish() {
                self.caught(now, caught, out);
            }
            self.unanswered(now, out);
        }
    }

    /// When to call [`Master::timeout`].
    pub fn deadline(&self) -> Option<Instant> {
        let own = match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Free { .. } if self.queue.is_empty() => None,
            State::Free { from } => {
                let from = self.silent(from);
                Some(match self.pick(from) {
                    Pick::Job(_) => from,
                    Pick::Wait(until) => until.max(from),
                })
            }
        };
        [own, self.ears.deadline()].into_iter().flatten().min()
    }

    /// The connection has ended: what was asked over it fails, what waits is kept for the next one.
    pub fn closed(&mut self, now: Instant, out: &mut impl Output) {
        self.ears = Ears::new(self.settings.framing, Side::Master);
        if let State::Waiting { job, asked, .. } =
            std::mem::replace(&mut self.state, State::Free { from: now })
        {
            self.owes(now, &job, asked);
            out.done(job.ticket, Outcome::Failed(Failure::Closed));
        }
    }

    /// Fails everything that waits and isn't asked yet.
    pub fn fail_waiting(&mut self, out: &mut impl Output) {
        for job in self.queue.drain(..) {
            out.done(job.ticket, Outcome::Failed(Failure::Closed));
        }
    }

    /// Questions that wait, without the one that is asked.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// What was sent and heard so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes so far that belonged to no frame.
    pub fn noise(&self) -> u64 {
        self.ears.noise()
    }

    const fn is_broadcast(&self, unit: UnitId) -> bool {
        self.settings.framing.is_serial() && unit.is_broadcast()
    }

    /// When the bus may be spoken on: not while somebody else does.
    fn silent(&self, from: Instant) -> Instant {
        from.max(self.quiet.ends(self.settings.silence, self.settings.longest_frame()))
    }

    fn go_on(&mut self, now: Instant, out: &mut impl Output) {
        while let State::Free { from } = self.state
            && self.silent(from) <= now
        {
            let Pick::Job(index) = self.pick(now) else { return };
            let Some(job) = self.queue.remove(index) else { return };
            self.ask(now, job, out);
        }
    }

    /// The first job that may be asked now. Where one must wait, the later ones of its unit wait behind it.
    fn pick(&self, now: Instant) -> Pick {
        let Doubts::Wait(_) = self.settings.doubts else {
            return if self.queue.is_empty() { Pick::Wait(LATER) } else { Pick::Job(0) };
        };
        let mut held = [false; 256];
        let mut earliest = LATER;
        for (index, job) in self.queue.iter().enumerate() {
            let Some(held) = held.get_mut(usize::from(job.unit.0)) else { continue };
            let doubts = self.doubtful.doubts(job.unit, job.question.function());
            match doubts.filter(|until| *until > now) {
                Some(until) => {
                    *held = true;
                    earliest = earliest.min(until);
                }
                None if !*held => return Pick::Job(index),
                None => {}
            }
        }
        Pick::Wait(earliest)
    }

    fn ask(&mut self, now: Instant, job: Job, out: &mut impl Output) {
        let doubts = self.doubtful.doubts(job.unit, job.question.function());
        if let (Some(until), Doubts::Sentinel) = (doubts, self.settings.doubts) {
            match self.doubtful.sure(job.unit, &SENTINELS) {
                Some(function) => return self.send_sentinel(now, job, function, out),
                None if now < until => {
                    out.done(job.ticket, Outcome::Failed(Failure::Silent));
                    return;
                }
                None => self.doubtful.rested(job.unit),
            }
        }
        let length = self.say(now, job.unit, &job.question, out);
        if self.is_broadcast(job.unit) || job.question.is_never_answered() {
            let wire = self.settings.wire(length);
            self.state = State::Free { from: now + (wire + self.settings.turn_around) };
            out.done(job.ticket, Outcome::Said);
            return;
        }
        let until = now + self.settings.patience(length + job.question.longest_answer());
        self.state = State::Waiting { job, asked: Asked::Job, until };
    }

    fn send_sentinel(&mut self, now: Instant, job: Job, function: Function, out: &mut impl Output) {
        self.nonce = self.nonce.wrapping_add(0x1d5b);
        let question = sentinel(function, self.nonce);
        let length = self.say(now, job.unit, &question, out);
        let until = now + self.settings.patience(length + question.longest_answer());
        self.state = State::Waiting { job, asked: Asked::Sentinel(function), until };
    }

    /// Sends a question, and says how long its frame is.
    fn say(
        &mut self,
        now: Instant,
        unit: UnitId,
        question: &Question,
        out: &mut impl Output,
    ) -> usize {
        self.transaction.0 = self.transaction.0.wrapping_add(1);
        self.counts.sent += 1;
        self.frame.clear();
        let pdu = question.pdu();
        self.settings.framing.encode(self.transaction, unit, &pdu, &mut self.frame);
        // What began before the question is no answer to it, wherever it ends: of an answer that comes twice,
        // the second one.
        self.ears.forget();
        self.ears.expect(unit, question.function());
        out.send(&self.frame);
        self.returning.said(&self.frame);
        let span = self.settings.wire(self.frame.len());
        self.quiet.spoken(now, self.settings.silence, span);
        self.frame.len()
    }

    fn caught(&mut self, now: Instant, caught: Caught, out: &mut impl Output) {
        let State::Waiting { job, asked, .. } = &self.state else {
            self.counts.strays += 1;
            return;
        };
        let asked = *asked;
        let transaction = caught.transaction;
        let Frame { unit, pdu } = caught.into();
        if transaction.is_some_and(|told| told != self.transaction) || unit != job.unit {
            self.counts.strays += 1;
            return;
        }
        let fit = match asked {
            Asked::Sentinel(function) => sentinel(function, self.nonce).fits(&pdu),
            Asked::Job => job.question.fits(&pdu),
        };
        if fit == Fit::No {
            self.counts.strays += 1;
            return;
        }
        self.counts.answers += 1;
        let from = now + self.settings.silence;
        let State::Waiting { mut job, .. } =
            std::mem::replace(&mut self.state, State::Free { from })
        else {
            return;
        };
        // Units answer in order: what it owed can't come any more.
        self.doubtful.settle(unit);
        match (asked, fit) {
            (Asked::Sentinel(_), _) => self.queue.push_front(job),
            (Asked::Job, Fit::Busy) if job.busy_retries > 0 => {
                job.busy_retries -= 1;
                self.queue.push_front(job);
                let from = now + self.settings.silence.max(self.settings.busy_pause);
                self.state = State::Free { from };
            }
            (Asked::Job, _) => out.done(job.ticket, Outcome::Answer(pdu)),
        }
    }

    fn unanswered(&mut self, now: Instant, out: &mut impl Output) {
        if !matches!(self.state, State::Waiting { until, .. } if until <= now) {
            return;
        }
        let from = now + self.settings.silence;
        let State::Waiting { mut job, asked, .. } =
            std::mem::replace(&mut self.state, State::Free { from })
        else {
            return;
        };
        self.counts.silences += 1;
        self.owes(now, &job, asked);
        match job.retries.checked_sub(1) {
            Some(retries) => {
                job.retries = retries;
                self.queue.push_front(job);
            }
            None => out.done(job.ticket, Outcome::Failed(Failure::Silent)),
        }
    }

    /// Notes what a unit may still answer.
    fn owes(&mut self, now: Instant, job: &Job, asked: Asked) {
        let mut doubtful = std::mem::take(&mut self.doubtful);
        self.owes_in(&mut doubtful, now, job, asked);
        self.doubtful = doubtful;
    }

    /// Transactions leave no doubt.
    fn owes_in(&self, doubtful: &mut Doubtful, now: Instant, job: &Job, asked: Asked) {
        if !self.settings.framing.is_serial() {
            return;
        }
        let function = match asked {
            Asked::Job => job.question.function(),
            Asked::Sentinel(function) => function.code(),
        };
        let until = match self.settings.doubts {
            Doubts::Sentinel => now + limits::REST,
            Doubts::Wait(span) => now + span,
        };
        doubtful.owes(job.unit, function, until);
    }
}

/// No time at all.
const LATER: Instant = Instant::from_nanos(u64::MAX);

/// What to do next.
enum Pick {
    /// Ask the job at this place of the queue.
    Job(usize),
    /// Nothing before then.
    Wait(Instant),
}
