//! What the API answers about sites.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;

use super::{Answer, Done, do_it, list, listed};
use crate::app::App;
use crate::house::Refusal;
use crate::limits;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::site::{SampleNow, Samples, SiteWish, Sites};
use crate::visitor::Visitor;

pub(crate) async fn sites(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.sites, &listed::SITES, &uri).await
}

pub(crate) async fn alarms(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.alarms, &listed::ALARMS, &uri).await
}

pub(crate) async fn wishes(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.wishes, &listed::WISHES, &uri).await
}

/// Asks whoever collects, on a thread where he may take his time.
async fn of_sites<T: Send + 'static>(
    app: &Arc<App>,
    ask: impl FnOnce(&dyn Sites) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let house = Arc::clone(&app.house);
    do_it(move || match house.sites() {
        Some(sites) => ask(sites),
        None => Err(Refusal::Unknown("there are no sites here".to_owned())),
    })
    .await
}

pub(crate) async fn points(State(app): State<Arc<App>>, Path(site): Path<String>) -> Answer {
    let points = of_sites(&app, move |sites| sites.points(&site)).await?;
    Ok(Json(points).into_response())
}

/// A time, in seconds since 1970, and how much of it is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    from: Option<u64>,
    until: Option<u64>,
    pieces: Option<u32>,
}

impl Span {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let Query(span) =
            Query::try_from_uri(uri).map_err(|rejection| Problem::wrong(rejection.body_text()))?;
        Ok(span)
    }

    fn times(&self) -> Result<(SystemTime, SystemTime), Problem> {
        let time = |seconds| {
            let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            time.ok_or_else(|| Problem::wrong("that is beyond all times"))
        };
        let from = time(self.from.unwrap_or(0))?;
        Ok((from, self.until.map_or(Ok(SystemTime::now()), time)?))
    }
}

pub(crate) async fn series(
    State(app): State<Arc<App>>,
    Path((site, point)): Path<(String, String)>,
    uri: Uri,
) -> Answer {
    let span = Span::of(&uri)?;
    let (times, pieces) = (span.times()?, span.pieces.unwrap_or(500).clamp(1, limits::PIECES));
    let series = of_sites(&app, move |sites| sites.series((&site, &point), times, pieces)).await?;
    Ok(Json(series).into_response())
}

/// All samples as CSV, made as they are read: however many there are, only a piece of them is in memory.
pub(crate) async fn samples(
    State(app): State<Arc<App>>,
    Path((site, point)): Path<(String, String)>,
    uri: Uri,
) -> Answer {
    let times = Span::of(&uri)?.times()?;
    let (count, samples) = of_sites(&app, move |sites| {
        Ok((sites.count((&site, &point), times)?, sites.samples((&site, &point), times)?))
    })
    .await?;
    let body = stream::unfold(Some((samples, "at,value,quality\n".to_owned())), |left| async {
        let (samples, text) = left?;
        let read = tokio::task::spawn_blocking(move || piece(samples, text)).await;
        match read {
            Ok(Ok((text, more))) => Some((Ok(text), more.map(|samples| (samples, String::new())))),
            // The connection is cut: who reads is not to take a part for the whole.
            Ok(Err(error)) => Some((Err(std::io::Error::other(error)), None)),
            Err(_) => Some((Err(std::io::Error::other("ending")), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    let name = HeaderValue::from_static("attachment; filename=\"samples.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    // What is being made has no length; whoever waits for it wants to know how far it is.
    headers.insert("trunkline-samples", HeaderValue::from(count));
    Ok(response)
}

/// The next rows, and where to go on.
fn piece(mut samples: Samples, mut text: String) -> Result<(String, Option<Samples>), String> {
    for _ in 0..limits::SAMPLES {
        let Some(sample) = samples.next() else { return Ok((text, None)) };
        row(&sample?, &mut text);
    }
    Ok((text, Some(samples)))
}

fn row(sample: &SampleNow, out: &mut String) {
    use std::fmt::Write as _;
    let millis = sample.at.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    let moment = Moment::from(sample.at).to_string();
    let quoted = sample.value.contains([',', '"', '\n', '\r']);
    // A spreadsheet takes what begins like this for a formula.
    let formula = sample.value.starts_with(['=', '@', '+', '\t'])
        || sample.value.starts_with('-') && sample.value.parse::<f64>().is_err();
    let mark = if formula { "'" } else { "" };
    let value = match quoted {
        true => format!("\"{mark}{}\"", sample.value.replace('"', "\"\"")),
        false => format!("{mark}{}", sample.value),
    };
    let _ =
        writeln!(out, "{}.{millis:03}Z,{value},{}", moment.trim_end_matches('Z'), sample.quality);
}

/// From when on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    since: Option<u64>,
}

pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
) -> Answer {
    let Query(Since { since }) =
        Query::try_from_uri(&uri).map_err(|rejection| Problem::wrong(rejection.body_text()))?;
    let since = since.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis)));
    let traced = of_sites(&app, move |sites| sites.trace(&site, since, &visitor.name)).await?;
    Ok(Json(traced).into_response())
}

/// What is asked of a site.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    what: String,
    #[serde(default)]
    wish: SiteWish,
}

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Answer {
    ask(&app, &site, "read", &visitor.name, &body).await
}

pub(crate) async fn write(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Answer {
    ask(&app, &site, "write", &visitor.name, &body).await
}

pub(crate) async fn configure(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Answer {
    ask(&app, &site, "configure =", &visitor.name, &body).await
}

async fn ask(app: &Arc<App>, site: &str, verb: &str, by: &str, body: &Bytes) -> Answer {
    let Ask { what, wish } = serde_json::from_slice(body).map_err(|error| {
        Problem::wrong(format!("expected {{\"what\": \"h:100..110 as f32\"}}: {error}"))
    })?;
    // The verb is the route's, which knows who may.
    let asking = match app.house.sites() {
        Some(sites) => sites.ask(site, &format!("{verb} {what}"), wish, by),
        None => return Err(Problem::unknown("there are no sites here")),
    };
    let answer = asking.await?;
    if answer.wish.is_some() {
        app.wishes.expire();
    }
    Ok(Json(answer).into_response())
}

pub(crate) async fn wish(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let wish = of_sites(&app, move |sites| sites.wish(id)).await?;
    Ok(Json(wish).into_response())
}

pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(visitor): Extension<Visitor>,
) -> Answer {
    let id = number(&id)?;
    let withdrawing = match app.house.sites() {
        Some(sites) => sites.withdraw(id, &visitor.name),
        None => return Err(Problem::unknown("there are no sites here")),
    };
    let said = withdrawing.await?;
    app.wishes.expire();
    Ok(Json(Done { said }).into_response())
}

pub(crate) async fn see_alarm(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(visitor): Extension<Visitor>,
) -> Answer {
    let id = number(&id)?;
    let said = of_sites(&app, move |sites| sites.see_alarm(id, &visitor.name)).await?;
    app.alarms.expire();
    Ok((StatusCode::OK, Json(Done { said })).into_response())
}

/// The number of an alarm or a wish.
fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| Problem::unknown(format!("there is nothing of the number `{id}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_row_whatever_was_measured() {
        for (value, written) in [
            ("1.5", "1.5"),
            ("-1.5", "-1.5"),
            ("", ""),
            ("a,b\"c", "\"a,b\"\"c\""),
            ("=1+1", "'=1+1"),
            ("-x", "'-x"),
        ] {
            let at = UNIX_EPOCH + Duration::from_millis(1_250);
            let mut out = String::new();
            row(&SampleNow { at, value: value.to_owned(), quality: "good" }, &mut out);
            assert_eq!(out, format!("1970-01-01T00:00:01.250Z,{written},good\n"));
        }
    }
}
