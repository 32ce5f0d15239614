//! What is asked of sites over the control socket.

use std::time::{Duration, UNIX_EPOCH};

use collector::{Answer, Order, Told, When};

use super::SiteAsk;
use crate::instance::Instance;
use crate::json::Json;

/// Has a site asked.
///
/// # Errors
/// Why nothing came of it.
pub(super) async fn ask(instance: &Instance, ask: SiteAsk) -> Result<Vec<Json>, String> {
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
