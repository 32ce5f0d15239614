//! What is asked about sites over the control socket, and of them.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use collector::{Answer, Order, Told, When};
use tokio::net::unix::OwnedWriteHalf;

use super::request::RequestError;
use super::server::{failed, list, ok, put, say};
use crate::instance::Instance;
use crate::json::Json;
use crate::time::{at_millis, millis};

/// A question about sites, or an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SiteRequest {
    /// How do they stand?
    Sites,
    /// How do the points of this one stand?
    Points(String),
    /// Which alarms are there?
    Alarms,
    /// Ask this of one.
    Ask(SiteAsk),
    /// What has become of what was to be asked later?
    Wish(i64),
    /// What is to be asked later, and what was, of this one or of all?
    Wishes(Option<String>),
    /// Take back what was to be asked later, for this one.
    Withdraw(i64, String),
    /// What was measured?
    Samples(Span),
}

/// Something that is wanted of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteAsk {
    /// Which site.
    pub(crate) site: String,
    /// What, in the collector's words.
    pub(crate) ask: String,
    /// `now`, `next-call`, or seconds since 1970.
    pub(crate) when: String,
    /// The greater, the sooner.
    pub(crate) priority: i64,
    /// How many seconds it may wait.
    pub(crate) expires: Option<i64>,
    /// Whose wish it is.
    pub(crate) who: String,
}

/// What was measured of a point over a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Which site.
    pub(crate) site: String,
    /// Which of its points.
    pub(crate) point: String,
    /// Not before; `None`: from the first on.
    pub(crate) since: Option<SystemTime>,
    /// Not after; `None`: up to the last.
    pub(crate) until: Option<SystemTime>,
}

impl Span {
    /// Its begin and its end.
    pub(crate) fn times(&self) -> (SystemTime, SystemTime) {
        // What is said to be of tomorrow was measured, too.
        let last = at_millis(i64::MAX);
        (self.since.unwrap_or(UNIX_EPOCH), self.until.unwrap_or(last))
    }
}

impl SiteRequest {
    /// Reads one; nothing if `what` is none.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn parse(what: &str, json: &Json) -> Result<Option<Self>, RequestError> {
        let text = |key: &str| json.text(key).map(str::to_owned);
        let named = |key: &'static str| text(key).ok_or(RequestError::Missing(key));
        let number = |key: &'static str| json.number(key).ok_or(RequestError::Missing(key));
        Ok(Some(match what {
            "sites" => Self::Sites,
            "points" => Self::Points(named("site")?),
            "alarms" => Self::Alarms,
            "ask" => Self::Ask(SiteAsk {
                site: named("site")?,
                ask: named("ask")?,
                when: named("when")?,
                priority: json.number("priority").unwrap_or_default(),
                expires: json.number("expires"),
                who: named("who")?,
            }),
            "wish" => Self::Wish(number("wish")?),
            "wishes" => Self::Wishes(text("site")),
            "withdraw" => Self::Withdraw(number("wish")?, named("who")?),
            "samples" => Self::Samples(Span {
                site: named("site")?,
                point: named("point")?,
                since: json.number("since").map(at_millis),
                until: json.number("until").map(at_millis),
            }),
            _ => return Ok(None),
        }))
    }

    /// As it is sent.
    pub(super) fn to_json(&self) -> Json {
        let some = |number: Option<i64>| number.map_or(Json::Null, Json::Number);
        match self {
            Self::Sites => Json::object([("do", "sites".into())]),
            Self::Points(site) => {
                Json::object([("do", "points".into()), ("site", site.as_str().into())])
            }
            Self::Alarms => Json::object([("do", "alarms".into())]),
            Self::Ask(ask) => Json::object([
                ("do", "ask".into()),
                ("site", ask.site.as_str().into()),
                ("ask", ask.ask.as_str().into()),
                ("when", ask.when.as_str().into()),
                ("priority", Json::Number(ask.priority)),
                ("expires", some(ask.expires)),
                ("who", ask.who.as_str().into()),
            ]),
            Self::Wish(id) => Json::object([("do", "wish".into()), ("wish", Json::Number(*id))]),
            Self::Wishes(site) => {
                Json::object([("do", "wishes".into()), ("site", site.clone().into())])
            }
            Self::Withdraw(id, who) => Json::object([
                ("do", "withdraw".into()),
                ("wish", Json::Number(*id)),
                ("who", who.as_str().into()),
            ]),
            Self::Samples(span) => Json::object([
                ("do", "samples".into()),
                ("site", span.site.as_str().into()),
                ("point", span.point.as_str().into()),
                ("since", some(span.since.map(millis))),
                ("until", some(span.until.map(millis))),
            ]),
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// Whoever asks has gone.
    pub(super) async fn answer(
        self,
        instance: &Arc<Instance>,
        write: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        let answer = match self {
            Self::Sites => Ok(instance.sites()),
            Self::Ask(order) => ask(instance, order).await,
            Self::Points(site) => looked_up(instance, move |house| house.points(&site)).await,
            Self::Alarms => looked_up(instance, Instance::alarms).await,
            Self::Wish(id) => looked_up(instance, move |house| house.wish(id)).await,
            Self::Wishes(site) => {
                looked_up(instance, move |house| house.wishes(site.as_deref())).await
            }
            Self::Withdraw(id, who) => {
                let said = instance.withdraw(id, &who).await;
                let said = said.map_or_else(|error| failed(&error), |what| ok(&what));
                return say(write, &said).await;
            }
            Self::Samples(span) => {
                let mut pieces = instance.samples(span);
                while let Some(piece) = pieces.recv().await {
                    match piece {
                        Ok(lines) => put(write, &lines).await?,
                        Err(error) => return say(write, &failed(&error)).await,
                    }
                }
                Ok(Vec::new())
            }
        };
        match answer {
            Ok(items) => list(write, items).await,
            Err(error) => say(write, &failed(&error)).await,
        }
    }
}

/// Looks something up on a thread where waiting for the disk holds up nobody's call.
async fn looked_up(
    instance: &Arc<Instance>,
    look: impl FnOnce(&Instance) -> Result<Vec<Json>, String> + Send + 'static,
) -> Result<Vec<Json>, String> {
    let instance = Arc::clone(instance);
    let looked = tokio::task::spawn_blocking(move || look(&instance)).await;
    looked.unwrap_or_else(|_| Err("the instance is ending".to_owned()))
}

/// Has a site asked.
///
/// # Errors
/// Why nothing came of it.
async fn ask(instance: &Instance, ask: SiteAsk) -> Result<Vec<Json>, String> {
    let when = match ask.when.as_str() {
        "now" => When::Now,
        "next-call" => When::NextCall,
        seconds => {
            let seconds = seconds.parse().map_err(|_| format!("`{seconds}` is no time"))?;
            let at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            When::At(at.ok_or("that is beyond all times")?)
        }
    };
    let order = Order {
        site: ask.site,
        ask: ask.ask.parse().map_err(|error: collector::BadAsk| error.to_string())?,
        when,
        priority: ask.priority,
        expires: ask.expires.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        who: ask.who,
    };
    Ok(items(instance.ask_site(order).await?))
}

fn items(answer: Answer) -> Vec<Json> {
    match answer {
        Answer::Told(values) => values.into_iter().map(told).collect(),
        Answer::Written { what, old, new } => {
            vec![Json::object([("what", what.into()), ("old", old.into()), ("new", new.into())])]
        }
        Answer::Later(id) => vec![Json::object([("wish", Json::Number(id))])],
    }
}

fn told(told: Told) -> Json {
    let Told { what, value, measure } = told;
    Json::object([("what", what.into()), ("value", value.into()), ("measure", measure.into())])
}

#[cfg(test)]
mod tests {
    use super::super::Request;
    use super::*;

    #[test]
    fn what_is_sent_is_understood() {
        let span = |since, until| Span { site: "a".into(), point: "b".into(), since, until };
        let ask = SiteAsk {
            site: "pump".into(),
            ask: "write level = \"7\"".into(),
            when: "next-call".into(),
            priority: -3,
            expires: Some(7),
            who: "ada".into(),
        };
        for request in [
            SiteRequest::Sites,
            SiteRequest::Points("pump".into()),
            SiteRequest::Alarms,
            SiteRequest::Ask(ask),
            SiteRequest::Wish(7),
            SiteRequest::Wishes(None),
            SiteRequest::Wishes(Some("pump".into())),
            SiteRequest::Withdraw(7, "ada".into()),
            SiteRequest::Samples(span(None, None)),
            SiteRequest::Samples(span(Some(at_millis(1)), Some(at_millis(2)))),
        ] {
            let request = Request::Site(request);
            assert_eq!(Request::parse(&request.to_json().to_string()), Ok(request));
        }
        let missing = Request::parse("{\"do\":\"withdraw\",\"wish\":7}");
        assert_eq!(missing, Err(RequestError::Missing("who")));
    }
}
