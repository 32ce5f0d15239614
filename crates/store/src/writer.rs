//! The one thread that writes.

mod prune;
mod record;
mod sample;
mod thin;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use rusqlite::{Connection, TransactionBehavior};

use crate::connection;
use crate::error::{Fault, Refused};
use crate::limits;
use crate::lock::Lock;
use crate::meter::{Meter, Reading, Traffic};
use crate::queue::{Begin, Changes, Health, Pace, Queue, Work};
use crate::sample::Stored;
use crate::settings::Settings;
use crate::tally::Sum;
use prune::Pruning;
pub(crate) use record::{CUT_OFF, end_what_was_cut_off, next_row};
pub(crate) use sample::{Put, site as sample_site};
pub(crate) use thin::{HOUR, hour};

/// What only the instance does, not a visitor.
pub(crate) struct Keeping {
    pub(crate) settings: Settings,
    /// Others to go by from now on.
    pub(crate) changed: Arc<Mutex<Option<Settings>>>,
    pub(crate) _lock: Lock,
}

/// The thread's own things.
pub(crate) struct Writer {
    connection: Connection,
    queue: Arc<Queue>,
    next_row: Arc<AtomicI64>,
    keeping: Option<Keeping>,
    /// Calls in progress, each with the traffic that its record tells of so far.
    open: HashMap<i64, (Arc<Meter>, Traffic)>,
    /// Those whose traffic is to be noted.
    to_sweep: VecDeque<i64>,
    trouble: Option<Trouble>,
    /// When trouble was last over.
    well_since: Option<Instant>,
    times: Times,
    pruning: Pruning,
}

/// The disk takes nothing.
struct Trouble {
    since: Instant,
    retry: Instant,
}

/// When the chores are due.
struct Times {
    sweep: Instant,
    tally: Instant,
    prune: Instant,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        queue: Arc<Queue>,
        next_row: Arc<AtomicI64>,
        keeping: Option<Keeping>,
    ) -> Self {
        let now = Instant::now();
        Self {
            connection,
            queue,
            next_row,
            keeping,
            open: HashMap::new(),
            to_sweep: VecDeque::new(),
            trouble: None,
            well_since: None,
            times: Times {
                sweep: now + limits::SWEEP,
                tally: now + limits::TALLY,
                prune: now + limits::PRUNE,
            },
            pruning: Pruning::new(now, SystemTime::now()),
        }
    }

    /// Writes until the store is closed.
    pub(crate) fn run(mut self) {
        loop {
            let mut work = self.queue.take(self.due(), self.health());
            let orders = std::mem::take(&mut work.orders);
            orders.into_iter().for_each(|order| order(&mut self.connection));
            self.change_settings();
            let closing = work.closing;
            let tried = self.write(work);
            if let Some(deadline) = closing
                && (tried == Health::Well || Instant::now() >= deadline)
            {
                break;
            }
        }
    }

    /// Goes by other settings, where the owner has changed them.
    fn change_settings(&mut self) {
        let Some(keeping) = &mut self.keeping else { return };
        let changed = keeping.changed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(settings) = changed else { return };
        if let Err(error) = connection::set(&self.connection, &settings) {
            tracing::error!("the store keeps its records as before: {}", Fault::from(error));
            return;
        }
        keeping.settings = settings;
        self.times.prune = Instant::now();
    }

    /// When there is something to do even if nobody asks.
    fn due(&self) -> Instant {
        if let Some(trouble) = &self.trouble {
            return trouble.retry;
        }
        if self.keeping.is_none() {
            return Instant::now() + limits::PRUNE;
        }
        if !self.to_sweep.is_empty() {
            return Instant::now();
        }
        self.times.sweep.min(self.times.tally).min(self.times.prune)
    }

    fn health(&self) -> Health {
        if self.trouble.is_some() { Health::Trouble } else { Health::Well }
    }

    /// Writes what there is, all of it in one transaction, and does the chores that are due.
    fn write(&mut self, work: Work) -> Health {
        let Work { begins, changes, puts, closing, pace, .. } = work;
        if self.keeping.is_none() {
            refuse_puts(puts, Refused::Closed);
            return Health::Well;
        }
        let now = Instant::now();
        if self.trouble.as_ref().is_some_and(|trouble| now < trouble.retry) && closing.is_none() {
            // Woken for somebody else's order: these came in before the trouble was known.
            refuse(begins);
            refuse_puts(puts, Refused::Trouble);
            self.queue.give_back(changes);
            return Health::Trouble;
        }
        let pace = if closing.is_some() { Pace::Hurry } else { pace };
        let batch = Batch {
            sums: self.sums(now, pace),
            beat: now >= self.times.sweep && !self.open.is_empty(),
            readings: self.readings(now),
            probe: self.trouble.is_some(),
            begins,
            changes,
            puts,
        };
        if batch.is_empty() {
            self.prune(now);
            return Health::Well;
        }
        match self.transact(&batch) {
            Ok(stored) => {
                self.is_written(batch, stored);
                self.prune(now);
                Health::Well
            }
            Err(error) => {
                self.has_failed(batch, &error.into());
                Health::Trouble
            }
        }
    }

    /// Callers turned away, if it is time to write them down.
    fn sums(&mut self, now: Instant, pace: Pace) -> Vec<Sum> {
        if now < self.times.tally && pace == Pace::Usual {
            return Vec::new();
        }
        self.times.tally = now + limits::TALLY;
        let next_row = &self.next_row;
        self.queue.with_tally(|tally| tally.take(|| next_row.fetch_add(1, Ordering::Relaxed)))
    }

    /// The traffic of some calls in progress, if it is time to note it.
    fn readings(&mut self, now: Instant) -> Vec<(i64, Reading)> {
        if now >= self.times.sweep {
            self.times.sweep = now + limits::SWEEP;
            self.to_sweep = self.open.keys().copied().collect();
        }
        let mut readings = Vec::new();
        while readings.len() < limits::SWEPT_AT_ONCE
            && let Some(row) = self.to_sweep.pop_front()
        {
            if let Some((meter, noted)) = self.open.get(&row) {
                let reading = meter.read();
                if reading.traffic() != *noted {
                    readings.push((row, reading));
                }
            }
        }
        readings
    }

    fn transact(&mut self, batch: &Batch) -> rusqlite::Result<Vec<Stored>> {
        let alive = SystemTime::now();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        batch.begins.iter().try_for_each(|begin| record::begin(&transaction, begin))?;
        batch
            .changes
            .iter()
            .try_for_each(|(row, change)| record::change(&transaction, *row, change))?;
        batch
            .readings
            .iter()
            .try_for_each(|(row, reading)| record::note(&transaction, *row, *reading))?;
        batch.sums.iter().try_for_each(|sum| record::sum(&transaction, sum))?;
        let puts = batch.puts.iter().map(|put| sample::put(&transaction, &put.batch));
        let stored = puts.collect::<rusqlite::Result<_>>()?;
        if batch.probe {
            record::probe(&transaction)?;
        }
        record::alive(&transaction, alive)?;
        transaction.commit()?;
        Ok(stored)
    }

    fn is_written(&mut self, batch: Batch, stored: Vec<Stored>) {
        for (put, stored) in batch.puts.into_iter().zip(stored) {
            // Who has gone will ask again, and learn that they are known.
            let _ = put.stored.send(Ok(stored));
        }
        for begin in batch.begins {
            let meter = Arc::clone(&begin.meter);
            self.open.insert(begin.row, (meter, Traffic::default()));
            // Who waited may have gone; then his ticket has ended the record.
            let _ = begin.kept.send(Ok(()));
        }
        for (row, reading) in batch.readings {
            if let Some((_, noted)) = self.open.get_mut(&row) {
                *noted = reading.traffic();
            }
        }
        for (row, change) in batch.changes {
            if change.end.is_some() {
                self.open.remove(&row);
            }
        }
        if let Some(trouble) = self.trouble.take() {
            self.well_since = Some(Instant::now());
            // Before anybody reads of it.
            self.queue.tell(Health::Well);
            tracing::info!(
                seconds = trouble.since.elapsed().as_secs(),
                "the store can be written again; calls are taken again"
            );
        }
    }

    fn has_failed(&mut self, batch: Batch, error: &Fault) {
        let now = Instant::now();
        self.queue.tell(Health::Trouble);
        // Ends of calls that are not on record have nowhere to go.
        let rows: Vec<i64> = batch.begins.iter().map(|begin| begin.row).collect();
        refuse(batch.begins);
        refuse_puts(batch.puts, Refused::Trouble);
        self.queue.give_back(batch.changes);
        self.queue.forget(rows.into_iter());
        self.queue.with_tally(|tally| tally.give_back(&batch.sums));
        match &mut self.trouble {
            Some(trouble) => trouble.retry = now + limits::RETRY,
            None => {
                let again = self.well_since.is_some_and(|since| now - since < limits::CALM);
                if again {
                    tracing::debug!("the store can't be written, again: {error}");
                } else {
                    tracing::error!(
                        "the store can't be written, so no calls are taken until it can: {error}"
                    );
                }
                self.trouble = Some(Trouble { since: now, retry: now + limits::RETRY });
            }
        }
    }

    /// Removes old records, a few at a time. That it can't be done now is no trouble: the next call
    /// tells.
    fn prune(&mut self, now: Instant) {
        let Some(keeping) = &self.keeping else { return };
        if now < self.times.prune {
            return;
        }
        let newest = self.next_row.load(Ordering::Relaxed) - 1;
        let pruned = self.pruning.step(
            &self.connection,
            &keeping.settings,
            newest,
            (now, SystemTime::now()),
        );
        let rest = match pruned {
            Ok(prune::Step::More) => limits::PRUNE_REST,
            Ok(prune::Step::Done) => limits::PRUNE,
            Err(error) => {
                tracing::debug!("old records can't be removed: {}", Fault::from(error));
                limits::PRUNE
            }
        };
        self.times.prune = now + rest;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let left = self.queue.left();
        if left > 0 {
            tracing::error!(
                calls = left,
                "the store is closed before the ends of calls could be written; they will show as cut off"
            );
        }
        self.queue.is_over();
    }
}

/// What one transaction writes.
struct Batch {
    begins: Vec<Begin>,
    changes: Changes,
    puts: Vec<Put>,
    readings: Vec<(i64, Reading)>,
    sums: Vec<Sum>,
    /// Calls are in progress, and it is time to note that the instance is there.
    beat: bool,
    /// After trouble: whether there is room for a record.
    probe: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.begins.is_empty()
            && self.changes.is_empty()
            && self.puts.is_empty()
            && self.readings.is_empty()
            && self.sums.is_empty()
            && !self.beat
            && !self.probe
    }
}

fn refuse_puts(puts: Vec<Put>, why: Refused) {
    for put in puts {
        let _ = put.stored.send(Err(why));
    }
}

fn refuse(begins: Vec<Begin>) {
    for begin in begins {
        begin.meter.close();
        let _ = begin.kept.send(Err(Refused::Trouble));
    }
}
