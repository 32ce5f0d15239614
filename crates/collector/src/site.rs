//! A site: what is configured of it, and how it stands.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use gateway::AskError;
use modbus::UnitId;
use modbus::master::{Full, Outcome, Question};
use store::{SampleRow, SiteCalls};
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::{Framing, Shelf};
use crate::limits;
use crate::plan::{Block, plan};

/// A request on its way to a site's call.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) unit: UnitId,
    pub(crate) question: Question,
    /// The greater, the sooner; all are before polls.
    pub(crate) priority: i64,
    pub(crate) answer: oneshot::Sender<Result<Outcome, AskError>>,
}

/// A site, as long as it is configured.
#[derive(Debug)]
pub struct Site {
    name: String,
    shelf: RwLock<Arc<Shelf>>,
    state: Mutex<State>,
    /// How many calls have come so far; its receivers wait for the next one.
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    live: Option<Live>,
    calls: SiteCalls,
    /// When calls of the last hour began.
    recent: VecDeque<SystemTime>,
    /// What units have refused to tell together, as long as the points are the same.
    blocks: Option<(Arc<Shelf>, Vec<Block>)>,
    /// The latest of each point.
    latest: HashMap<String, SampleRow>,
    /// Points beyond their limits, and which.
    beyond: HashMap<String, &'static str>,
    /// Wishes that are being carried out.
    wishing: usize,
}

#[derive(Debug)]
struct Live {
    arrival: u64,
    inbox: mpsc::Sender<Letter>,
    from: String,
    call: String,
}

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
    /// Whether it may be written to.
    pub writable: bool,
    /// How many points it has.
    pub points: usize,
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

/// A call's hold on its site; the site is away when it is dropped, unless another call has come.
pub(crate) struct Presence {
    site: Arc<Site>,
    arrival: u64,
    pub(crate) inbox: mpsc::Receiver<Letter>,
}

impl Site {
    pub(crate) fn new(shelf: Shelf, calls: SiteCalls) -> Self {
        Self {
            name: shelf.config.name.clone(),
            shelf: RwLock::new(Arc::new(shelf)),
            state: Mutex::new(State { calls, ..State::default() }),
            arrivals: watch::Sender::new(0),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next call on.
    pub(crate) fn set_shelf(&self, shelf: Shelf) {
        let mut place = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        if **place != shelf {
            *place = Arc::new(shelf);
        }
    }

    /// A call has come.
    pub(crate) fn arrive(self: &Arc<Self>, from: String, call: String) -> Presence {
        let (sender, inbox) = mpsc::channel(limits::LETTERS);
        let now = SystemTime::now();
        let mut state = self.state();
        let arrival = *self.arrivals.borrow() + 1;
        state.live = Some(Live { arrival, inbox: sender, from, call });
        state.calls = SiteCalls { called: Some(now), ended: None };
        state.recent.push_back(now);
        if state.recent.len() > limits::CALLS {
            state.recent.pop_front();
        }
        drop(state);
        self.arrivals.send_replace(arrival);
        Presence { site: Arc::clone(self), arrival, inbox }
    }

    /// Asks a unit of the site over its call.
    ///
    /// # Errors
    /// The site isn't on the line, or the unit doesn't answer.
    pub(crate) async fn ask(
        &self,
        unit: UnitId,
        question: Question,
        priority: i64,
    ) -> Result<Outcome, AskError> {
        let away = || AskError::NoWay("the site is not on the line".to_owned());
        if self.shelf().config.framing == Framing::Text {
            return Err(AskError::NoWay("the site only sends lines of text".to_owned()));
        }
        let inbox = self.state().live.as_ref().map(|live| live.inbox.clone()).ok_or_else(away)?;
        let (answer, answered) = oneshot::channel();
        inbox.try_send(Letter { unit, question, priority, answer }).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => AskError::Full(Full),
                mpsc::error::TrySendError::Closed(_) => away(),
            },
        )?;
        match answered.await.map_err(|_| away())?? {
            Outcome::Failed(failure) => Err(failure.into()),
            outcome => Ok(outcome),
        }
    }

    /// Whether it is on the line.
    pub fn is_on_line(&self) -> bool {
        self.state().live.is_some()
    }

    /// Waits until it is on the line.
    pub(crate) async fn comes(&self) {
        let mut arrivals = self.arrivals.subscribe();
        while !self.is_on_line() {
            // It never fails: the sender is ours.
            let _ = arrivals.changed().await;
        }
    }

    /// How it stands.
    pub fn status(&self) -> SiteStatus {
        let shelf = self.shelf();
        let state = self.state();
        let config = &shelf.config;
        let calls_every = config.calls_every.map(|span| span.0);
        SiteStatus {
            name: self.name.clone(),
            account: config.account().to_owned(),
            framing: config.framing.word(),
            standing: match (&state.live, calls_every) {
                (Some(_), _) => Standing::OnLine,
                (None, Some(every)) if is_overdue(state.calls, every) => Standing::Overdue,
                (None, _) => Standing::Away,
            },
            live: state.live.as_ref().map(|live| (live.from.clone(), live.call.clone())),
            calls: state.calls,
            calls_every,
            writable: config.writes == crate::Writes::Allow,
            points: shelf.points.len().max(state.latest.len()),
        }
    }

    /// Names and measures of its points.
    pub fn points(&self) -> Vec<(String, String)> {
        let shelf = self.shelf();
        shelf.points.iter().map(|point| (point.name.clone(), point.measure.clone())).collect()
    }

    /// Its last call.
    pub(crate) fn calls(&self) -> SiteCalls {
        self.state().calls
    }

    /// How many of its calls began in the last hour.
    pub(crate) fn calls_in_an_hour(&self) -> usize {
        let Some(before) = SystemTime::now().checked_sub(Duration::from_secs(3600)) else {
            return 0;
        };
        self.state().recent.iter().filter(|began| **began >= before).count()
    }

    /// What to read, as it has turned out to be right.
    pub(crate) fn blocks(&self, shelf: &Arc<Shelf>) -> Vec<Block> {
        match &self.state().blocks {
            Some((of, blocks)) if Arc::ptr_eq(of, shelf) => blocks.clone(),
            _ => plan(&shelf.points, shelf.config.gap, shelf.config.registers),
        }
    }

    pub(crate) fn remember(&self, shelf: &Arc<Shelf>, blocks: Vec<Block>) {
        self.state().blocks = Some((Arc::clone(shelf), blocks));
    }

    pub(crate) fn set_latest(&self, samples: &[SampleRow]) {
        let mut state = self.state();
        for sample in samples {
            state.latest.insert(sample.point.clone(), sample.clone());
        }
    }

    /// Puts down on which side of its limits a point is; says what has changed.
    pub(crate) fn judge(
        &self,
        point: &str,
        beyond: Option<&'static str>,
    ) -> (Option<&'static str>, Option<&'static str>) {
        let mut state = self.state();
        let before = state.beyond.get(point).copied();
        match beyond {
            Some(side) => drop(state.beyond.insert(point.to_owned(), side)),
            None => drop(state.beyond.remove(point)),
        }
        if before == beyond { (None, None) } else { (before, beyond) }
    }

    /// Begins to carry out its wishes, unless somebody does already.
    pub(crate) fn begin_wishing(&self) -> bool {
        let mut state = self.state();
        if state.wishing > 0 {
            return false;
        }
        state.wishing = 1;
        true
    }

    pub(crate) fn end_wishing(&self) {
        self.state().wishing = 0;
    }

    pub(crate) fn is_wishing(&self) -> bool {
        self.state().wishing > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock stops half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it should have called: twice as long as usual has passed.
pub(crate) fn is_overdue(calls: SiteCalls, every: Duration) -> bool {
    let last = calls.ended.or(calls.called);
    last.and_then(|last| SystemTime::now().duration_since(last).ok())
        .is_some_and(|since| since > every.saturating_mul(2))
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.site.state();
        if state.live.as_ref().is_some_and(|live| live.arrival == self.arrival) {
            state.live = None;
            state.calls.ended = Some(SystemTime::now());
        }
    }
}
