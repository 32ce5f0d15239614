//! A site: what is configured of it, and how it stands.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use exchange::CallEnd;
use gateway::AskError;
use modbus::UnitId;
use modbus::master::{Failure, Full, Outcome, Owing, Question};
use store::{SampleRow, SiteCalls, SiteNews};
use telemetry::Mark;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::collector::OrderError;
use crate::config::{Framing, Shelf};
use crate::limits;
use crate::plan::Borders;
use crate::point::Point;
use crate::renewal::{Renewal, StationNow};
use crate::round::Known;
use crate::told::Told;
use crate::trace::{Passed, Trace, Traced};

mod known;
mod standing;

use standing::Quiet;
pub(crate) use standing::is_too_often;
pub use standing::{SiteStatus, Standing};

/// A request on its way to a site's call.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) unit: UnitId,
    pub(crate) question: Question,
    /// The greater, the sooner; all are before polls.
    pub(crate) priority: i64,
    /// By which a station knows it again in a later call.
    pub(crate) mark: Option<Mark>,
    pub(crate) answer: oneshot::Sender<Result<Outcome, AskError>>,
}

/// A site, as long as it is configured.
#[derive(Debug)]
pub struct Site {
    name: String,
    shelf: RwLock<Arc<Shelf>>,
    /// What a station has told of its points.
    told: RwLock<Arc<Told>>,
    state: Mutex<State>,
    trace: Mutex<Trace>,
    /// How many calls have come so far; its receivers wait for the next one.
    arrivals: watch::Sender<u64>,
    /// How often what is configured of it has changed.
    changes: watch::Sender<u64>,
    /// Since when it is waited for.
    since: Instant,
    /// The wish that is being carried out: it can't be taken back any more.
    under_way: tokio::sync::Mutex<Option<i64>>,
}

#[derive(Debug)]
struct State {
    live: Option<Live>,
    /// Nobody has it any more.
    removed: bool,
    calls: SiteCalls,
    /// Since its last call was over.
    quiet: Quiet,
    /// What the station there has said of itself.
    station: Option<StationNow>,
    /// Which configuration its station had given up when that was last told of; nothing before.
    given_up: Option<Option<u64>>,
    /// When calls of the last hour began.
    recent: VecDeque<Instant>,
    /// How units have turned out to be read, as long as the points are the same.
    known: Option<(Arc<Shelf>, Known)>,
    /// What units have refused to tell together, whatever becomes of the points.
    borders: Borders,
    /// The latest of each point.
    latest: HashMap<String, SampleRow>,
    /// Points beyond their limits, and which.
    beyond: HashMap<String, &'static str>,
    /// Whether wishes are being carried out.
    wishing: Wishing,
    /// When the exchange called it last, without an answer so far.
    dialled: Option<Instant>,
    /// When it means to call next, where it has said so.
    next: Option<Instant>,
    /// What its units may still answer of what they were asked over its last call.
    owing: Owing,
    /// Questions of its last call, and how many of them were answered.
    asked: u64,
    answered: u64,
    /// Names of points that a station has used.
    names: HashSet<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wishing {
    #[default]
    Rests,
    Carries,
    /// More has come meanwhile.
    Again,
}

/// Whether the exchange may call a site now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dial {
    /// It may.
    Now,
    /// It is being called; wait so long.
    Wait(Duration),
    /// It was called a moment ago, and nobody answered.
    Rest,
}

/// What is known of a point, measured or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointAbout {
    /// Its name.
    pub name: String,
    /// Its unit of measure.
    pub measure: String,
    /// Which unit has it; nothing where it is a field of a line.
    pub unit: Option<u8>,
    /// Where it stands: `h:100`; empty where it is a field of a line.
    pub address: String,
    /// What stands there, and in which order: `f32 CDAB`; a bit needs no words.
    pub kind: String,
}

#[derive(Debug)]
struct Live {
    arrival: u64,
    /// What is spoken over this call, whatever is configured by now.
    framing: Framing,
    inbox: mpsc::Sender<Letter>,
    renewals: mpsc::Sender<Renewal>,
    from: String,
    call: String,
}

/// A call's hold on its site; the site is away when it is dropped, unless another call has come.
pub(crate) struct Presence {
    site: Arc<Site>,
    arrival: u64,
    /// What was configured when it came: how the site is spoken to until it ends.
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) inbox: mpsc::Receiver<Letter>,
    pub(crate) renewals: mpsc::Receiver<Renewal>,
}

impl Site {
    pub(crate) fn new(shelf: Shelf, calls: SiteCalls) -> Self {
        Self {
            name: shelf.config.name.clone(),
            shelf: RwLock::new(Arc::new(shelf)),
            told: RwLock::default(),
            state: Mutex::new(State::new(calls)),
            trace: Mutex::default(),
            arrivals: watch::Sender::new(0),
            changes: watch::Sender::new(0),
            since: Instant::now(),
            under_way: tokio::sync::Mutex::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A call in progress takes what it can of it at once.
    pub(crate) fn set_shelf(&self, shelf: Shelf) {
        let mut place = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        if **place != shelf {
            *place = Arc::new(shelf);
            drop(place);
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Is told when what is configured of it changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Nobody has it any more: its call ends.
    pub(crate) fn remove(&self) {
        let mut state = self.state();
        (state.live, state.removed) = (None, true);
    }

    /// Why a call ends that isn't the site's any more.
    pub(crate) fn why_over(&self) -> CallEnd {
        match self.state().removed {
            true => CallEnd::Denied,
            false => CallEnd::Replaced,
        }
    }

    pub(crate) fn told(&self) -> Arc<Told> {
        Arc::clone(&self.told.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_told(&self, told: Told) {
        *self.told.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(told);
    }

    /// The point of this name, configured or told of.
    pub(crate) fn point(&self, name: &str) -> Option<Point> {
        let of = |points: &[Point]| points.iter().find(|point| point.name == *name).cloned();
        of(&self.shelf().points).or_else(|| of(&self.told().points))
    }

    /// Puts down what has passed over its call.
    pub(crate) fn trace(&self, what: Passed) {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What has passed over its calls lately.
    pub fn traced(&self) -> Vec<Traced> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).all()
    }

    /// A question of its call is over.
    pub(crate) fn count(&self, answered: Answered) {
        let mut state = self.state();
        state.asked += 1;
        state.answered += u64::from(answered == Answered::Yes);
    }

    /// Takes note of names of points that a station uses; false if they are too many.
    pub(crate) fn knows<'a>(&self, names: impl Iterator<Item = &'a str>) -> bool {
        let mut state = self.state();
        for name in names {
            if !state.names.contains(name) {
                state.names.insert(name.to_owned());
            }
        }
        state.names.len() <= limits::NAMES
    }

    /// Whether it may be called, where whoever wants that waits for `patience`.
    pub(crate) fn may_dial(&self, patience: Duration) -> Dial {
        let mut state = self.state();
        let since = state.dialled.map(|dialled| dialled.elapsed());
        match since {
            Some(since) if since < patience => Dial::Wait(patience - since),
            Some(since) if since < patience + limits::REDIAL => Dial::Rest,
            _ => {
                state.dialled = Some(Instant::now());
                Dial::Now
            }
        }
    }

    /// A call has come.
    pub(crate) fn arrive(self: &Arc<Self>, from: String, call: String) -> Presence {
        let (sender, inbox) = mpsc::channel(limits::LETTERS);
        let (renewing, renewals) = mpsc::channel(1);
        let now = SystemTime::now();
        let shelf = self.shelf();
        let framing = shelf.config.framing;
        let mut state = self.state();
        let began = Instant::now();
        let arrival = *self.arrivals.borrow() + 1;
        state.live = Some(Live { arrival, framing, inbox: sender, renewals: renewing, from, call });
        state.calls = SiteCalls { called: Some(now), ended: None };
        (state.dialled, state.next, state.asked, state.answered) = (None, None, 0, 0);
        state.recent.push_back(began);
        if state.recent.len() > limits::CALLS {
            state.recent.pop_front();
        }
        let number = state.live.as_ref().map_or_else(String::new, |live| live.call.clone());
        drop(state);
        self.trace(Passed::Began(number));
        self.arrivals.send_replace(arrival);
        Presence { site: Arc::clone(self), arrival, shelf, inbox, renewals }
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
        self.ask_marked(unit, question, priority, None).await
    }

    /// The same, but a station there carries out what has a mark once, though it is asked again in a later call.
    ///
    /// # Errors
    /// The same. [`AskError::NoWay`]: it was never sent.
    pub(crate) async fn ask_marked(
        &self,
        unit: UnitId,
        question: Question,
        priority: i64,
        mark: Option<Mark>,
    ) -> Result<Outcome, AskError> {
        let deaf = || AskError::NoWay("the site only sends lines of text".to_owned());
        if self.shelf().config.framing == Framing::Text {
            return Err(deaf());
        }
        let live = self.state().live.as_ref().map(|live| (live.inbox.clone(), live.framing));
        let (inbox, framing) = live.ok_or_else(away)?;
        if framing == Framing::Text {
            return Err(deaf());
        }
        if mark.is_some() && framing != Framing::Station {
            // It came meanwhile, and would carry out again what it has carried out as a station.
            return Err(away());
        }
        let (answer, answered) = oneshot::channel();
        inbox.try_send(Letter { unit, question, priority, mark, answer }).map_err(|error| {
            match error {
                mpsc::error::TrySendError::Full(_) => AskError::Full(Full),
                mpsc::error::TrySendError::Closed(_) => away(),
            }
        })?;
        match answered.await.map_err(|_| AskError::from(Failure::Closed))?? {
            Outcome::Failed(failure) => Err(failure.into()),
            outcome => Ok(outcome),
        }
    }

    /// Puts a change of its station's configuration on its way.
    pub(crate) fn send_renewal(&self, renewal: Renewal) -> Result<(), OrderError> {
        let away = || OrderError::Away("the site is not on the line".to_owned());
        let way = self.state().live.as_ref().map(|live| live.renewals.clone()).ok_or_else(away)?;
        way.try_send(renewal).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => OrderError::Busy,
            mpsc::error::TrySendError::Closed(_) => away(),
        })
    }

    /// Its station has said how it is, now or before a restart.
    pub(crate) fn set_station(&self, now: StationNow) {
        self.state().station = Some(now);
    }

    /// Its station has given up the configuration of this version, or none: that of which it was known before, where this
    /// is news.
    pub(crate) fn has_given_up(&self, version: Option<u64>) -> Option<GivenUp> {
        let mut state = self.state();
        let news = state.given_up != Some(version);
        state.given_up = Some(version);
        let before = state.station.as_ref().and_then(|station| station.given_up());
        news.then_some(if before == version { GivenUp::AsBefore } else { GivenUp::Another })
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

    /// What is known of its points: those of its table, then those that it has told of.
    pub fn points(&self) -> Vec<PointAbout> {
        let (shelf, told) = (self.shelf(), self.told());
        let all = shelf.points.iter().chain(&told.points);
        let mut points: Vec<PointAbout> = all.map(Point::about).collect();
        points.extend(shelf.fields().map(|field| PointAbout {
            name: field.name.clone(),
            measure: field.measure.clone(),
            unit: None,
            address: String::new(),
            kind: String::new(),
        }));
        let mut names = HashSet::new();
        points.retain(|point| names.insert(point.name.clone()));
        points
    }

    /// What the store is to know of it.
    pub(crate) fn news(&self) -> SiteNews {
        let state = self.state();
        let station = state.station.as_ref().map(StationNow::row);
        SiteNews { site: self.name().to_owned(), calls: state.calls, station }
    }

    pub(crate) fn set_latest(&self, samples: &[SampleRow]) {
        let mut state = self.state();
        for sample in samples {
            state.latest.insert(sample.point.clone(), sample.clone());
        }
    }

    /// Those of these samples than which none is later so far.
    pub(crate) fn still_latest(&self, samples: &[SampleRow]) -> Vec<SampleRow> {
        let state = self.state();
        let latest = |sample: &&SampleRow| {
            state.latest.get(&sample.point).is_none_or(|known| known.at <= sample.at)
        };
        samples.iter().filter(latest).cloned().collect()
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

    /// Notes on which side of its limits a point was when the last instance ended.
    pub(crate) fn recall(&self, point: &str, beyond: &'static str) {
        self.state().beyond.entry(point.to_owned()).or_insert(beyond);
    }

    /// Begins to carry out its wishes; whoever does so already does it once more.
    pub(crate) fn begin_wishing(&self) -> bool {
        let mut state = self.state();
        let rested = state.wishing == Wishing::Rests;
        state.wishing = if rested { Wishing::Carries } else { Wishing::Again };
        rested
    }

    /// They are carried out; false: once more.
    pub(crate) fn end_wishing(&self) -> bool {
        let mut state = self.state();
        let over = state.wishing != Wishing::Again;
        state.wishing = if over { Wishing::Rests } else { Wishing::Carries };
        over
    }

    /// What is spoken over its call, while it is on the line.
    pub(crate) fn speaks(&self) -> Option<Framing> {
        self.state().live.as_ref().map(|live| live.framing)
    }

    /// The wish that is being carried out. While somebody holds this, none is begun.
    pub(crate) async fn under_way(&self) -> tokio::sync::MutexGuard<'_, Option<i64>> {
        self.under_way.lock().await
    }

    pub(crate) fn is_wishing(&self) -> bool {
        self.state().wishing != Wishing::Rests
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock stops half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a station's word of a configuration that it has given up is, beside what it has said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// The same, before a restart of ours.
    AsBefore,
    /// Of another one.
    Another,
}

/// Whether a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Yes,
    No,
}

impl State {
    fn new(calls: SiteCalls) -> Self {
        Self {
            live: None,
            removed: false,
            calls,
            quiet: Quiet::after(calls.ended.or(calls.called)),
            station: None,
            given_up: None,
            recent: VecDeque::new(),
            known: None,
            borders: Borders::default(),
            latest: HashMap::new(),
            beyond: HashMap::new(),
            wishing: Wishing::default(),
            dialled: None,
            next: None,
            owing: Owing::default(),
            asked: 0,
            answered: 0,
            names: HashSet::new(),
        }
    }
}

/// There is no call, or it was over before it was asked.
fn away() -> AskError {
    AskError::NoWay("the site is not on the line".to_owned())
}

impl Letter {
    /// It was never sent.
    pub(crate) fn give_back(self) {
        // Who has left doesn't want to know.
        let _ = self.answer.send(Err(away()));
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.inbox.close();
        while let Ok(letter) = self.inbox.try_recv() {
            letter.give_back();
        }
        let mut state = self.site.state();
        if state.live.as_ref().is_some_and(|live| live.arrival == self.arrival) {
            state.live = None;
            state.calls.ended = Some(SystemTime::now());
            state.quiet = Quiet::now();
        }
    }
}

#[cfg(test)]
pub(crate) fn site_of(table: &str, calls: SiteCalls) -> Arc<Site> {
    let table = format!("name = 'pump'\n{table}");
    let config: crate::SiteConfig = toml::from_str(&table).expect("a table");
    let shelf = config.check(std::path::Path::new("/")).expect("a site");
    Arc::new(Site::new(shelf, calls))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Arc<Site> {
        site_of("", SiteCalls::default())
    }

    #[test]
    fn a_site_that_does_not_answer_is_called_once_a_while_whoever_wants_it() {
        let (site, patience) = (site(), Duration::from_secs(60));
        assert_eq!(site.may_dial(patience), Dial::Now);
        assert!(matches!(site.may_dial(patience), Dial::Wait(_)), "it is being called");
        assert_eq!(site.may_dial(Duration::ZERO), Dial::Rest);
        drop(site.arrive("there".into(), "1".into()));
        assert_eq!(site.may_dial(patience), Dial::Now, "it was there meanwhile");
    }

    #[test]
    fn what_is_wished_while_wishes_are_carried_out_is_looked_for_once_more() {
        let site = site();
        assert!(site.begin_wishing());
        assert!(!site.begin_wishing());
        assert!(!site.end_wishing(), "once more");
        assert!(site.end_wishing());
        assert!(!site.is_wishing());
    }

    #[test]
    fn a_station_that_makes_up_names_without_end_is_found_out() {
        let site = site();
        let names = |from: usize, count: usize| -> Vec<String> {
            (from..from + count).map(|n| format!("p{n}")).collect()
        };
        let knows = |names: Vec<String>| site.knows(names.iter().map(String::as_str));
        assert!(knows(names(0, limits::NAMES)));
        assert!(knows(names(0, limits::NAMES)), "the same again");
        assert!(!knows(names(limits::NAMES, 1)));
    }
}
