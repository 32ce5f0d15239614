//! One call's papers: its name in the log, its parties, its figures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use at::result::Cause;
use carrier::Counts;

use crate::record::{CallNow, CallRecord, Direction};

/// What is known of a call from dial or first ring to its end.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) party: String,
    pub(crate) over: Option<String>,
    pub(crate) reported_speed: Option<u32>,
    pub(crate) connect_delay: Option<std::time::Duration>,
    since: SystemTime,
    started: Instant,
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
        })
    }

    /// How the call stands.
    pub(crate) fn now(&self, counts: Counts) -> CallNow {
        CallNow {
            id: self.id.clone(),
            direction: self.direction,
            party: self.party.clone(),
            since: self.since,
            sent: counts.sent,
            received: counts.received,
        }
    }

    /// Closes the papers, with the call's one line in the log.
    pub(crate) fn close(self, line: &str, cause: Cause, counts: Counts) -> CallRecord {
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
        CallRecord {
            id: self.id,
            direction: self.direction,
            party: self.party,
            over: self.over,
            since: self.since,
            duration,
            sent: counts.sent,
            received: counts.received,
            cause,
        }
    }
}
