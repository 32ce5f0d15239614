//! Whole collectors, with a store and without a telephone.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use exchange::{CallbackConfig, Event, NotCalled};
use store::Store;

use crate::{
    Collector, CollectorConfig, Order, OrderError, Shelf, SiteConfig, Surroundings, When, limits,
};

mod asked;

/// What was put on record, and whether that is impossible now.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<&'static str>>>, Arc<AtomicBool>);

impl Record {
    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

impl Surroundings for Record {
    fn call(&self, _: &str, _: CallbackConfig) -> Result<(), NotCalled> {
        Err(NotCalled::Busy)
    }

    fn note(&self, event: Event) {
        self.0.lock().unwrap().push(event.what());
    }

    fn keeps_record(&self) -> bool {
        !self.1.load(Ordering::SeqCst)
    }
}

fn shelf(text: &str) -> Shelf {
    let config: SiteConfig = toml::from_str(text).unwrap();
    config.check(Path::new("/")).unwrap()
}

/// A collector with these sites.
fn collector(folder: &Path, sites: impl Iterator<Item = String>) -> Collector {
    let store = Store::open(&folder.join("t.db"), &store::Settings::default()).unwrap();
    let collector = Collector::new(store, Box::new(Record::default()));
    let sites = sites.map(|text| shelf(&text)).collect();
    collector.set(CollectorConfig::default(), sites);
    collector
}

#[tokio::test]
async fn when_more_sites_are_late_at_once_than_news_may_wait_each_of_them_is_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let count = limits::TIDINGS + 500;
    let late = |n| format!("name = 'site-{n}'\ncalls-every = '1ms'");
    let collector = collector(folder.path(), (0..count).map(late));
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let known = collector.store().alarms(2 * count).unwrap().len();
        if known == count {
            return;
        }
        assert!(Instant::now() < end, "{known} of {count} sites");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_wish_that_would_wait_beyond_all_times_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let collector = collector(folder.path(), std::iter::once("name = 'pump'".to_owned()));
    let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 62)).unwrap();
    let ever = Duration::from_secs(u64::MAX);
    for (when, expires) in [(When::NextCall, Some(ever)), (When::At(far), Some(ever))] {
        let ask = "read h:1".parse().unwrap();
        let order =
            Order { site: "pump".into(), ask, when, priority: 0, expires, who: "ada".into() };
        let refused = collector.carry_out(order).await;
        assert!(matches!(refused, Err(OrderError::Bad(_))), "{refused:?}");
    }
}
