//! Looking from time to time: which sites haven't called, which call too often, and what is to be asked now.

use settings::Span;

use crate::alarms::{CALLS, NO_CALL};
use crate::collector::{Leash, Shared};
use crate::limits;
use crate::site::{Site, is_too_often};
use crate::tidings::News;

/// Looks until the collector is gone.
pub(crate) async fn watch(collector: Leash) {
    loop {
        tokio::time::sleep(limits::LOOK).await;
        let Some(shared) = collector.upgrade() else { return };
        for site in shared.all() {
            look(&shared, &site).await;
        }
        if let Err(error) = shared.look_at_wishes().await {
            tracing::debug!("what waits for sites can't be looked up: {error}");
        }
    }
}

async fn look(shared: &Shared, site: &Site) {
    let shelf = site.shelf();
    let tell = async |kind, words: String, lasts| {
        let (site, subject) = (site.name().to_owned(), String::new());
        shared.tell(News { site, kind, subject, words, lasts }).await;
    };
    let every = shelf.config.calls_every.map(|every| every.0);
    let overdue = every.is_some_and(|every| site.should_have_called(every));
    let (over, begun) = site.judge(NO_CALL, overdue.then_some("no-call"));
    if begun.is_some() {
        let every = every.unwrap_or_default();
        tell(
            "no-call",
            format!("it should call every {}, and hasn't for twice as long", Span(every)),
            true,
        )
        .await;
    } else if over.is_some() {
        tell("no-call", "it has called again".to_owned(), false).await;
    }
    let calls = site.calls_in_an_hour();
    let too_often = is_too_often(calls, &shelf.config);
    let (over, begun) = site.judge(CALLS, too_often.then_some("calls-too-often"));
    if let Some(kind) = over.or(begun) {
        tell(kind, format!("{calls} calls within an hour"), begun.is_some()).await;
    }
}
