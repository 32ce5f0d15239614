//! What the store knows of sites beside their samples: when they called, and how their stations are.
//!
//! In a storm thousands of sites have news at once. They wait here, each once with what is newest of it, and are written
//! down together, while one thread at most waits for the disk.

use std::collections::HashMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::{SiteNews, Store};

use crate::site::Site;

/// Sites with news that the store doesn't have yet.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    sites: HashMap<String, Arc<Site>>,
    writer: Writer,
}

/// Whether somebody is writing, who looks again when he is done.
#[derive(Default, PartialEq, Eq)]
enum Writer {
    #[default]
    None,
    Busy,
}

impl Ledger {
    /// Has the site written down as it is, soon.
    pub(crate) fn put_down(self: &Arc<Self>, store: &Store, site: &Arc<Site>) {
        let mut waiting = self.lock();
        waiting.sites.insert(site.name().to_owned(), Arc::clone(site));
        if std::mem::replace(&mut waiting.writer, Writer::Busy) == Writer::None {
            let (ledger, store) = (Arc::clone(self), store.clone());
            tokio::task::spawn_blocking(move || ledger.write(&store));
        }
    }

    fn write(&self, store: &Store) {
        while let Some(sites) = self.next() {
            let news: Vec<SiteNews> = sites.values().map(|site| site.news()).collect();
            let Err(error) = store.note_sites(news) else { continue };
            tracing::warn!("news of {} sites can't be written down: {error}", sites.len());
            let mut waiting = self.lock();
            // They are tried again with whatever comes next.
            sites.into_iter().for_each(|(name, site)| {
                waiting.sites.entry(name).or_insert(site);
            });
            waiting.writer = Writer::None;
            return;
        }
    }

    fn next(&self) -> Option<HashMap<String, Arc<Site>>> {
        let mut waiting = self.lock();
        if waiting.sites.is_empty() {
            waiting.writer = Writer::None;
            return None;
        }
        Some(take(&mut waiting.sites))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use store::SiteCalls;

    use super::*;

    #[tokio::test]
    async fn a_storm_of_calls_is_written_down_whole_and_as_it_is_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), &store::Settings::default()).unwrap();
        let ledger = Arc::new(Ledger::default());
        let sites: Vec<Arc<Site>> = (0..2000).map(|n| site(&format!("site-{n}"))).collect();
        let mut calls = Vec::new();
        for site in &sites {
            calls.push(site.arrive("somewhere".into(), "1".into()));
            ledger.put_down(&store, site);
        }
        let gone = calls.split_off(1000);
        drop(gone);
        sites.iter().skip(1000).for_each(|site| ledger.put_down(&store, site));
        while ledger.lock().writer == Writer::Busy {
            tokio::task::yield_now().await;
        }
        for (n, site) in sites.iter().enumerate() {
            let SiteCalls { called, ended } = store.site_calls(site.name()).unwrap();
            assert_eq!((called.is_some(), ended.is_some()), (true, n >= 1000), "{}", site.name());
        }
    }

    fn site(name: &str) -> Arc<Site> {
        let config: crate::SiteConfig = toml::from_str(&format!("name = '{name}'")).unwrap();
        let shelf = config.check(std::path::Path::new("/")).unwrap();
        let ended = Some(SystemTime::now());
        Arc::new(Site::new(shelf, SiteCalls { called: None, ended }))
    }
}
