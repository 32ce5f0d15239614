//! One call's papers: its name in the log, its parties, its figures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use at::result::Cause;
use carrier::{Call, Counts};

use crate::keeping::{Kept, NotKept, OpenRecord, RecordKeeper};
use crate::record::{CallNow, CallRecord, Direction};

/// What the log has been told of a call that was dialled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Dials,
    Answers,
}

/// Whether what is shown of a call has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    New,
    Same,
}

/// What a call has carried, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carried {
    pub(crate) counts: Counts,
    pub(crate) transport: Option<&'static str>,
    pub(crate) round_trip: Option<Duration>,
}

impl Carried {
    /// What this call has carried.
    pub(crate) fn by(call: &Call) -> Self {
        Self {
            counts: call.counts(),
            transport: Some(call.travels_on()),
            round_trip: call.socket().and_then(tty::round_trip),
        }
    }
}

/// What is known of a call from dial or first ring to its end.
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) party: String,
    pub(crate) over: Option<String>,
    pub(crate) reported_speed: Option<u32>,
    pub(crate) connect_delay: Option<Duration>,
    since: SystemTime,
    started: Instant,
    connected: Option<SystemTime>,
    transport: Option<&'static str>,
    told: Told,
    /// Where somebody keeps records.
    record: Option<Box<dyn OpenRecord>>,
}

impl Ticket {
    /// Opens the papers of the line's next call.
    pub(crate) fn new(
        line: &str,
        number: &AtomicU64,
        direction: Direction,
        party: String,
    ) -> Box<Self> {
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        Box::new(Self {
            id: format!("{line}-{number}"),
            direction,
            party,
            over: None,
            reported_speed: None,
            connect_delay: None,
            since: SystemTime::now(),
            started: Instant::now(),
            connected: None,
            transport: None,
            told: Told::Nothing,
            record: None,
        })
    }

    /// Puts the call on record, where somebody keeps records: nothing may come of it until that is done.
    pub(crate) fn keep(
        &mut self,
        line: &str,
        keeper: Option<&dyn RecordKeeper>,
    ) -> Result<Option<Kept>, NotKept> {
        let Some(keeper) = keeper else { return Ok(None) };
        let record = self.record.insert(keeper.begin(line, &self.now(Counts::default()))?);
        Ok(Some(record.kept()))
    }

    /// The far end has answered, or was answered.
    pub(crate) fn connect(&mut self, call: &Call) {
        self.connect_over(call.travels_on());
    }

    /// The same for what is no call.
    pub(crate) fn connect_over(&mut self, transport: &'static str) {
        let now = SystemTime::now();
        (self.connected, self.transport) = (Some(now), Some(transport));
        if let Some(record) = &self.record {
            record.connected(now, self.over.as_deref().unwrap_or_default());
        }
    }

    /// The log has heard of it in other words.
    #[cfg(feature = "wip")]
    pub(crate) fn is_told(&mut self) {
        self.told = Told::Answers;
    }

    /// Tells the log how far the call has come. Not at once: that takes as long as the rest of the dialling, and
    /// somebody waits for CONNECT.
    pub(crate) fn tell(&mut self, line: &str) {
        if self.direction == Direction::In {
            return;
        }
        if self.told == Told::Nothing {
            self.told = Told::Dials;
            tracing::info!(line, call = self.id, "dials {}", self.party);
        }
        if self.told == Told::Dials && self.connected.is_some() {
            self.told = Told::Answers;
            let over = self.over.as_deref().unwrap_or("somebody");
            tracing::info!(line, call = self.id, "{over} answers");
        }
    }

    /// Looks what the call travels on, which may turn out only now.
    pub(crate) fn look(&mut self, call: &Call) -> Look {
        let over = self.transport.map(|_| call.travels_on());
        match std::mem::replace(&mut self.transport, over) == over {
            true => Look::Same,
            false => Look::New,
        }
    }

    /// What the call has carried so far.
    pub(crate) fn count(&self, counts: Counts) {
        if let Some(record) = &self.record {
            record.count(counts);
        }
    }

    /// How the call stands.
    pub(crate) fn now(&self, counts: Counts) -> CallNow {
        CallNow {
            id: self.id.clone(),
            direction: self.direction,
            party: self.party.clone(),
            since: self.since,
            connected: self.connected,
            transport: self.transport,
            started: self.started,
            sent: counts.sent,
            received: counts.received,
        }
    }

    /// Closes the papers, with the call's one line in the log.
    pub(crate) fn close(self, line: &str, cause: Cause, call: Option<&Call>) -> CallRecord {
        self.close_with(line, cause, call.map(Carried::by).unwrap_or_default())
    }

    /// The same for what is no call.
    pub(crate) fn close_with(mut self, line: &str, cause: Cause, carried: Carried) -> CallRecord {
        self.tell(line);
        let Carried { counts, transport, round_trip } = carried;
        let duration = self.started.elapsed();
        tracing::info!(
            line,
            call = self.id,
            direction = self.direction.word(),
            party = self.party,
            over = self.over.as_deref().unwrap_or("-"),
            cause = cause.code(),
            seconds = duration.as_secs_f32(),
            sent = counts.sent,
            received = counts.received,
            "call ended: {}",
            cause.words()
        );
        let kept = CallRecord {
            id: self.id,
            direction: self.direction,
            party: self.party,
            over: self.over,
            transport: transport.or(self.transport),
            since: self.since,
            connected: self.connected,
            ended: SystemTime::now(),
            duration,
            sent: counts.sent,
            received: counts.received,
            cause,
            round_trip,
        };
        if let Some(record) = self.record {
            record.end(&kept);
        }
        kept
    }
}
