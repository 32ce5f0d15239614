//! Whether the wire is silent.

use std::time::Duration;

use clock::Instant;

/// What was heard of late, whoever said it.
#[derive(Debug)]
pub(super) struct Quiet {
    /// When something was last on the wire.
    latest: Instant,
    /// Since when there was no silence.
    since: Instant,
}

impl Quiet {
    pub(super) const NEVER_HEARD: Self = Self { latest: Instant::ORIGIN, since: Instant::ORIGIN };

    pub(super) fn heard(&mut self, now: Instant, silence: Duration) {
        if now.since(self.latest) >= silence {
            self.since = now;
        }
        self.latest = now;
    }

    /// While we speak we may hear nothing, and learn nothing of a silence.
    pub(super) fn spoken(&mut self, now: Instant, silence: Duration, span: Duration) {
        self.heard(now, silence);
        self.latest = now + span;
    }

    /// When it has been silent for long enough to speak. What goes on for longer than the longest frame is noise,
    /// and nobody knows whether it ever ends: it isn't waited for.
    pub(super) fn ends(&self, silence: Duration, longest: Duration) -> Instant {
        if self.latest.since(self.since) > longest {
            return self.latest;
        }
        self.latest + silence
    }
}
