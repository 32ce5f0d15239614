//! The collector: all sites, who asks them, and what is to be asked later.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use exchange::{Attendant, Attending, CallEnd, CallbackConfig, Event, NotCalled, Visit};
use modbus::UnitId;
use modbus::address::Address;
use modbus::pdu::Exception;
use modbus::value::Value;
use store::{Store, StoreError, WishRow};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::alarms;
use crate::ask::Ask;
use crate::config::{CollectorConfig, Framing, Shelf};
use crate::gauge::Gauge;
use crate::ledger::Ledger;
use crate::limits;
use crate::owed::Owed;
use crate::plan::Borders;
use crate::renewal::StationNow;
use crate::session;
use crate::site::{GivenUp, Site};
use crate::terms::Terms;
use crate::tidings::{self, News};
use crate::told;
use crate::watch;

/// What the collector can't do by itself.
pub trait Surroundings: Send + Sync {
    /// Calls whom an account belongs to.
    ///
    /// # Errors
    /// It can't be called now, and this is why.
    fn call(&self, account: &str, how: CallbackConfig) -> Result<(), NotCalled>;

    /// Puts on record what somebody has done.
    fn note(&self, event: Event);

    /// Whether it can be put on record now, or needn't be.
    fn keeps_record(&self) -> bool;
}

/// All sites. A handle: clones are the same collector.
#[derive(Clone)]
pub struct Collector {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    store: Store,
    sites: RwLock<Sites>,
    surroundings: Box<dyn Surroundings>,
    tidings: mpsc::Sender<News>,
    ledger: Arc<Ledger>,
    /// What the store hasn't taken of wishes so far.
    pub(crate) owed: Arc<Owed>,
    /// How long wishes may wait.
    pub(crate) terms: Mutex<Terms>,
    /// What calls have brought that are over, and what the store hasn't taken so far.
    unkept: Arc<Semaphore>,
    /// On which calls are attended to. Orders come from threads that may end before it.
    pub(crate) runtime: Handle,
    /// Others may want to know of alarms from now on.
    configured: Arc<Notify>,
}

#[derive(Default)]
struct Sites {
    by_name: HashMap<String, Arc<Site>>,
    by_account: HashMap<String, Arc<Site>>,
    config: CollectorConfig,
}

/// Something that somebody wants of a site.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which site.
    pub site: String,
    /// What.
    pub ask: Ask,
    /// When.
    pub when: When,
    /// The greater, the sooner.
    pub priority: i64,
    /// How long it may wait for a call; a week unless said otherwise.
    pub expires: Option<Duration>,
    /// Whose wish it is.
    pub who: String,
}

/// When something is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Now, or not at all.
    Now,
    /// As soon as the site is on the line.
    NextCall,
    /// Then, or as soon as it is on the line after that.
    At(SystemTime),
}

/// What has come of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The values.
    Told(Vec<Told>),
    /// It was written.
    Written {
        /// Where.
        what: String,
        /// What stood there.
        old: String,
        /// What stands there now.
        new: String,
    },
    /// It waits, under this number.
    Later(i64),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where, or which point.
    pub what: String,
    /// The value.
    pub value: String,
    /// Its unit of measure.
    pub measure: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(values) => {
                for (n, Told { what, value, measure }) in values.iter().enumerate() {
                    let (newline, blank) =
                        (if n == 0 { "" } else { "\n" }, if measure.is_empty() { "" } else { " " });
                    write!(f, "{newline}{what} = {value}{blank}{measure}")?;
                }
                Ok(())
            }
            Self::Written { what, old, new } => write!(f, "{what}: {old} → {new}"),
            Self::Later(id) => write!(f, "waits as number {id}"),
        }
    }
}

/// Why nothing came of an order.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is none of this name; some that there are.
    #[error("there is no site `{0}`{1}")]
    NoSite(String, String),
    /// It isn't on the line.
    #[error("{0}; ask at its next call instead")]
    Away(String),
    /// It is on the line, and its device gives no answer.
    #[error("the site is on the line, but the device doesn't answer")]
    Silent,
    /// The station says no.
    #[error("the station refuses it: {0}")]
    NotTaken(String),
    /// The device says no.
    #[error("the device refuses: {0}")]
    Refused(Exception),
    /// The device says no to a part of it.
    #[error("the device refuses {0}: {1}")]
    RefusedAt(Address, Exception),
    /// Whoever is there doesn't know the unit.
    #[error("the site has no unit {0}, or no way to its bus now (exception 0A)")]
    NoUnit(UnitId),
    /// The station there is its owner's, who hasn't allowed it; or its device can't do it.
    #[error(
        "the station doesn't let the centre write (its own file would need: allow = [\"writes\"]), or its device can't be written like that (exception 01)"
    )]
    NotAllowed,
    /// Nobody may write to it.
    #[error("the site isn't to be written to; its table would need: writes = \"allow\"")]
    Forbidden,
    /// It was to be written, and nobody knows whether it was.
    #[error("whether it was written isn't known, since {0}; read it before it is written again")]
    Unknown(Doubt),
    /// Nobody could be told later.
    #[error(
        "the audit log can't be written now, and nothing is to be written without it; see `audit` in [exchange]"
    )]
    NoRecord,
    /// Too many ask at once.
    #[error("too much is asked of the site already")]
    Busy,
    /// It can't be asked like that.
    #[error("{0}")]
    Bad(String),
    /// The store can't be used.
    #[error("it can't be kept for later: {0}")]
    Store(#[from] StoreError),
}

/// Why nobody knows whether something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The answer is on no call any more.
    #[error("the call ended before the answer came")]
    CallEnded,
    /// It may have been heard.
    #[error("the device gave no answer")]
    Silent,
    /// Whoever had sent it knows no more than that.
    #[error("the centre ended before the answer came")]
    CentreEnded,
    /// There was no call any more on which to hear of it.
    #[error("the site didn't call in time to say so")]
    NoCall,
}

/// Why something isn't taken back.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is none of this number.
    #[error("there is no wish {0}")]
    NoWish(i64),
    /// It can't be called back.
    #[error("wish {0} has been sent already")]
    Sent(i64),
    /// Nothing of it waits any more.
    #[error("wish {id} has ended already: {state}")]
    Over {
        /// Which one.
        id: i64,
        /// How.
        state: String,
    },
    /// The store can't be used.
    #[error("it can't be withdrawn now: {0}")]
    Store(#[from] StoreError),
}

/// Why a site isn't called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nobody knows how.
    #[error("the site has no `call`, so nobody knows its number")]
    NoNumber,
    /// The exchange doesn't call it.
    #[error(transparent)]
    NotCalled(#[from] NotCalled),
}

impl Collector {
    /// A collector that keeps samples in `store`. Must be called inside the runtime that is to carry it.
    pub fn new(store: Store, surroundings: Box<dyn Surroundings>) -> Self {
        let (sender, news) = mpsc::channel(limits::TIDINGS);
        let sites = RwLock::default();
        let configured = Arc::new(Notify::new());
        let shared = Arc::new(Shared {
            store: store.clone(),
            sites,
            surroundings,
            tidings: sender,
            ledger: Arc::default(),
            owed: Arc::default(),
            terms: Mutex::default(),
            unkept: Arc::new(Semaphore::new(limits::UNKEPT)),
            runtime: Handle::current(),
            configured: Arc::clone(&configured),
        });
        tokio::spawn(tidings::tell(news, configured, store, Arc::downgrade(&shared)));
        tokio::spawn(watch::watch(Arc::downgrade(&shared)));
        Self { shared }
    }

    /// Has these sites from now on. A call in progress goes on with the points that its site has now; that of a site which
    /// is gone ends. Waits for the disk.
    pub fn set(&self, config: CollectorConfig, shelves: Vec<Shelf>) {
        let mut fresh = Sites { config, ..Sites::default() };
        let before = self.sites();
        let mut learned = self.shared.store.learned().unwrap_or_default();
        for shelf in shelves {
            let (name, account) = (shelf.config.name.clone(), shelf.config.account().to_owned());
            let site = match before.get(&name) {
                Some(site) => {
                    site.set_shelf(shelf);
                    Arc::clone(site)
                }
                None => {
                    let mut calls = self.shared.store.site_calls(&name).unwrap_or_default();
                    // Nobody can be on the line yet, and who has never called is waited for from now on.
                    let now = SystemTime::now();
                    calls.ended = calls.ended.or(calls.called).or(Some(now));
                    let station = shelf.config.framing == Framing::Station;
                    let site = Arc::new(Site::new(shelf, calls));
                    if let Some(learned) = learned.remove(&name) {
                        site.recall_borders(learned.into_iter().collect());
                    }
                    if station && let Ok(Some((mark, text))) = self.shared.store.told(&name) {
                        site.set_told(told::Told::decode(mark, &text));
                    }
                    if station && let Ok(Some(said)) = self.shared.store.site_station(&name) {
                        StationNow::of(&said).into_iter().for_each(|now| site.set_station(now));
                    }
                    site
                }
            };
            fresh.by_account.insert(account, Arc::clone(&site));
            fresh.by_name.insert(name, site);
        }
        let now = fresh.by_name.clone();
        *self.shared.sites.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        before
            .values()
            .filter(|site| !now.contains_key(site.name()))
            .for_each(|site| site.remove());
        self.shared.configured.notify_one();
        alarms::look_through(&self.shared, &now);
    }

    /// Ends what an earlier instance was sending when it ended, as far as nobody can say any more what came of it. Said once,
    /// when the surroundings are there and before anybody calls. Waits for the disk.
    pub fn settle(&self) {
        self.shared.settle_sent(&self.sites());
    }

    fn sites(&self) -> HashMap<String, Arc<Site>> {
        self.shared.sites.read().unwrap_or_else(PoisonError::into_inner).by_name.clone()
    }

    /// The site of this name.
    pub fn site(&self, name: &str) -> Option<Arc<Site>> {
        self.shared.site(name)
    }

    /// All sites, by name.
    pub fn all(&self) -> Vec<Arc<Site>> {
        self.shared.all()
    }

    /// Names of sites, for somebody who has mistyped one.
    pub(crate) fn some_names(&self) -> String {
        let all = self.all();
        let names: Vec<_> = all.iter().take(limits::NAMED).map(|site| site.name()).collect();
        let more = if all.len() > limits::NAMED { " …" } else { "" };
        if names.is_empty() {
            String::new()
        } else {
            format!("; sites are {}{more}", names.join(", "))
        }
    }

    /// Where samples and alarms are kept.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Has the exchange call a site that isn't on the line.
    ///
    /// # Errors
    /// It can't be called, and this is why.
    pub fn call(&self, site: &Site) -> Result<(), CallError> {
        let shelf = site.shelf();
        let how = shelf.config.calling().ok_or(CallError::NoNumber)?;
        Ok(self.shared.surroundings.call(shelf.config.account(), how)?)
    }

    /// Puts on record what somebody has done.
    pub fn note(&self, event: Event) {
        self.shared.surroundings.note(event);
    }

    /// A site's call has begun.
    pub(crate) fn has_called(&self, site: &Arc<Site>) {
        self.shared.put_down(site);
        self.shared.wish(site);
    }

    /// A site's station has said how it is.
    pub(crate) async fn put_down_station(&self, site: &Arc<Site>, now: StationNow) {
        let news = site.has_given_up(now.given_up());
        let tell = async |words: String, lasts| {
            let (site, subject) = (site.name().to_owned(), String::new());
            let kind = alarms::GIVEN_UP;
            self.shared.tell(News { site, kind, subject, words, lasts }).await;
        };
        if news == Some(GivenUp::Another) || news.is_some() && now.given_up().is_none() {
            tell("another configuration counts".to_owned(), false).await;
        }
        // One that is on record already is told of to nobody.
        if let (Some(_), Some((version, why))) = (news, &now.status.given_up) {
            tell(format!("it has given up configuration {version}: {why}"), true).await;
        }
        site.set_station(now);
        self.shared.put_down(site);
    }

    /// A site's call is over.
    pub(crate) fn has_left(&self, site: &Arc<Site>) {
        self.shared.put_down(site);
    }

    /// Tells of an alarm that a station has raised, or that is over.
    pub(crate) async fn tell(&self, news: News) {
        self.shared.tell(news).await;
    }

    /// Raises and clears the alarms of a point's limits.
    pub(crate) async fn judge(&self, site: &Site, gauge: &Gauge<'_>, number: f64) {
        let (over, begun) = site.judge(gauge.name, gauge.beyond(number));
        let words = format!("{} is {} {}", gauge.name, Value::Double(number), gauge.measure);
        let news = |kind, lasts| News {
            site: site.name().to_owned(),
            kind,
            subject: gauge.name.to_owned(),
            words: words.trim_end().to_owned(),
            lasts,
        };
        if let Some(kind) = over {
            self.shared.tell(news(kind, false)).await;
        }
        if let Some(kind) = begun {
            self.shared.tell(news(kind, true)).await;
        }
    }
}

impl Shared {
    pub(crate) fn site(&self, name: &str) -> Option<Arc<Site>> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        sites.by_name.get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Site>> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = sites.by_name.values().cloned().collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    pub(crate) fn config(&self) -> CollectorConfig {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Has an alarm put on record and told. Waits while many are on their way: it is known as told from now on, so that
    /// none may be lost.
    pub(crate) async fn tell(&self, news: News) {
        if let Err(mpsc::error::SendError(news)) = self.tidings.send(news).await {
            tracing::error!(site = news.site, "an alarm can't be told: {}", news.words);
        }
    }

    /// Writes down when the site called, and how its station is.
    fn put_down(&self, site: &Arc<Site>) {
        self.ledger.put_down(&self.store, site);
    }

    /// Puts on record who has written what, or has tried to: a write that nobody has answered may have been carried out.
    pub(crate) fn note(
        &self,
        site: &Site,
        ask: &Ask,
        answer: &Result<Answer, OrderError>,
        who: &str,
    ) {
        let event = |what| {
            Event::new(what)
                .with("site", site.name())
                .with("operator", who)
                .with("ask", &ask.summary())
        };
        match answer {
            Ok(Answer::Written { what, old, new }) => {
                tracing::info!(site = site.name(), who, what, old, new, "written");
                let event = event("site-write").with("where", what);
                self.surroundings.note(event.with("old", old).with("new", new));
            }
            Err(why) if ask.write.is_some() => {
                self.surroundings.note(event("site-write-failed").with("why", &why.to_string()));
            }
            _ => {}
        }
    }

    /// Puts on record that something is about to be written: whoever is killed before he has its answer has said so.
    ///
    /// # Errors
    /// The record can't be written, and must be: it isn't to be sent.
    pub(crate) fn note_before(
        &self,
        site: &str,
        (ask, who): (&str, &str),
        old: &str,
    ) -> Result<(), OrderError> {
        if !self.keeps_record() {
            return Err(OrderError::NoRecord);
        }
        let event = Event::new("site-writing").with("site", site).with("operator", who);
        self.surroundings.note(event.with("ask", ask).with("old", old));
        Ok(())
    }

    /// Whether what is written now can be told later, where it must be.
    pub(crate) fn keeps_record(&self) -> bool {
        self.surroundings.keeps_record()
    }

    /// Puts on record that something may have been written.
    pub(crate) fn note_doubt(
        &self,
        site: &str,
        (ask, who): (String, String),
        old: &str,
        doubt: Doubt,
    ) {
        let event = Event::new("site-write-failed")
            .with("site", site)
            .with("operator", &who)
            .with("ask", &ask)
            .with("old", old)
            .with("why", &OrderError::Unknown(doubt).to_string());
        tracing::warn!(site, who, ask, "whether it was written isn't known, since {doubt}");
        self.surroundings.note(event);
    }

    /// Puts on record who has taken back what.
    pub(crate) fn note_withdrawn(&self, wish: &WishRow, ask: &str, who: &str) {
        tracing::info!(site = wish.site, wish = wish.id, who, "withdrawn: {ask}");
        let event = Event::new("wish-withdrawn").with("site", &wish.site).with("operator", who);
        self.surroundings.note(event.with("ask", ask).with("wish", &wish.id.to_string()));
    }

    /// Puts on record what a client of a facade has written.
    pub(crate) fn note_client(&self, site: &str, event: Event) {
        self.surroundings.note(event.with("site", site));
    }
}

impl Attendant for Collector {
    fn attend<'a>(&'a self, visit: Visit<'a>) -> Attending<'a> {
        Box::pin(async move {
            let site = {
                let sites = self.shared.sites.read().unwrap_or_else(PoisonError::into_inner);
                sites.by_account.get(visit.account()).cloned()
            };
            match site {
                Some(site) => session::serve(self, &site, visit).await,
                None => {
                    tracing::error!(account = visit.account(), "no [[site]] has this account");
                    CallEnd::ProgramFailed
                }
            }
        })
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector(..)")
    }
}

/// The collector, as long as somebody has it.
pub(crate) type Leash = Weak<Shared>;

impl Collector {
    /// Room for samples that the store hasn't taken though their call is over; nothing: there is no more.
    pub(crate) fn unkept_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.unkept).try_acquire_owned().ok()
    }

    /// Has the store know what a site's units have refused to tell together. What it doesn't take is learned again after a
    /// restart.
    pub(crate) fn put_down_borders(&self, site: &Site, borders: Borders) {
        let (store, name) = (self.shared.store.clone(), site.name().to_owned());
        let learned = borders.into_iter().collect();
        self.shared.runtime.spawn_blocking(move || {
            if let Err(error) = store.put_learned(&name, learned) {
                tracing::debug!(site = name, "what was learned of its units isn't kept: {error}");
            }
        });
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}
