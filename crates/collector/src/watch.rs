//! Looking from time to time: which sites haven't called, which call too often, and what is to be asked now.

use crate::collector::{Leash, Shared};
use crate::limits;
use crate::site::{Site, is_overdue};
use crate::tidings::News;

/// Looks until the collector is gone.
pub(crate) async fn watch(collector: Leash) {
    loop {
        tokio::time::sleep(limits::LOOK).await;
        let Some(shared) = collector.upgrade() else { return };
        for site in shared.all() {
            look(&shared, &site);
        }
        let store = shared.store().clone();
        let due = tokio::task::spawn_blocking(move || {
            store.expire_wishes()?;
            store.sites_with_wishes()
        });
        match due.await {
            Ok(Ok(due)) => {
                let sites = due.iter().filter_map(|name| shared.site(name));
                sites.filter(|site| site.is_on_line()).for_each(|site| shared.wish(&site));
            }
            Ok(Err(error)) => tracing::debug!("what waits for sites can't be read: {error}"),
            Err(_) => return,
        }
    }
}

fn look(shared: &Shared, site: &Site) {
    let shelf = site.shelf();
    let news = |kind, words: String, lasts| News {
        site: site.name().to_owned(),
        kind,
        subject: String::new(),
        words,
        lasts,
    };
    let overdue = shelf
        .config
        .calls_every
        .is_some_and(|every| !site.is_on_line() && is_overdue(site.calls(), every.0));
    let (over, begun) = site.judge("\u{0}no-call", overdue.then_some("no-call"));
    let every = shelf.config.calls_every.map(|every| every.0).unwrap_or_default();
    if begun.is_some() {
        let words = format!("it should call every {every:?}, and hasn't for twice as long");
        shared.tell(news("no-call", words, true));
    } else if over.is_some() {
        shared.tell(news("no-call", "it has called again".to_owned(), false));
    }
    let calls = site.calls_in_an_hour();
    let most = shelf
        .config
        .calls_an_hour
        .map_or(usize::MAX, |most| usize::try_from(most.get()).unwrap_or(usize::MAX));
    let (over, begun) = site.judge("\u{0}calls", (calls > most).then_some("calls-too-often"));
    if begun.is_some() {
        shared.tell(news("calls-too-often", format!("{calls} calls within an hour"), true));
    } else if over.is_some() {
        shared.tell(news("calls-too-often", format!("{calls} calls within an hour"), false));
    }
}
