//! Quectel's LTE and UMTS modules: `AT+QI…`, one connection in buffer mode.

use std::net::SocketAddr;
use std::time::Duration;

use super::{
    Attached, Counted, Dialect, Fetched, Knock, Link, Listening, Passing, Rest, Sign, Target,
};
use crate::Reason;
use crate::script::{Ask, Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "quectel",
    known_by: &["QUECTEL"],
    networks: &["+CREG", "+CGREG", "+CEREG"],
    reset: "AT+CFUN=1,1",
    attach,
    attached: Some(Attached { ask: asks_session, up: UP }),
    detach,
    open,
    close,
    link: Link(0),
    listening: Some(Listening { open: listen, knock, who: None, answer: |_| Vec::new() }),
    passing: Passing::Counted(Counted {
        send: |Link(link), count| format!("AT+QISEND={link},{count}"),
        sent: "SEND OK",
        full: Some("SEND FAIL"),
        fetch: |Link(link), most| format!("AT+QIRD={link},{most}"),
        header,
    }),
    sign,
    code,
};

const UP: &[&str] = &["+QIACT: 1,1"];

fn asks_session() -> Ask {
    ask("AT+QIACT?").may_fail()
}

fn attach(setup: &Setup) -> Vec<Step> {
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    // 3: PAP or CHAP, as the network likes.
    let login = if setup.user.is_empty() { 0 } else { 3 };
    let names = format!("{},{}", quoted(&setup.apn), quoted(&setup.user));
    vec![
        asks_session().into(),
        ask(format!("AT+QICSGP=1,1,{names},{},{login}", quoted(password)))
            .hidden("AT+QICSGP=(hidden)")
            .unless_heard(UP)
            .into(),
        ask("AT+QIACT=1")
            .unless_heard(UP)
            .within(setup.session_within)
            .means(Reason::NoSession(None))
            .late(Reason::NoSession(None))
            .into(),
    ]
}

fn detach() -> Vec<Step> {
    vec![ask("AT+QIDEACT=1").may_fail().within(Duration::from_secs(40)).into()]
}

fn open(setup: &Setup, target: &Target) -> Vec<Step> {
    let Target { host, port } = target;
    vec![
        // Number 0 may be left from an earlier call; as a rule it isn't.
        ask("AT+QICLOSE=0").may_fail().within(Duration::from_secs(15)).into(),
        ask(format!("AT+QIOPEN=1,0,\"TCP\",{},{port},0,0", quoted(host)))
            .until(&["+QIOPEN: 0,0"])
            .fails(&[
                ("+QIOPEN: 0,565", Reason::UnknownHost),
                ("+QIOPEN: 0,566", Reason::Unreachable),
                ("+QIOPEN: 0,561", Reason::NoSession(Some(561))),
                ("+QIOPEN: 0,569", Reason::TimedOut),
                ("+QIOPEN: 0,", Reason::Unreachable),
            ])
            .means(Reason::Unreachable)
            .within(setup.open_within)
            .late(Reason::TimedOut)
            .into(),
    ]
}

/// The server is number 1; those who call it have numbers from 11 on.
fn listen(port: u16) -> Vec<Step> {
    vec![
        ask("AT+QISTATE=1,1").may_fail().into(),
        ask(format!("AT+QIOPEN=1,1,\"TCP LISTENER\",\"127.0.0.1\",0,{port},0"))
            .unless_heard(&["TCP LISTENER\",\"127"])
            .until(&["+QIOPEN: 1,0"])
            .fails(&[("+QIOPEN: 1,", Reason::CannotListen)])
            .means(Reason::CannotListen)
            .within(Duration::from_secs(30))
            .into(),
    ]
}

/// `+QIURC: "incoming",11,1,"10.0.0.7",54091`
fn knock(line: &str) -> Option<Knock> {
    let mut values = line.strip_prefix("+QIURC: \"incoming\",")?.split(',');
    let link = Link(values.next()?.trim().parse().ok()?);
    let mut from = || {
        let (host, port) = (values.nth(1)?, values.next()?);
        let host = host.trim_matches('"').parse().ok()?;
        Some(SocketAddr::new(host, port.trim().parse().ok()?))
    };
    Some(Knock { link, from: from() })
}

fn close(Link(link): Link) -> Vec<Step> {
    vec![ask(format!("AT+QICLOSE={link}")).may_fail().within(Duration::from_secs(15)).into()]
}

/// `+QIRD: 11`; nothing waits when it is 0.
fn header(line: &str) -> Option<Fetched> {
    let count = line.strip_prefix("+QIRD:")?.trim().split(',').next()?.parse().ok()?;
    Some(Fetched { count, rest: if count == 0 { Rest::None } else { Rest::Perhaps } })
}

fn sign(line: &str, Link(link): Link) -> Option<Sign> {
    if let Some(news) = line.strip_prefix("+QIURC: ") {
        let about = |what: &str| {
            let number = news.strip_prefix(what)?.split(',').next()?;
            (number.trim().parse() == Ok(link)).then_some(())
        };
        return if about("\"recv\",").is_some() {
            Some(Sign::Waiting)
        } else if about("\"closed\",").is_some() {
            Some(Sign::Closed(Reason::PeerClosed))
        } else {
            news.starts_with("\"pdpdeact\",1").then_some(Sign::SessionLost)
        };
    }
    matches!(line, "RDY" | "POWERED DOWN" | "NORMAL POWER DOWN").then_some(Sign::Restarted)
}

fn code(code: u16) -> Option<Reason> {
    match code {
        561 => Some(Reason::NoSession(Some(code))),
        565 => Some(Reason::UnknownHost),
        566 => Some(Reason::Unreachable),
        569 => Some(Reason::TimedOut),
        _ => None,
    }
}
