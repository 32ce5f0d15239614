//! What operators see of an instance, and what they order: the instance as the page's house.

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use carrier::trace::{self, Entries, What};
use exchange::{CallEnd, Event};
use line::{CallNow, CallRecord, Line, Service};
use web::{
    Busy, CallOver, Deed, Direction, Ended, FailedLogin, Figures, House, LineNow, Listener,
    Refusal, Trace, TraceEntry, TraceWay, TraceWhat,
};

use super::{Instance, lock};

impl House for Instance {
    fn lines(&self) -> Vec<LineNow> {
        let mut lines: Vec<LineNow> = self.board.lines().iter().map(line).collect();
        lines.extend(self.waiting().iter().map(|waiting| LineNow {
            name: waiting.config.name.clone(),
            state: "closed".into(),
            persona: waiting.config.persona.clone(),
            place: String::new(),
            listens: Vec::new(),
            dtr: false,
            dcd: false,
            ri: false,
            busy: None,
            error: Some(waiting.reason.clone()),
            call: None,
        }));
        lines
    }

    fn calls(&self) -> Vec<web::CallNow> {
        let lines = self.board.lines();
        let mut calls: Vec<web::CallNow> = lines
            .iter()
            .filter_map(|line| line.status().call.map(|call| in_progress(line.name(), &call)))
            .collect();
        if let Some(exchange) = &*lock(&self.exchange) {
            calls.extend(exchange.calls().into_iter().map(answered));
        }
        calls
    }

    fn recent(&self, most: usize) -> Vec<CallOver> {
        let lines = self.board.lines();
        let mut calls: Vec<(SystemTime, CallOver)> = lines
            .iter()
            .flat_map(|line| {
                let of_line = |record: CallRecord| (record.since, over(line.name(), record));
                line.calls().into_iter().map(of_line)
            })
            .collect();
        if let Some(exchange) = &*lock(&self.exchange) {
            calls.extend(exchange.ended().into_iter().map(|record| {
                let (since, words) = (record.call.since, record.end.words());
                let over = CallOver {
                    seconds: record.duration.as_secs(),
                    cause: record.end.code().into(),
                    words: words.into(),
                    status: Some(record.status).filter(|status| status != "-"),
                    call: answered(record.call),
                };
                (since, over)
            }));
        }
        calls.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        calls.truncate(most);
        calls.into_iter().map(|(_, call)| call).collect()
    }

    fn failed_logins(&self) -> Vec<FailedLogin> {
        let Some(ended) = lock(&self.exchange).as_ref().map(exchange::Exchange::ended) else {
            return Vec::new();
        };
        let failed = ended.into_iter().rev().filter(|record| is_failed_login(record.end));
        failed
            .map(|record| FailedLogin {
                at: record.ended.into(),
                from: record.call.from,
                at_what: "exchange".into(),
                name: record.tried.or(record.call.account),
                cause: record.end.code().into(),
                words: record.end.words().into(),
            })
            .collect()
    }

    fn listeners(&self) -> Vec<Listener> {
        let lines = self.board.lines();
        let mut listeners: Vec<Listener> = lines
            .iter()
            .flat_map(|line| {
                line.listens().iter().map(|address| Listener {
                    address: address.clone(),
                    answers: line.name().to_owned(),
                    accepts: vec!["a call for the line".to_owned()],
                })
            })
            .collect();
        if let Some(exchange) = &*lock(&self.exchange) {
            listeners.extend(exchange.listeners().iter().map(|address| Listener {
                address: address.to_string(),
                answers: "exchange".to_owned(),
                accepts: vec!["a login".to_owned()],
            }));
        }
        listeners
    }

    fn figures(&self) -> Figures {
        let of_lines = self.board.tally().into_iter().map(|(direction, cause, sum)| Ended {
            side: "line",
            direction: if direction == "in" { Direction::In } else { Direction::Out },
            cause: cause.into(),
            calls: sum.calls,
            sent: sum.sent,
            received: sum.received,
        });
        let mut figures = Figures { ended: of_lines.collect(), ..Figures::default() };
        if let Some(exchange) = &*lock(&self.exchange) {
            figures.password_hashes = exchange.password_hashes();
            for (known, cause, sum) in exchange.tally() {
                figures.ended.push(Ended {
                    side: "exchange",
                    direction: Direction::In,
                    cause: cause.into(),
                    calls: sum.calls,
                    sent: sum.sent,
                    received: sum.received,
                });
                match known {
                    "known" => figures.logins.push(("ok".into(), sum.calls)),
                    _ if cause.starts_with("login-") => {
                        figures.logins.push((cause.into(), sum.calls));
                    }
                    _ => {}
                }
            }
        }
        figures
    }

    fn trace(&self, line: &str, by: &str) -> Result<Box<dyn Trace>, Refusal> {
        let entries = Self::trace(self, line).map_err(Refusal::Unknown)?;
        self.audit(by, Event::new("trace").with("line", line));
        Ok(Box::new(Watched(entries)))
    }

    fn hang_up(&self, call: &str, by: &str) -> Result<String, Refusal> {
        let said = Self::hang_up(self, call).map_err(Refusal::Unknown)?;
        self.audit(by, Event::new("hang-up").with("call", call));
        Ok(said)
    }

    fn set_busy(&self, name: &str, busy: Busy, by: &str) -> Result<String, Refusal> {
        let Some(line) = self.board.line(name) else {
            return Err(Refusal::Unknown(format!("there is no line `{name}`")));
        };
        let service = match busy {
            Busy::Out => Service::BusiedOut,
            Busy::No => Service::In,
        };
        line.set_service(service);
        let what = if service == Service::BusiedOut { "busy-out" } else { "busy-in" };
        self.audit(by, Event::new(what).with("line", name));
        Ok(format!("line `{name}` is {}", service.words()))
    }

    fn witness(&self, deed: Deed<'_>) {
        match deed {
            Deed::LoggedIn { operator, from } => {
                self.audit(operator, Event::new("page-login").with("from", from));
            }
            Deed::LoginFailed { operator, from, cause } => self.audit(
                operator.unwrap_or("-"),
                Event::new("page-login-failed").with("from", from).with("cause", cause),
            ),
            Deed::LoggedOut { operator } => self.audit(operator, Event::new("page-logout")),
        }
    }
}

impl Instance {
    /// Puts on record what an operator does at the page: in the audit log, where there is an exchange to keep one,
    /// and in the log.
    fn audit(&self, operator: &str, event: Event) {
        tracing::info!(operator, "at the page: {}", event.what());
        if let Some(exchange) = &*lock(&self.exchange) {
            exchange.audit().note(event.with("operator", operator));
        }
    }
}

const fn is_failed_login(end: CallEnd) -> bool {
    matches!(end, CallEnd::LoginFailed(_))
}

fn line(line: &Line) -> LineNow {
    let status = line.status();
    LineNow {
        name: line.name().to_owned(),
        state: status.state.into(),
        persona: line.config().persona.clone(),
        place: line.place().to_owned(),
        listens: line.listens().to_vec(),
        dtr: status.dtr,
        dcd: status.dcd,
        ri: status.state == "ringing",
        busy: Some(status.service == Service::BusiedOut),
        error: None,
        call: status.call.map(|call| in_progress(line.name(), &call)),
    }
}

fn in_progress(line: &str, call: &CallNow) -> web::CallNow {
    web::CallNow {
        id: call.id.clone(),
        line: Some(line.to_owned()),
        direction: direction(call.direction),
        party: call.party.clone(),
        over: None,
        account: None,
        since: call.since.into(),
        sent: call.sent,
        received: call.received,
    }
}

fn answered(call: exchange::CallStatus) -> web::CallNow {
    web::CallNow {
        id: call.id.to_string(),
        line: None,
        direction: Direction::In,
        party: call.from,
        over: Some(call.over.into()),
        account: call.account,
        since: call.since.into(),
        sent: call.sent,
        received: call.received,
    }
}

fn over(line: &str, record: CallRecord) -> CallOver {
    CallOver {
        seconds: record.duration.as_secs(),
        cause: record.cause.code().into(),
        words: record.cause.words().into(),
        status: None,
        call: web::CallNow {
            id: record.id,
            line: Some(line.to_owned()),
            direction: direction(record.direction),
            over: record.transport.map(Into::into),
            party: record.party,
            account: None,
            since: record.since.into(),
            sent: record.sent,
            received: record.received,
        },
    }
}

const fn direction(direction: line::Direction) -> Direction {
    match direction {
        line::Direction::In => Direction::In,
        line::Direction::Out => Direction::Out,
    }
}

/// A trace on its way to the page.
struct Watched(Entries);

impl Trace for Watched {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<TraceEntry>> + Send + '_>> {
        Box::pin(async {
            let entry = self.0.next().await?;
            let what = match entry.what {
                What::Bytes { way: to, first, more } => {
                    TraceWhat::Bytes { way: way(to), first, more }
                }
                What::Hidden(to) => TraceWhat::Hidden(way(to)),
                What::Note(words) => TraceWhat::Note(words),
                What::Lost(count) => TraceWhat::Lost(count),
            };
            Some(TraceEntry { at: entry.at, what })
        })
    }
}

const fn way(way: trace::Way) -> TraceWay {
    match way {
        trace::Way::Out => TraceWay::Out,
        trace::Way::In => TraceWay::In,
    }
}
