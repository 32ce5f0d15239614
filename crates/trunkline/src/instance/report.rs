//! What an instance tells about itself.

use std::time::{Duration, SystemTime};

use carrier::trace::Entries;
use line::{CallNow, CallRecord, Line};

use super::Instance;
use crate::json::Json;
use crate::time::{Civil, Shown};

impl Instance {
    /// Every line as it stands.
    pub(crate) fn lines(&self) -> Vec<Json> {
        let mut lines: Vec<Json> = self.board.lines().iter().map(line).collect();
        lines.extend(self.waiting().iter().map(|waiting| {
            Json::object([
                ("line", waiting.config.name.as_str().into()),
                ("state", "closed".into()),
                ("persona", waiting.config.persona.as_str().into()),
                ("error", waiting.reason.as_str().into()),
            ])
        }));
        lines
    }

    /// Every call in progress, then the last ones of each line, the latest first.
    pub(crate) fn calls(&self) -> Vec<Json> {
        let lines = self.board.lines();
        let mut calls: Vec<Json> = lines
            .iter()
            .filter_map(|line| line.status().call.map(|call| in_progress(line.name(), &call)))
            .collect();
        #[cfg(feature = "exchange")]
        if let Some(exchange) = &*super::lock(&self.exchange) {
            calls.extend(exchange.calls().iter().map(|call| Json::Object(answered(call))));
        }
        let mut records: Vec<(SystemTime, Json)> = lines
            .iter()
            .flat_map(|line| {
                line.calls().into_iter().map(|record| (record.since, ended(line.name(), &record)))
            })
            .collect();
        #[cfg(feature = "exchange")]
        if let Some(exchange) = &*super::lock(&self.exchange) {
            records.extend(
                exchange
                    .ended()
                    .iter()
                    .map(|record| (record.call.since, answered_and_ended(record))),
            );
        }
        records.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        calls.extend(records.into_iter().map(|(_, json)| json));
        calls
    }

    /// Ends the call of the line, or of the number, `call`.
    pub(crate) fn hang_up(&self, call: &str) -> Result<String, String> {
        let lines = self.board.lines();
        let number = |line: &&Line| line.status().call.is_some_and(|now| now.id == call);
        if let Some(line) =
            lines.iter().find(|line| line.name() == call).or_else(|| lines.iter().find(number))
        {
            let Some(now) = line.status().call else {
                return Err(format!("line `{}` has no call", line.name()));
            };
            line.hang_up();
            return Ok(format!("line `{}` hangs up on {}", line.name(), now.party));
        }
        #[cfg(feature = "exchange")]
        if let Ok(id) = call.parse()
            && super::lock(&self.exchange).as_ref().is_some_and(|exchange| exchange.hang_up(id))
        {
            return Ok(format!("the exchange hangs up on call {call}"));
        }
        Err(format!("there is neither a line nor a call `{call}`{}", self.names()))
    }

    /// Everything that passes on a line from now on.
    pub(crate) fn trace(&self, name: &str) -> Result<Entries, String> {
        let line = self
            .board
            .line(name)
            .ok_or_else(|| format!("there is no line `{name}`{}", self.names()))?;
        let (tracer, entries) = carrier::trace::begin(carrier::clock_now());
        line.trace(tracer);
        Ok(entries)
    }

    fn names(&self) -> String {
        let lines = self.board.lines();
        let names: Vec<&str> = lines.iter().map(Line::name).take(12).collect();
        if names.is_empty() { String::new() } else { format!("; lines are {}", names.join(", ")) }
    }
}

fn line(line: &Line) -> Json {
    let status = line.status();
    Json::object([
        ("line", line.name().into()),
        ("state", status.state.into()),
        ("persona", line.config().persona.as_str().into()),
        ("place", line.place().into()),
        ("listens", Json::List(line.listens().iter().map(|place| place.as_str().into()).collect())),
        ("dtr", Json::Bool(status.dtr)),
        ("dcd", Json::Bool(status.dcd)),
        ("call", status.call.map_or(Json::Null, |call| in_progress(line.name(), &call))),
    ])
}

fn in_progress(line: &str, call: &CallNow) -> Json {
    Json::object([
        ("call", call.id.as_str().into()),
        ("line", line.into()),
        ("direction", call.direction.word().into()),
        ("party", call.party.as_str().into()),
        ("since", since(call.since)),
        ("seconds", seconds(call.since.elapsed().unwrap_or_default())),
        ("sent", call.sent.into()),
        ("received", call.received.into()),
    ])
}

fn ended(line: &str, record: &CallRecord) -> Json {
    Json::object([
        ("call", record.id.as_str().into()),
        ("line", line.into()),
        ("direction", record.direction.word().into()),
        ("party", record.party.as_str().into()),
        ("over", record.over.as_deref().into()),
        ("since", since(record.since)),
        ("seconds", seconds(record.duration)),
        ("sent", record.sent.into()),
        ("received", record.received.into()),
        ("cause", record.cause.code().into()),
    ])
}

#[cfg(feature = "exchange")]
fn answered(call: &exchange::CallStatus) -> Vec<(String, Json)> {
    let members = [
        ("call", call.id.to_string().into()),
        ("direction", "in".into()),
        ("party", call.from.as_str().into()),
        ("over", call.over.into()),
        ("account", call.account.as_deref().into()),
        ("since", since(call.since)),
        ("seconds", seconds(call.since.elapsed().unwrap_or_default())),
        ("sent", call.sent.into()),
        ("received", call.received.into()),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into()
}

#[cfg(feature = "exchange")]
fn answered_and_ended(record: &exchange::CallRecord) -> Json {
    let mut members = answered(&record.call);
    members.retain(|(name, _)| name != "seconds");
    members.extend([
        ("seconds".to_owned(), seconds(record.duration)),
        ("cause".to_owned(), record.end.code().into()),
        ("status".to_owned(), record.status.as_str().into()),
    ]);
    Json::Object(members)
}

fn since(time: SystemTime) -> Json {
    Civil::from(time).show(Shown::Seconds).to_string().into()
}

fn seconds(duration: Duration) -> Json {
    duration.as_secs().into()
}
