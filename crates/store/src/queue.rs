//! What waits to be written, between those who call and the one thread that writes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::call::{CallBegan, CallEnded, TurnedAway};
use crate::error::{Refused, StoreError};
use crate::limits;
use crate::meter::Meter;
use crate::tally::Tally;
use crate::writer::Put;

/// A call that is to be put on record, and who waits for that.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) row: i64,
    pub(crate) call: CallBegan,
    pub(crate) meter: Arc<Meter>,
    pub(crate) kept: oneshot::Sender<Result<(), Refused>>,
}

/// What is new of a call since its record was written last. What happens quickly, such as the login and
/// the end of a short call, becomes one change.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) account: Option<String>,
    /// Times in milliseconds since 1970.
    pub(crate) login: Option<i64>,
    pub(crate) started: Option<i64>,
    pub(crate) over: Option<String>,
    pub(crate) reached: Option<String>,
    /// Boxed: in a storm of calls thousands of changes wait, hardly any of them an end.
    pub(crate) end: Option<Box<CallEnded>>,
}

impl Change {
    /// Adds what came later.
    fn merge(&mut self, later: Self) {
        let Self { account, login, started, over, reached, end } = later;
        self.account = account.or(self.account.take());
        self.login = login.or(self.login);
        self.started = started.or(self.started);
        self.over = over.or(self.over.take());
        self.reached = reached.or(self.reached.take());
        self.end = end.or(self.end.take());
    }
}

/// By the row of the call's record.
pub(crate) type Changes = HashMap<i64, Change>;

/// Something that others than calls want done with the file.
pub(crate) type Order = Box<dyn FnOnce(&mut Connection) + Send>;

/// The queue itself.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Told when there is something to do.
    work: Condvar,
    /// Told when something has been done.
    done: Condvar,
}

struct State {
    begins: Vec<Begin>,
    /// At most one for each call in progress: that bounds it.
    changes: Changes,
    changed_at: Option<Instant>,
    orders: VecDeque<Order>,
    puts: Vec<Put>,
    /// Samples in `puts`.
    samples: usize,
    tally: Tally,
    /// The disk doesn't take anything.
    trouble: bool,
    /// The writer has something in hand.
    writing: bool,
    /// Somebody waits for everything to be written.
    pace: Pace,
    closing: Option<Instant>,
    closed: bool,
}

/// What the writer takes in hand.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) begins: Vec<Begin>,
    pub(crate) changes: Changes,
    pub(crate) orders: VecDeque<Order>,
    pub(crate) puts: Vec<Put>,
    pub(crate) pace: Pace,
    /// The store is being closed; what isn't written by then is lost.
    pub(crate) closing: Option<Instant>,
}

/// Whether work may wait until it is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    #[default]
    Usual,
    /// Somebody waits for all of it to be written.
    Hurry,
}

/// How the disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Well,
    Trouble,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let state = State {
            begins: Vec::new(),
            changes: HashMap::new(),
            changed_at: None,
            orders: VecDeque::new(),
            puts: Vec::new(),
            samples: 0,
            tally: Tally::default(),
            trouble: false,
            writing: false,
            pace: Pace::Usual,
            closing: None,
            closed: false,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), done: Condvar::new() }
    }

    /// Puts a call down to be recorded.
    pub(crate) fn begin(&self, begin: Begin) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed || state.closing.is_some() {
            return Err(Refused::Closed);
        }
        if state.trouble {
            return Err(Refused::Trouble);
        }
        if state.begins.len() >= limits::BEGINS {
            return Err(Refused::Busy);
        }
        state.begins.push(begin);
        self.work.notify_one();
        Ok(())
    }

    /// Puts samples down to be kept.
    pub(crate) fn put(&self, put: Put) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed || state.closing.is_some() {
            return Err(Refused::Closed);
        }
        if state.trouble {
            return Err(Refused::Trouble);
        }
        let more = put.batch.samples.len();
        if more > limits::BATCH || state.samples + more > limits::SAMPLES {
            return Err(Refused::Busy);
        }
        state.samples += more;
        state.puts.push(put);
        self.work.notify_one();
        Ok(())
    }

    /// Something has happened with a call that is on record, or soon will be.
    pub(crate) fn change(&self, row: i64, change: Change) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.changes.entry(row).or_default().merge(change);
        if state.changed_at.is_none() {
            state.changed_at = Some(Instant::now());
            self.work.notify_one();
        }
    }

    /// Wants something else done.
    pub(crate) fn order(&self, order: Order) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        if state.orders.len() >= limits::ORDERS {
            return Err(StoreError::Busy);
        }
        state.orders.push_back(order);
        self.work.notify_one();
        Ok(())
    }

    /// A caller was turned away.
    pub(crate) fn turned_away(&self, caller: TurnedAway) {
        self.state().tally.add(caller);
    }

    /// What the writer does with those who were turned away.
    pub(crate) fn with_tally<T>(&self, act: impl FnOnce(&mut Tally) -> T) -> T {
        act(&mut self.state().tally)
    }

    /// The next work; nothing but chores when it is `due`.
    pub(crate) fn take(&self, due: Instant, health: Health) -> Work {
        let mut state = self.state();
        state.writing = false;
        state.trouble = health == Health::Trouble;
        self.done.notify_all();
        loop {
            let now = Instant::now();
            let next = state.next(now, due);
            if next <= now {
                return state.hand_over(due <= now);
            }
            state = self
                .work
                .wait_timeout(state, next.saturating_duration_since(now))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Calls are taken again, or not until further notice.
    pub(crate) fn tell(&self, health: Health) {
        self.state().trouble = health == Health::Trouble;
    }

    /// What could not be written waits on, under what came meanwhile.
    pub(crate) fn give_back(&self, changes: Changes) {
        let mut state = self.state();
        for (row, mut earlier) in changes {
            if let Some(later) = state.changes.remove(&row) {
                earlier.merge(later);
            }
            state.changes.insert(row, earlier);
        }
        state.changed_at.get_or_insert_with(Instant::now);
    }

    /// Calls that are not on record after all have nothing to change.
    pub(crate) fn forget(&self, rows: impl Iterator<Item = i64>) {
        let mut state = self.state();
        for row in rows {
            state.changes.remove(&row);
        }
    }

    /// Waits until everything is written that waits now; false if it isn't in time.
    pub(crate) fn settle(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut state = self.state();
        loop {
            if state.is_settled() {
                return true;
            }
            if state.closed {
                return false;
            }
            state.pace = Pace::Hurry;
            self.work.notify_one();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many calls have news that isn't written.
    pub(crate) fn left(&self) -> usize {
        self.state().changes.len()
    }

    /// No more calls; what waits has until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        let mut state = self.state();
        state.closing.get_or_insert(deadline);
        self.work.notify_one();
    }

    /// Nobody writes any more.
    pub(crate) fn is_over(&self) {
        let mut state = self.state();
        state.closed = true;
        state.writing = false;
        state.begins.clear();
        state.orders.clear();
        state.puts.clear();
        self.done.notify_all();
    }

    /// How many records wait for the disk.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.state();
        state.begins.len() + state.changes.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock stops half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When there is something to do.
    fn next(&self, now: Instant, due: Instant) -> Instant {
        if !self.begins.is_empty() || !self.orders.is_empty() || !self.puts.is_empty() {
            return now;
        }
        match self.changed_at {
            // They wait for the next try.
            _ if self.trouble => due,
            _ if self.closing.is_some() => now,
            Some(_) if self.pace == Pace::Hurry => now,
            None if self.pace == Pace::Hurry && self.tally.is_dirty() => now,
            Some(since) => due.min(since + limits::GATHER),
            None => due,
        }
    }

    fn hand_over(&mut self, is_due: bool) -> Work {
        self.writing = true;
        self.samples = 0;
        let mut work = Work {
            begins: std::mem::take(&mut self.begins),
            orders: std::mem::take(&mut self.orders),
            puts: std::mem::take(&mut self.puts),
            pace: std::mem::take(&mut self.pace),
            closing: self.closing,
            ..Work::default()
        };
        if !self.trouble || is_due {
            work.changes = std::mem::take(&mut self.changes);
            self.changed_at = None;
        }
        work
    }

    fn is_settled(&self) -> bool {
        self.begins.is_empty()
            && self.changes.is_empty()
            && self.orders.is_empty()
            && self.puts.is_empty()
            && !self.tally.is_dirty()
            && !self.writing
    }
}
