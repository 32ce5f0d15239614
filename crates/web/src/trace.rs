//! What passes on a line, as a stream of server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::app::App;
use crate::config::Role;
use crate::house::{Trace, TraceEntry, TraceWay, TraceWhat};
use crate::limits;
use crate::problem::Problem;
use crate::random::hex;
use crate::visitor::{BY_ITSELF, Visitor, identify};

/// An entry as the API writes it.
#[derive(Serialize)]
struct Shown {
    /// Milliseconds since the trace began.
    at: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
enum What {
    Bytes { way: TraceWay, hex: String, more: usize },
    Hidden { way: TraceWay },
    Note { words: Box<str> },
    Lost { count: u64 },
}

impl From<TraceEntry> for Shown {
    fn from(entry: TraceEntry) -> Self {
        let what = match entry.what {
            TraceWhat::Bytes { way, first, more } => What::Bytes { way, hex: hex(&first), more },
            TraceWhat::Hidden(way) => What::Hidden { way },
            TraceWhat::Note(words) => What::Note { words },
            TraceWhat::Lost(count) => What::Lost { count },
        };
        Self { at: u64::try_from(entry.at.as_millis()).unwrap_or(u64::MAX), what }
    }
}

/// A stream that somebody looks at.
struct Watch {
    trace: Box<dyn Trace>,
    app: Arc<App>,
    headers: HeaderMap,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

/// What passes on a line from now on.
pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Extension(visitor): Extension<Visitor>,
    mut headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = Arc::clone(&app.traces).try_acquire_owned().map_err(|_| {
        let message = format!("there are {} traces open already; close one", limits::TRACES);
        Problem::too_much(message, 10)
    })?;
    let trace = app.house.trace(&name, &visitor.name)?;
    // A stream that goes on and on shows nobody's hand.
    headers.insert(BY_ITSELF, HeaderValue::from_static("1"));
    let until = Instant::now() + limits::TRACE_LONGEST;
    let watch = Watch { trace, app, headers, until, _place: place };
    let begin = Event::default().event("begin").data(name);
    let begin = stream::once(async { Ok::<_, Infallible>(begin) });
    let events = stream::unfold(Some(watch), |watch| async {
        let (event, watch) = watch?.next().await;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Ok(Sse::new(stream::StreamExt::chain(begin, events)).into_response())
}

impl Watch {
    /// The next event, and the watch unless this was the last.
    async fn next(mut self) -> (Event, Option<Self>) {
        if Instant::now() >= self.until {
            return (end("the trace has lasted an hour; begin it again if need be"), None);
        }
        let first = match timeout(limits::TRACE_BEAT, self.trace.next()).await {
            Ok(Some(first)) => first,
            Ok(None) => return (end("the line has ended"), None),
            // Nothing has passed; nobody who may not see it any more holds the line's attention.
            Err(_) => return self.beat(),
        };
        if !self.may_see() {
            return (end("you are logged out"), None);
        }
        let mut entries = vec![Shown::from(first)];
        let pause = Instant::now() + limits::TRACE_PAUSE;
        while entries.len() < limits::TRACE_PIECE {
            match timeout_at(pause, self.trace.next()).await {
                Ok(Some(entry)) => entries.push(entry.into()),
                // Told with the next event.
                Ok(None) | Err(_) => break,
            }
        }
        if entries.len() == limits::TRACE_PIECE {
            sleep_until(pause).await;
        }
        let data = serde_json::to_string(&entries).unwrap_or_default();
        (Event::default().event("entries").data(data), Some(self))
    }

    fn beat(self) -> (Event, Option<Self>) {
        if self.may_see() {
            (Event::default().comment("nothing has passed"), Some(self))
        } else {
            (end("you are logged out"), None)
        }
    }

    fn may_see(&self) -> bool {
        let visitor = identify(&self.app, &self.app.rules(), &self.headers);
        matches!(visitor, Ok(Some(visitor)) if visitor.role >= Role::Operator)
    }
}

fn end(why: &str) -> Event {
    Event::default().event("end").data(why)
}

// A beat keeps what lies between from taking the stream for dead, well before a minute is over.
const _: () = assert!(limits::TRACE_BEAT.as_secs() < Duration::from_secs(30).as_secs());
