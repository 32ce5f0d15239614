//! The sites of an instance, as its page shows them and asks them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use collector::{Answer, Collector, Order, Passed, Told, Traced, When, WithdrawError};
use exchange::Event;
use store::{StoreError, WishRow, quality};
use web::{
    AlarmNow, Asking, Piece, PointNow, Refusal, SampleNow, Samples, SiteAnswer, SiteNow,
    SiteTraced, SiteValue, SiteWish, Sites, StationNow, WishNow, Withdrawing,
};

use super::sites::Centre;
use super::standing;
use crate::samples::text;

impl Centre {
    fn here(&self) -> Result<&Collector, Refusal> {
        self.collector().ok_or_else(|| Refusal::Unknown("there are no sites here".to_owned()))
    }

    fn of(&self, site: &str) -> Result<&Collector, Refusal> {
        let collector = self.here()?;
        match collector.site(site) {
            Some(_) => Ok(collector),
            None => Err(Refusal::Unknown(format!("there is no site `{site}`"))),
        }
    }
}

fn station(now: collector::StationNow) -> StationNow {
    let status = now.status;
    let (given_up, given_up_why) = status.given_up.unzip();
    StationNow {
        said: now.said.into(),
        uptime_s: status.uptime_s,
        waiting: status.waiting,
        room: status.room,
        dropped: status.dropped,
        configuration: status.configuration,
        given_up,
        given_up_why,
        clock: status.clock.word().into(),
        clock_offset_ms: status.clock.offset_ms(),
        signal_dbm: status.signal_dbm,
        silent: status.silent,
        silent_names: status.silent_names,
    }
}

fn unread(error: StoreError) -> Refusal {
    Refusal::Impossible(crate::failure::chain(&error))
}

impl Sites for Centre {
    fn sites(&self) -> Vec<SiteNow> {
        let sites = self.collector().map(Collector::all).unwrap_or_default();
        let now = |status: collector::SiteStatus| {
            let (from, call) = status.live.unzip();
            let (asked, answered) = status.asked;
            SiteNow {
                name: status.name,
                account: status.account,
                framing: status.framing.into(),
                state: status.standing.word().into(),
                next: status.next.map(Into::into),
                from,
                call,
                called: status.calls.called.map(Into::into),
                ended: status.calls.ended.filter(|_| status.calls.called.is_some()).map(Into::into),
                writable: status.writable,
                calls_in_an_hour: status.calls_in_an_hour as u64,
                too_often: status.too_often,
                station: status.station.map(station),
                points: status.points as u64,
                asked,
                answered,
            }
        };
        sites.iter().map(|site| now(site.status())).collect()
    }

    fn points(&self, site: &str) -> Result<Vec<PointNow>, Refusal> {
        let standings = standing::of(self.of(site)?, site).map_err(unread)?;
        let now = |standing: standing::Standing| {
            let value = standing.value();
            let about = standing.about.map(|about| (about.unit, about.address, about.kind));
            let (quality, at) =
                standing.sample.map(|sample| (quality::word(sample.quality), sample.at)).unzip();
            let (unit, address, kind) = match about {
                Some((unit, address, kind)) => (unit, address, kind),
                None => (None, String::new(), String::new()),
            };
            PointNow {
                name: standing.name,
                value,
                measure: standing.measure,
                unit,
                address,
                kind,
                quality: quality.map(Into::into),
                at: at.map(Into::into),
            }
        };
        Ok(standings.into_iter().map(now).collect())
    }

    fn series(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
        pieces: u32,
    ) -> Result<Vec<Piece>, Refusal> {
        let series = self.of(point.0)?.store().series(point, span, pieces).map_err(unread)?;
        let piece = |bucket: store::Bucket| Piece {
            at: bucket
                .at
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            count: bucket.count,
            mean: bucket.mean,
            least: bucket.least,
            most: bucket.most,
        };
        Ok(series.into_iter().map(piece).collect())
    }

    fn samples(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
    ) -> Result<Samples, Refusal> {
        let samples = self.of(point.0)?.store().samples(point, span).map_err(unread)?;
        let now = |sample: Result<store::KeptSample, StoreError>| {
            let sample = sample.map_err(|error| crate::failure::chain(&error))?;
            let (value, quality) = (text(&sample.value), quality::word(sample.quality));
            Ok(SampleNow { at: sample.at, value, quality })
        };
        Ok(Box::new(samples.map(now)))
    }

    fn count(&self, point: (&str, &str), span: (SystemTime, SystemTime)) -> Result<u64, Refusal> {
        self.of(point.0)?.store().count_samples(point, span).map_err(unread)
    }

    fn trace(
        &self,
        site: &str,
        since: Option<SystemTime>,
        by: &str,
    ) -> Result<Vec<SiteTraced>, Refusal> {
        let collector = self.of(site)?;
        if since.is_none() {
            collector.note(Event::new("trace").with("site", site).with("operator", by));
        }
        let traced = collector.site(site).map(|site| site.traced()).unwrap_or_default();
        let later = |traced: &Traced| since.is_none_or(|since| traced.at > since);
        Ok(traced.into_iter().filter(later).map(shown).collect())
    }

    fn alarms(&self) -> Vec<AlarmNow> {
        let Some(collector) = self.collector() else { return Vec::new() };
        let alarms = collector.store().alarms(web::limits::ALARMS).unwrap_or_else(|error| {
            tracing::error!("the page can't show alarms: {}", crate::failure::chain(&error));
            Vec::new()
        });
        let now = |alarm: store::AlarmRow| {
            let (seen, seen_by) = alarm.seen.unzip();
            AlarmNow {
                id: alarm.id,
                site: alarm.site,
                kind: alarm.kind,
                subject: alarm.subject,
                words: alarm.words,
                began: alarm.began.into(),
                ended: alarm.ended.map(Into::into),
                end_words: alarm.end_words,
                seen: seen.map(Into::into),
                seen_by,
            }
        };
        alarms.into_iter().map(now).collect()
    }

    fn see_alarm(&self, id: i64, by: &str) -> Result<String, Refusal> {
        match self.here()?.store().see_alarm(id, by).map_err(unread)? {
            true => Ok(format!("alarm {id} was seen by {by}")),
            false => Err(Refusal::Unknown(format!("there is no alarm {id} that nobody has seen"))),
        }
    }

    fn ask(&self, site: &str, what: &str, wish: SiteWish, by: &str) -> Asking {
        let order = order(site, what, &wish, by);
        let collector = self.here().cloned();
        Box::pin(async move {
            let answer = collector?.carry_out(order?).await;
            let value =
                |Told { what, value, measure }| SiteValue { what, value, old: None, measure };
            match answer.map_err(refusal)? {
                Answer::Told(values) => {
                    let values = values.into_iter().map(value).collect();
                    Ok(SiteAnswer { values, wish: None })
                }
                Answer::Written { what, old, new } => {
                    let measure = String::new();
                    let value = SiteValue { what, value: new, old: Some(old), measure };
                    Ok(SiteAnswer { values: vec![value], wish: None })
                }
                Answer::Later(id) => Ok(SiteAnswer { values: Vec::new(), wish: Some(id) }),
            }
        })
    }

    fn wish(&self, id: i64) -> Result<WishNow, Refusal> {
        let wish = self.here()?.store().wish(id).map_err(unread)?;
        wish.map(wish_now).ok_or_else(|| Refusal::Unknown(format!("there is no wish {id}")))
    }

    fn wishes(&self) -> Vec<WishNow> {
        let Some(collector) = self.collector() else { return Vec::new() };
        let wishes = collector.store().list_wishes(None, web::limits::WISHES);
        let wishes = wishes.unwrap_or_else(|error| {
            tracing::error!("the page can't show wishes: {}", crate::failure::chain(&error));
            Vec::new()
        });
        wishes.into_iter().map(wish_now).collect()
    }

    fn withdraw(&self, id: i64, by: &str) -> Withdrawing {
        let (collector, by) = (self.here().cloned(), by.to_owned());
        Box::pin(async move {
            match collector?.withdraw(id, &by).await {
                Ok(wish) => Ok(format!("withdrawn: {}", super::sites::summary(wish.text))),
                Err(error @ WithdrawError::NoWish(_)) => Err(Refusal::Unknown(error.to_string())),
                Err(error) => Err(Refusal::Impossible(crate::failure::chain(&error))),
            }
        })
    }
}

fn wish_now(wish: WishRow) -> WishNow {
    WishNow {
        id: wish.id,
        site: wish.site,
        ask: super::sites::summary(wish.text),
        who: wish.who,
        priority: wish.priority,
        made: wish.made.into(),
        due: wish.due.map(Into::into),
        until: wish.until.into(),
        state: wish.state,
        ended: wish.ended.map(Into::into),
        answer: wish.answer,
    }
}

fn shown(traced: Traced) -> SiteTraced {
    let hex = |bytes: Vec<u8>| Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
    let (way, hex, words) = match traced.what {
        Passed::Began(number) => ("begin", None, Some(number)),
        Passed::Heard(bytes) => ("in", hex(bytes), None),
        Passed::Said(bytes) => ("out", hex(bytes), None),
        Passed::Ended(why) => ("end", None, Some(why)),
    };
    let since = traced.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    SiteTraced { at, way: way.into(), hex, words }
}

fn refusal(error: collector::OrderError) -> Refusal {
    match error {
        collector::OrderError::NoSite(..) => Refusal::Unknown(error.to_string()),
        _ => Refusal::Impossible(error.to_string()),
    }
}

fn order(site: &str, what: &str, wish: &SiteWish, by: &str) -> Result<Order, Refusal> {
    let wrong = |words: String| Refusal::Impossible(words);
    let when = match wish.at.as_str() {
        "" | "now" => When::Now,
        "next-call" => When::NextCall,
        text => {
            let seconds = text.parse().ok().map(Duration::from_secs);
            let at = match seconds {
                Some(since) => UNIX_EPOCH.checked_add(since),
                None => crate::time::When::ahead(text),
            };
            When::At(at.ok_or_else(|| wrong(format!("`{text}` is no time")))?)
        }
    };
    Ok(Order {
        site: site.to_owned(),
        ask: what.parse().map_err(|error: collector::BadAsk| wrong(error.to_string()))?,
        when,
        priority: wish.priority,
        expires: wish.expires.map(Duration::from_secs),
        who: by.to_owned(),
    })
}
