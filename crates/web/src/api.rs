//! What the JSON API answers. The page asks nothing else.

mod listed;
pub(crate) mod sites;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::house::{Busy, Refusal};
use crate::moment::Moment;
use crate::picture::{Camera, Listed};
use crate::problem::Problem;
use crate::select::{Choice, Wish, select};
use crate::visitor::{Proof, Visitor};

type Answer = Result<Response, Problem>;

/// The description of all this.
pub(crate) const DESCRIPTION: &str = include_str!("../assets/openapi.json");

/// The description of the API.
pub(crate) async fn description() -> Response {
    let content = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, content)], DESCRIPTION).into_response()
}

/// Who asks.
#[derive(Serialize)]
struct Session {
    name: String,
    role: &'static str,
    proof: &'static str,
}

pub(crate) async fn session(Extension(visitor): Extension<Visitor>) -> Response {
    let proof = match visitor.proof {
        Proof::Session { .. } => "session",
        Proof::Token => "token",
    };
    Json(Session { name: visitor.name, role: visitor.role.word(), proof }).into_response()
}

/// The house in numbers.
#[derive(Serialize)]
struct Summary {
    now: Moment,
    lines: LineCounts,
    calls: usize,
    modems: usize,
    modem_trouble: usize,
    groups: usize,
    sent_rate: u64,
    received_rate: u64,
    failed_logins: usize,
    busy_out: bool,
}

#[derive(Default, Serialize)]
struct LineCounts {
    total: usize,
    calls: usize,
    free: usize,
    busy: usize,
    trouble: usize,
}

pub(crate) async fn summary(State(app): State<Arc<App>>) -> Response {
    let (lines, calls, failed) =
        tokio::join!(app.lines.picture(), app.calls.picture(), app.failed_logins.picture());
    let (modems, groups) = tokio::join!(app.modems.picture(), app.groups.picture());
    let mut counts = LineCounts { total: lines.rows.len(), ..LineCounts::default() };
    for row in &lines.rows {
        counts.calls += usize::from(listed::has_call(&row.value));
        counts.free += usize::from(listed::is_free(&row.value));
        counts.busy += usize::from(listed::is_busy(&row.value));
        counts.trouble += usize::from(listed::has_trouble(&row.value));
    }
    let rate = |rate: Option<u64>| rate.unwrap_or_default();
    Json(Summary {
        now: Moment::now(),
        busy_out: lines.rows.iter().any(|row| row.value.busy.is_some()),
        lines: counts,
        calls: calls.rows.len(),
        modems: modems.rows.len(),
        modem_trouble: modems.rows.iter().filter(|row| row.value.error.is_some()).count(),
        groups: groups.rows.len(),
        sent_rate: calls.rows.iter().map(|row| rate(row.rates.sent_rate)).sum(),
        received_rate: calls.rows.iter().map(|row| rate(row.rates.received_rate)).sum(),
        failed_logins: failed.rows.len(),
    })
    .into_response()
}

pub(crate) async fn lines(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.lines, &listed::LINES, &uri).await
}

pub(crate) async fn modems(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.modems, &listed::MODEMS, &uri).await
}

pub(crate) async fn groups(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.groups, &listed::GROUPS, &uri).await
}

pub(crate) async fn calls(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.calls, &listed::CALLS, &uri).await
}

pub(crate) async fn recent(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.recent, &listed::RECENT, &uri).await
}

pub(crate) async fn failed_logins(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.failed_logins, &listed::FAILED, &uri).await
}

pub(crate) async fn listeners(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    list(&app.listeners, &listed::LISTENERS, &uri).await
}

async fn list<T: Listed>(camera: &Camera<T>, choice: &Choice<T>, uri: &Uri) -> Answer {
    let Query(wish) = Query::<Wish>::try_from_uri(uri)
        .map_err(|rejection| Problem::wrong(rejection.body_text()))?;
    let picture = camera.picture().await;
    let window =
        select(&picture, choice, &wish).map_err(|error| Problem::wrong(error.to_string()))?;
    Ok(Json(window).into_response())
}

pub(crate) async fn line(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    one(&app.lines, &name, "line").await
}

pub(crate) async fn call(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    one(&app.calls, &id, "call in progress").await
}

async fn one<T: Listed>(camera: &Camera<T>, key: &str, what: &str) -> Answer {
    let picture = camera.picture().await;
    let row = picture.rows.iter().find(|row| row.key == key);
    let row = row.ok_or_else(|| Problem::unknown(format!("there is no {what} `{key}`")))?;
    Ok(Json(&**row).into_response())
}

/// What was done.
#[derive(Serialize)]
struct Done {
    said: String,
}

pub(crate) async fn hang_up(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(visitor): Extension<Visitor>,
) -> Answer {
    let house = Arc::clone(&app.house);
    let said = do_it(move || house.hang_up(&id, &visitor.name)).await?;
    app.calls.expire();
    app.lines.expire();
    app.modems.expire();
    Ok(Json(Done { said }).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BusyWish {
    busy: bool,
}

pub(crate) async fn set_busy(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Answer {
    let wish: BusyWish = serde_json::from_slice(&body).map_err(|error| {
        Problem::wrong(format!("expected {{\"busy\": true}} or false: {error}"))
    })?;
    let busy = if wish.busy { Busy::Out } else { Busy::No };
    let house = Arc::clone(&app.house);
    let said = do_it(move || house.set_busy(&name, busy, &visitor.name)).await?;
    app.lines.expire();
    app.modems.expire();
    app.groups.expire();
    Ok(Json(Done { said }).into_response())
}

/// An order to the house, on a thread where it may take its time.
async fn do_it<T: Send + 'static>(
    order: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(order).await;
    let ending = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
    done.map_err(ending)?.map_err(Problem::from)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(words) => Self::unknown(words),
            Refusal::Impossible(words) => Self::new(StatusCode::CONFLICT, words),
        }
    }
}
