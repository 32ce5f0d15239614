//! What operators see of an instance, and what they order: the instance as the page's house.

use std::future::Future;
use std::iter::repeat;
use std::pin::Pin;

use carrier::trace::{self, Entries, What};
use exchange::{CallEnd, Event, Kind};
use line::{Line, Service};
use web::{
    Busy, CallOver, Deed, Direction, Ended, FailedLogin, Figures, GroupNow, House, LineNow,
    Listener, ModemNow, Refusal, Trace, TraceEntry, TraceWay, TraceWhat,
};

use super::{Instance, lock};
use crate::calls::{Call, Limit, Wanted};

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

    fn modems(&self) -> Vec<ModemNow> {
        self.shown_modems()
    }

    fn groups(&self) -> Vec<GroupNow> {
        self.shown_groups()
    }

    fn calls(&self) -> Vec<web::CallNow> {
        Self::calls(self).into_iter().map(now).collect()
    }

    fn recent(&self, most: usize) -> Vec<CallOver> {
        let limit = Limit::Most(u64::try_from(most).unwrap_or(u64::MAX));
        let wanted = Wanted { limit, ..Wanted::default() };
        let Some(mut on_record) = self.on_record(&wanted) else {
            return wanted.choose(self.remembered().into_iter()).into_iter().map(over).collect();
        };
        let mut calls = Vec::new();
        while let Some(call) = on_record.blocking_recv() {
            match call {
                Ok(call) => calls.push(over(call)),
                Err(error) => {
                    tracing::error!("the page can't show calls on record: {error}");
                    break;
                }
            }
        }
        calls
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
                    accepts: Vec::new(),
                })
            })
            .collect();
        if let Some(exchange) = &*lock(&self.exchange) {
            let answering = lock(&self.answering);
            // In the order of the configuration, which tells what each accepts.
            let configs = answering.iter().flat_map(|answering| &answering.exchange.listen);
            let accepts = configs.map(|listen| listen.accept.as_slice()).chain(repeat(&[][..]));
            listeners.extend(exchange.listeners().iter().zip(accepts).map(|(address, kinds)| {
                Listener {
                    address: address.to_string(),
                    answers: "exchange".to_owned(),
                    accepts: kinds.iter().map(|kind| word(*kind).to_owned()).collect(),
                }
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
        let mut figures = Figures {
            ended: of_lines.collect(),
            store_queue: self.records.waiting(),
            ..Figures::default()
        };
        self.count_modems(&mut figures);
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
        let service = match busy {
            Busy::Out => Service::BusiedOut,
            Busy::No => Service::In,
        };
        let said = self.set_service(name, service).map_err(Refusal::Unknown)?;
        let what = if service == Service::BusiedOut { "busy-out" } else { "busy-in" };
        self.audit(by, Event::new(what).with("line", name));
        Ok(said)
    }

    #[cfg(feature = "collector")]
    fn sites(&self) -> Option<&dyn web::Sites> {
        Some(&self.sites)
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

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Telnet => "telnet",
        Kind::Raw => "raw",
        Kind::Tls => "tls",
        Kind::Ssh => "ssh",
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
        persona: line.persona().to_owned(),
        place: line.place().to_owned(),
        listens: line.listens().to_vec(),
        dtr: status.dtr,
        dcd: status.dcd,
        ri: status.state == "ringing",
        busy: Some(status.service == Service::BusiedOut),
        error: None,
        call: status.call.map(|call| now(super::report::in_progress(line.name(), call))),
    }
}

fn now(call: Call) -> web::CallNow {
    web::CallNow {
        id: call.number,
        // At the exchange it is an address of ours, which tells an operator little.
        line: (call.place == "line").then_some(call.line),
        direction: if call.direction == "in" { Direction::In } else { Direction::Out },
        party: call.party,
        over: call.over.filter(|over| !over.is_empty()).map(Into::into),
        account: call.account,
        since: call.since.into(),
        sent: call.sent,
        received: call.received,
    }
}

fn over(mut call: Call) -> CallOver {
    let (cause, words) = call.cause.take().unwrap_or_default();
    let words = if call.count > 1 { format!("{words} ({} callers)", call.count) } else { words };
    CallOver {
        seconds: call.lasts.as_secs(),
        cause: cause.into(),
        words: words.into(),
        status: call.status.take().filter(|status| !status.is_empty() && status != "-"),
        call: now(call),
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
