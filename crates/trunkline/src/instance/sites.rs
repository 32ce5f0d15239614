//! The sites of an instance: the collector that attends to their calls, and the facades before them.

use std::sync::{Arc, Mutex, Weak};
use std::time::SystemTime;

use collector::{
    Answer, Ask, Collector, CollectorConfig, Facade, FacadeConfig, Order, Shelf, SiteStatus,
    StationNow, Surroundings,
};
use exchange::{CallbackConfig, Event, Exchange, NotCalled};
use store::{AlarmRow, Store, WishRow};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, channel};

use super::{Instance, lock, standing};
use crate::control::Span;
use crate::json::Json;
use crate::time::Civil;

/// Sites, and who may ask them, as a configuration has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sites {
    /// Who is told of alarms.
    pub(crate) config: CollectorConfig,
    /// The sites.
    pub(crate) shelves: Vec<Shelf>,
    /// From Modbus TCP to sites.
    pub(crate) facades: Vec<FacadeConfig>,
}

type Answering = Mutex<Option<Exchange>>;

/// The sites of an instance; nothing where there is no store.
pub(super) struct Centre {
    collector: Option<Collector>,
    exchange: Weak<Answering>,
    facades: Arc<Facades>,
}

impl Centre {
    pub(super) fn new(store: Option<&Store>, exchange: &Arc<Answering>) -> Self {
        let surroundings = || Box::new(Around(Arc::downgrade(exchange)));
        let collector = store.map(|store| Collector::new(store.clone(), surroundings()));
        let facades = Arc::<Facades>::default();
        if let Some(collector) = &collector {
            tokio::spawn(Arc::clone(&facades).keep(collector.clone()));
        }
        Self { collector, exchange: Arc::downgrade(exchange), facades }
    }

    /// Settles what an earlier instance has left, once there is somebody who audits it, and before anybody calls.
    pub(super) fn settle(&self) {
        self.collector.iter().for_each(Collector::settle);
    }

    /// Attends to the calls of the exchange that there is now.
    pub(super) fn attach(&self) {
        if let (Some(exchange), Some(collector)) = (self.exchange.upgrade(), &self.collector)
            && let Some(exchange) = &*lock(&exchange)
        {
            exchange.set_attendant(Arc::new(collector.clone()));
        }
    }

    /// Has these sites from now on.
    pub(super) fn set(&self, sites: Sites) {
        if let Some(collector) = &self.collector {
            collector.set(sites.config, sites.shelves);
            *lock(&self.facades.wanted) = sites.facades;
            self.facades.changed.notify_one();
        }
    }

    /// Disconnects those who ask.
    pub(super) async fn stop(&self) {
        lock(&self.facades.wanted).clear();
        if let Some(collector) = &self.collector {
            self.facades.settle(collector).await;
        }
    }

    pub(super) fn collector(&self) -> Option<&Collector> {
        self.collector.as_ref()
    }
}

/// What the collector wants of the exchange.
struct Around(Weak<Answering>);

impl Surroundings for Around {
    fn call(&self, account: &str, how: CallbackConfig) -> Result<(), NotCalled> {
        // Where the exchange is about to end or to come, nobody can call now.
        let exchange = self.0.upgrade().ok_or(NotCalled::Busy)?;
        let exchange = lock(&exchange).clone().ok_or(NotCalled::Busy)?;
        exchange.call(account, how)
    }

    fn note(&self, event: Event) {
        if let Some(exchange) = self.0.upgrade()
            && let Some(exchange) = &*lock(&exchange)
        {
            exchange.audit().note(event);
        }
    }

    fn keeps_record(&self) -> bool {
        // Where the exchange is about to end, so is everything.
        let Some(exchange) = self.0.upgrade() else { return false };
        let exchange = lock(&exchange);
        exchange.as_ref().is_some_and(|exchange| !exchange.audit().forbids_deeds())
    }
}

/// The facades that are to run, and those that do.
#[derive(Default)]
struct Facades {
    wanted: Mutex<Vec<FacadeConfig>>,
    running: tokio::sync::Mutex<Vec<Facade>>,
    changed: Notify,
}

impl Facades {
    /// Runs those that are wanted, and tries again those that can't listen.
    async fn keep(self: Arc<Self>, collector: Collector) {
        loop {
            self.changed.notified().await;
            while !self.settle(&collector).await {
                tokio::select! {
                    () = self.changed.notified() => {}
                    () = tokio::time::sleep(crate::limits::RETRY) => {}
                }
            }
        }
    }

    /// Runs those that are wanted; false if one can't listen.
    async fn settle(&self, collector: &Collector) -> bool {
        let mut running = self.running.lock().await;
        let wanted = lock(&self.wanted).clone();
        let (kept, ended): (Vec<_>, Vec<_>) =
            running.drain(..).partition(|facade| wanted.contains(facade.config()));
        for facade in ended {
            facade.shut_down().await;
        }
        *running = kept;
        let mut all = true;
        for config in wanted {
            if running.iter().any(|facade| *facade.config() == config) {
                continue;
            }
            let name = config.name.clone();
            match Facade::start(config, collector).await {
                Ok(facade) => {
                    tracing::info!(facade = %name, "listens at {:?}", facade.addresses());
                    running.push(facade);
                }
                Err(error) => {
                    tracing::error!("{}; trying again", crate::failure::chain(&error));
                    all = false;
                }
            }
        }
        all
    }
}

impl Instance {
    /// How the sites stand.
    pub(crate) fn sites(&self) -> Vec<Json> {
        let sites = self.sites.collector().map(Collector::all).unwrap_or_default();
        sites.iter().map(|site| status(&site.status())).collect()
    }

    /// The points of a site, with what was measured last.
    pub(crate) fn points(&self, site: &str) -> Result<Vec<Json>, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?;
        if collector.site(site).is_none() {
            return Err(format!("there is no site `{site}`"));
        }
        let standings = standing::of(collector, site).map_err(|error| error.to_string())?;
        Ok(standings.into_iter().map(point).collect())
    }

    /// Alarms that last, then those that are over.
    pub(crate) fn alarms(&self) -> Result<Vec<Json>, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?;
        let alarms = collector.store().alarms(crate::limits::ALARMS);
        Ok(alarms.map_err(|error| error.to_string())?.into_iter().map(alarm).collect())
    }

    /// Carries out what is wanted of a site, or keeps it for later.
    pub(crate) async fn ask_site(&self, order: Order) -> Result<Answer, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?.clone();
        collector.carry_out(order).await.map_err(|error| error.to_string())
    }

    /// What has become of something that was to be asked later.
    pub(crate) fn wish(&self, id: i64) -> Result<Vec<Json>, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?;
        let found = collector.store().wish(id).map_err(|error| error.to_string())?;
        Ok(vec![wish(found.ok_or_else(|| format!("there is no wish {id}"))?)])
    }

    /// What is to be asked later, the most urgent first, then what was, the latest first.
    pub(crate) fn wishes(&self, site: Option<&str>) -> Result<Vec<Json>, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?;
        if let Some(name) = site.filter(|name| collector.site(name).is_none()) {
            return Err(format!("there is no site `{name}`"));
        }
        let wishes = collector.store().list_wishes(site, crate::limits::WISHES);
        Ok(wishes.map_err(|error| error.to_string())?.into_iter().map(wish).collect())
    }

    /// Takes back what was to be asked later.
    pub(crate) async fn withdraw(&self, id: i64, who: &str) -> Result<String, String> {
        let collector = self.sites.collector().ok_or("there are no sites here")?;
        let withdrawn = collector.withdraw(id, who).await.map_err(|error| error.to_string())?;
        Ok(format!("withdrawn: {}", summary(withdrawn.text)))
    }

    /// What was measured of a point: lines of JSON, read as fast as they are taken. How many they are comes first.
    pub(crate) fn samples(&self, span: Span) -> Receiver<Result<String, String>> {
        let (sender, receiver) = channel(crate::limits::SAMPLES_AT_ONCE);
        let store = match self.sites.collector() {
            Some(collector) if collector.site(&span.site).is_some() => collector.store().clone(),
            _ => {
                // There is room for one.
                let _ = sender.try_send(Err(format!("there is no site `{}`", span.site)));
                return receiver;
            }
        };
        tokio::task::spawn_blocking(move || {
            for piece in crate::samples::Pieces::of(&store, &span) {
                // Whoever asked may have seen enough.
                if sender.blocking_send(piece).is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

fn wish(wish: WishRow) -> Json {
    Json::object([
        ("wish", Json::Number(wish.id)),
        ("site", wish.site.into()),
        ("ask", summary(wish.text).into()),
        ("who", wish.who.into()),
        ("state", wish.state.into()),
        ("priority", Json::Number(wish.priority)),
        ("made", shown(wish.made).into()),
        ("due", wish.due.map(shown).into()),
        ("until", shown(wish.until).into()),
        ("ended", wish.ended.map(shown).into()),
        ("answer", wish.answer.into()),
    ])
}

fn point(standing: standing::Standing) -> Json {
    let value = standing.value();
    let sample = standing.sample.as_ref();
    let about = standing.about.as_ref();
    Json::object([
        ("point", standing.name.as_str().into()),
        ("value", value.into()),
        ("measure", standing.measure.as_str().into()),
        ("quality", sample.map(|sample| store::quality::word(sample.quality).to_owned()).into()),
        ("at", sample.map(|sample| shown(sample.at)).into()),
        ("unit", about.and_then(|about| about.unit).map(u64::from).into()),
        ("address", about.map(|about| about.address.clone()).into()),
        ("type", about.map(|about| about.kind.clone()).into()),
    ])
}

fn alarm(alarm: AlarmRow) -> Json {
    Json::object([
        ("alarm", Json::Number(alarm.id)),
        ("site", alarm.site.into()),
        ("kind", alarm.kind.into()),
        ("subject", alarm.subject.into()),
        ("words", alarm.words.into()),
        ("began", shown(alarm.began).into()),
        ("ended", alarm.ended.map(shown).into()),
        ("end-words", alarm.end_words.into()),
        ("seen-by", alarm.seen.map(|(_, by)| by).into()),
    ])
}

fn shown(time: SystemTime) -> String {
    Civil::from(time).to_string()
}

/// What a wish is, short enough to be shown.
pub(super) fn summary(text: String) -> String {
    text.parse().map_or(text, |ask: Ask| ask.summary())
}

fn station(now: &StationNow) -> Json {
    let status = &now.status;
    let number = |number: u64| Json::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let names = status.silent_names.iter().map(|name| name.as_str().into()).collect();
    let given_up = status.given_up.as_ref().map(|(version, why)| {
        Json::object([("version", number(*version)), ("why", why.as_str().into())])
    });
    Json::object([
        ("said", shown(now.said).into()),
        ("uptime-s", number(status.uptime_s)),
        ("waiting", number(status.waiting)),
        ("room", number(status.room)),
        ("dropped", number(status.dropped)),
        ("configuration", number(status.configuration)),
        ("given-up", given_up.unwrap_or(Json::Null)),
        ("clock", status.clock.word().into()),
        ("clock-offset-ms", status.clock.offset_ms().map_or(Json::Null, Json::Number)),
        ("signal-dbm", status.signal_dbm.map_or(Json::Null, |dbm| Json::Number(dbm.into()))),
        ("silent", number(status.silent)),
        ("silent-names", Json::List(names)),
        ("words", now.to_string().into()),
    ])
}

fn status(site: &SiteStatus) -> Json {
    let time = |time: Option<SystemTime>| time.map(shown);
    let (asked, answered) = site.asked;
    Json::object([
        ("site", site.name.as_str().into()),
        ("account", site.account.as_str().into()),
        ("framing", site.framing.into()),
        ("state", site.standing.word().into()),
        ("from", site.live.as_ref().map(|(from, _)| from.clone()).into()),
        ("call", site.live.as_ref().map(|(_, call)| call.clone()).into()),
        ("called", time(site.calls.called).into()),
        // One that has never called is waited for since the start, which is no end of a call.
        ("ended", time(site.calls.ended.filter(|_| site.calls.called.is_some())).into()),
        ("next", time(site.next).into()),
        ("asked", asked.into()),
        ("answered", answered.into()),
        ("calls-in-an-hour", (site.calls_in_an_hour as u64).into()),
        ("too-often", Json::Bool(site.too_often)),
        ("points", (site.points as u64).into()),
        ("station", site.station.as_ref().map_or(Json::Null, station)),
    ])
}
