//! Alarms that last since before a start or a reload: those that are still possible are known again, so that they can end;
//! the others are over.

use std::collections::HashMap;
use std::sync::Arc;

use store::AlarmRow;

use crate::collector::Shared;
use crate::config::Framing;
use crate::limits;
use crate::site::Site;
use crate::tidings::News;

/// Beside the names of points, which have none of these characters.
pub(crate) const NO_CALL: &str = "\u{0}no-call";
pub(crate) const CALLS: &str = "\u{0}calls";

/// A station has given up a configuration.
pub(crate) const GIVEN_UP: &str = "given-up";

/// Of a point that its station has no more.
pub(crate) const NO_POINT: &str = "the station has no such point any more";

/// Of a point whose station watches it for changes now.
pub(crate) const NO_LIMIT: &str = "the point has no limit any more";

/// Looks through the alarms that are on record as lasting.
pub(crate) fn look_through(shared: &Arc<Shared>, sites: &HashMap<String, Arc<Site>>) {
    let alarms = match shared.store().alarms(limits::ALARMS) {
        Ok(alarms) => alarms,
        Err(error) => return tracing::warn!("alarms that last can't be read: {error}"),
    };
    let mut over = Vec::new();
    for alarm in alarms.into_iter().filter(|alarm| alarm.ended.is_none()) {
        let Some(kind) = kind(&alarm.kind) else { continue };
        let lasts = match sites.get(&alarm.site) {
            Some(site) => recall(site, &alarm, kind),
            None => false,
        };
        if !lasts {
            let AlarmRow { site, subject, .. } = alarm;
            let words = "nobody watches for it any more".to_owned();
            over.push(News { site, kind, subject, words, lasts: false });
        }
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        for news in over {
            shared.tell(news).await;
        }
    });
}

/// Whether an alarm of a site may still last.
fn recall(site: &Site, alarm: &AlarmRow, kind: &'static str) -> bool {
    let shelf = site.shelf();
    let config = &shelf.config;
    let (watched, name) = match kind {
        "no-call" => (config.calls_every.is_some(), NO_CALL),
        "calls-too-often" => (config.calls_an_hour.is_some(), CALLS),
        // A station judges for itself, and says when an alarm is over; unless it has lost what it was about.
        GIVEN_UP => return config.framing == Framing::Station,
        _ if config.framing == Framing::Station => {
            let told = site.told();
            return told.mark == 0 || told.has(&alarm.subject);
        }
        _ => {
            let gauge = shelf.gauge(&alarm.subject);
            let limit = gauge.and_then(|gauge| if kind == "low" { gauge.low } else { gauge.high });
            (limit.is_some(), alarm.subject.as_str())
        }
    };
    match watched {
        true => site.recall(name, kind),
        false => drop(site.judge(name, None)),
    }
    watched
}

fn kind(word: &str) -> Option<&'static str> {
    ["no-call", "calls-too-often", GIVEN_UP, "low", "high"].into_iter().find(|known| *known == word)
}
