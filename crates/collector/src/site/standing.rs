//! How a site stands: on the line, away, or overdue.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use store::SiteCalls;
use tokio::time::Instant;

use super::Site;
use crate::config::SiteConfig;
use crate::renewal::StationNow;
use crate::{alarms, limits};

/// How a site stands.
#[derive(Clone, Debug)]
pub struct SiteStatus {
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: String,
    /// What is spoken over its calls.
    pub framing: &'static str,
    /// Whether it is on the line.
    pub standing: Standing,
    /// Who calls, and the call's number, while it is on the line.
    pub live: Option<(String, String)>,
    /// Its last call.
    pub calls: SiteCalls,
    /// How often it should call.
    pub calls_every: Option<Duration>,
    /// How many of its calls began within the last hour.
    pub calls_in_an_hour: usize,
    /// Whether those are more than it should make.
    pub too_often: bool,
    /// Whether it may be written to.
    pub writable: bool,
    /// How many points it has.
    pub points: usize,
    /// When it should, or means to, call next.
    pub next: Option<SystemTime>,
    /// Questions of its last call, and how many of them were answered.
    pub asked: (u64, u64),
    /// What the station there has last said of itself.
    pub station: Option<StationNow>,
}

/// Whether a site is on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    OnLine,
    /// It isn't, and that is as it should be.
    Away,
    /// It should have called.
    Overdue,
}

impl Standing {
    /// In a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnLine => "on line",
            Self::Away => "away",
            Self::Overdue => "overdue",
        }
    }
}

impl Site {
    /// It means to call again after so long.
    pub(crate) fn means_to_call(&self, after: Option<Duration>) {
        self.state().next = after.and_then(|after| Instant::now().checked_add(after));
    }

    /// How it stands.
    pub fn status(&self) -> SiteStatus {
        let shelf = self.shelf();
        let state = self.state();
        let config = &shelf.config;
        let calls_every = config.calls_every.map(|span| span.0);
        let calls_in_an_hour = within_an_hour(&state.recent);
        SiteStatus {
            name: self.name.clone(),
            account: config.account().to_owned(),
            framing: config.framing.word(),
            standing: match (&state.live, calls_every) {
                (Some(_), _) => Standing::OnLine,
                (None, Some(every)) if self.is_overdue(state.quiet, every) => Standing::Overdue,
                (None, _) => Standing::Away,
            },
            live: state.live.as_ref().map(|live| (live.from.clone(), live.call.clone())),
            calls: state.calls,
            calls_every,
            calls_in_an_hour,
            too_often: is_too_often(calls_in_an_hour, config),
            writable: config.writes == crate::Writes::Allow,
            points: shelf
                .points
                .len()
                .max(shelf.fields().count())
                .max(state.latest.len())
                .max(self.told().points.len()),
            // Whoever is on the line needn't call.
            next: match (&state.live, state.next) {
                (Some(_), _) => None,
                (None, Some(next)) => moment(next),
                (None, None) => calls_every.and_then(|every| {
                    let due = SystemTime::now().checked_add(every)?;
                    due.checked_sub(state.quiet.span())
                }),
            },
            asked: (state.asked, state.answered),
            station: state.station.clone(),
        }
    }

    /// Whether it should have called by now. One that was late before a restart is late until it calls.
    pub(crate) fn should_have_called(&self, every: Duration) -> bool {
        let was_late =
            *self.arrivals.borrow() == 0 && self.state().beyond.contains_key(alarms::NO_CALL);
        !self.is_on_line() && (was_late || self.is_overdue(self.quiet(), every))
    }

    /// Whether it should have called: twice as long as usual has passed. While nobody was here to be called that doesn't
    /// count: whoever is waited for since a moment ago gets a turn, an hour at most.
    fn is_overdue(&self, quiet: Quiet, every: Duration) -> bool {
        quiet.span() > every.saturating_mul(2) && self.since.elapsed() > every.min(limits::GRACE)
    }

    fn quiet(&self) -> Quiet {
        self.state().quiet
    }

    /// How many of its calls began in the last hour.
    pub(crate) fn calls_in_an_hour(&self) -> usize {
        within_an_hour(&self.state().recent)
    }
}

fn within_an_hour(began: &VecDeque<Instant>) -> usize {
    let hour = Duration::from_secs(3600);
    began.iter().filter(|began| began.elapsed() <= hour).count()
}

/// Whether so many calls within an hour are more than the site should make.
pub(crate) fn is_too_often(calls: usize, config: &SiteConfig) -> bool {
    let most = config.calls_an_hour;
    most.is_some_and(|most| calls > usize::try_from(most.get()).unwrap_or(usize::MAX))
}

/// For how long nothing was heard of a site. Only what was before this instance goes by the time of day, which may be set
/// by hours at any moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    before: Duration,
    since: Instant,
}

impl Quiet {
    /// Its last call was over then, before this instance. One that hasn't been yet was just now.
    pub(super) fn after(last: Option<SystemTime>) -> Self {
        let before = last.and_then(|last| SystemTime::now().duration_since(last).ok());
        Self { before: before.unwrap_or_default(), since: Instant::now() }
    }

    pub(super) fn span(self) -> Duration {
        self.before.saturating_add(self.since.elapsed())
    }

    /// From now on.
    pub(super) fn now() -> Self {
        Self { before: Duration::ZERO, since: Instant::now() }
    }
}

/// What the time of day is then, as far as it is known now.
fn moment(at: Instant) -> Option<SystemTime> {
    let now = Instant::now();
    let day = SystemTime::now();
    match at.checked_duration_since(now) {
        Some(left) => day.checked_add(left),
        None => day.checked_sub(now.saturating_duration_since(at)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::site::site_of;

    fn site() -> Arc<Site> {
        let ended = Some(SystemTime::now());
        site_of("calls-every = '1h'", SiteCalls { called: None, ended })
    }

    #[test]
    fn a_site_that_was_late_before_a_restart_is_late_until_it_calls() {
        let (site, day) = (site(), Duration::from_secs(86_400));
        assert!(!site.should_have_called(day));
        site.recall(alarms::NO_CALL, "no-call");
        assert!(site.should_have_called(day));
        let call = site.arrive("somewhere".into(), "1".into());
        assert!(!site.should_have_called(day));
        drop(call);
        assert!(!site.should_have_called(day));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_by_hours_makes_no_site_late_and_keeps_none_from_being_late() {
        let (hour, now) = (Duration::from_secs(3600), SystemTime::now());
        for (jump, set) in [("forward", now + hour * 9), ("back", now - hour * 9)] {
            let site = site();
            drop(site.arrive("somewhere".into(), "1".into()));
            // The clock was set during its call: what stands in the record is hours off.
            site.state().calls.ended = Some(set);
            tokio::time::advance(hour + hour / 2).await;
            assert!(!site.should_have_called(hour), "{jump}");
            let next = site.status().next.expect("a time");
            let late = now.duration_since(next).expect("half an hour ago, whatever the clock says");
            assert!(late < hour, "{jump}: {late:?}");
            assert_eq!(site.calls_in_an_hour(), 0, "{jump}: it was more than an hour ago");
            tokio::time::advance(hour).await;
            assert!(site.should_have_called(hour), "{jump}");
            assert_eq!(site.status().standing, Standing::Overdue, "{jump}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_call_that_is_said_to_be_tomorrow_counts_as_just_now() {
        let hour = Duration::from_secs(3600);
        let tomorrow = Some(SystemTime::now() + hour * 24);
        let site = site_of("", SiteCalls { called: tomorrow, ended: tomorrow });
        tokio::time::advance(hour * 2).await;
        assert!(!site.should_have_called(hour));
        tokio::time::advance(hour).await;
        assert!(site.should_have_called(hour), "not a day later");
    }
}
