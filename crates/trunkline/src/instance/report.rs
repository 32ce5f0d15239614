//! What an instance tells about itself.

use carrier::trace::Entries;
use line::{CallNow, CallRecord, Line, Service};

use super::Instance;
use crate::calls::Call;
use crate::json::Json;

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

    /// Takes a line or modem out of service for callers, or puts it back.
    pub(crate) fn set_service(&self, name: &str, service: Service) -> Result<String, String> {
        if let Some(line) = self.board.line(name) {
            line.set_service(service);
            return Ok(format!("line `{name}` is {}", service.words()));
        }
        #[cfg(feature = "modems")]
        if self.rack.set_service(name, super::modems::service(service)) {
            return Ok(format!("modem `{name}` is {}", service.words()));
        }
        Err(format!("there is neither a line nor a modem `{name}`{}", self.names()))
    }

    /// Every real modem and GSM module as it stands.
    pub(crate) fn modems(&self) -> Vec<Json> {
        self.real_modems().into_iter().chain(self.gsm_modules()).collect()
    }

    #[cfg(feature = "modems")]
    fn real_modems(&self) -> Vec<Json> {
        self.rack.status().iter().map(super::modems::shown).collect()
    }

    #[cfg(not(feature = "modems"))]
    const fn real_modems(&self) -> Vec<Json> {
        Vec::new()
    }

    #[cfg(feature = "translator")]
    fn gsm_modules(&self) -> Vec<Json> {
        self.modules.status().iter().map(super::modules::shown).collect()
    }

    #[cfg(not(feature = "translator"))]
    const fn gsm_modules(&self) -> Vec<Json> {
        Vec::new()
    }

    /// Every call in progress.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let lines = self.board.lines();
        let of = |line: &Line| line.status().call.map(|call| in_progress(line.name(), call));
        lines.iter().filter_map(of).chain(self.answered()).collect()
    }

    /// The last calls that are over, as far as they are remembered without a store; the latest first.
    pub(crate) fn remembered(&self) -> Vec<Call> {
        let lines = self.board.lines();
        let of = |line: &Line| {
            let name = line.name().to_owned();
            line.calls().into_iter().map(move |record| ended(&name, record))
        };
        let mut calls: Vec<Call> =
            lines.iter().flat_map(of).chain(self.answered_and_ended()).collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.since));
        calls
    }

    #[cfg(feature = "exchange")]
    fn answered(&self) -> Vec<Call> {
        let exchange = super::lock(&self.exchange);
        let calls = exchange.as_ref().map(exchange::Exchange::calls).unwrap_or_default();
        calls.into_iter().map(answered).collect()
    }

    #[cfg(feature = "exchange")]
    fn answered_and_ended(&self) -> Vec<Call> {
        let exchange = super::lock(&self.exchange);
        let calls = exchange.as_ref().map(exchange::Exchange::ended).unwrap_or_default();
        calls.into_iter().map(answered_and_ended).collect()
    }

    #[cfg(not(feature = "exchange"))]
    const fn answered(&self) -> Vec<Call> {
        Vec::new()
    }

    #[cfg(not(feature = "exchange"))]
    const fn answered_and_ended(&self) -> Vec<Call> {
        Vec::new()
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
        #[cfg(feature = "modems")]
        if self.rack.hang_up(call) {
            return Ok(format!("modem `{call}` hangs up"));
        }
        #[cfg(feature = "translator")]
        if self.modules.hang_up(call) {
            return Ok(format!("module `{call}` hangs up"));
        }
        #[cfg(feature = "exchange")]
        if let Ok(id) = call.parse()
            && super::lock(&self.exchange).as_ref().is_some_and(|exchange| exchange.hang_up(id))
        {
            return Ok(format!("the exchange hangs up on call {call}"));
        }
        Err(format!("there is neither a line nor a call `{call}`{}", self.names()))
    }

    /// Puts on record what was ordered over the control socket, where there is an audit log.
    pub(crate) fn note_order(&self, what: &'static str, (fact, about): (&'static str, &str)) {
        #[cfg(feature = "exchange")]
        if let Some(exchange) = &*super::lock(&self.exchange) {
            let event = exchange::Event::new(what).with(fact, about);
            exchange.audit().note(event.with("by", "control socket"));
        }
        #[cfg(not(feature = "exchange"))]
        let _ = (what, fact, about);
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
        ("persona", line.persona().into()),
        ("place", line.place().into()),
        ("listens", Json::List(line.listens().iter().map(|place| place.as_str().into()).collect())),
        ("dtr", Json::Bool(status.dtr)),
        ("dcd", Json::Bool(status.dcd)),
        ("service", status.service.words().into()),
        ("call", status.call.map_or(Json::Null, |call| in_progress(line.name(), call).to_json())),
    ])
}

pub(super) fn in_progress(line: &str, call: CallNow) -> Call {
    Call {
        place: "line",
        direction: call.direction.word(),
        line: line.to_owned(),
        lasts: call.lasts(),
        number: call.id,
        party: call.party,
        over: call.transport.map(str::to_owned),
        reached: None,
        account: None,
        since: call.since,
        login: None,
        started: call.connected,
        ended: None,
        sent: call.sent,
        received: call.received,
        cause: None,
        status: None,
        round_trip: None,
        count: 1,
    }
}

fn ended(line: &str, record: CallRecord) -> Call {
    Call {
        number: record.id,
        place: "line",
        direction: record.direction.word(),
        line: line.to_owned(),
        party: record.party,
        over: record.transport.map(str::to_owned),
        reached: record.over,
        account: None,
        since: record.since,
        login: None,
        started: record.connected,
        ended: Some(record.ended),
        lasts: record.duration,
        sent: record.sent,
        received: record.received,
        cause: Some((record.cause.code().to_owned(), record.cause.words().to_owned())),
        status: None,
        round_trip: record.round_trip,
        count: 1,
    }
}

#[cfg(feature = "exchange")]
fn answered(call: exchange::CallStatus) -> Call {
    Call {
        number: call.id.to_string(),
        place: "exchange",
        direction: "in",
        line: call.line,
        party: call.from,
        over: Some(call.over.to_owned()),
        reached: None,
        account: call.account,
        since: call.since,
        login: call.login,
        started: call.started,
        ended: None,
        lasts: call.lasts,
        sent: call.sent,
        received: call.received,
        cause: None,
        status: None,
        round_trip: None,
        count: 1,
    }
}

#[cfg(feature = "exchange")]
fn answered_and_ended(record: exchange::CallRecord) -> Call {
    let call = answered(record.call);
    Call {
        account: call.account.clone().or(record.tried),
        ended: Some(record.ended),
        lasts: record.duration,
        cause: Some((record.end.code().to_owned(), record.end.words().to_owned())),
        status: (record.status != "-").then_some(record.status),
        round_trip: record.round_trip,
        ..call
    }
}
