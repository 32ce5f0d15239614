//! SIMCom's SIM800 and SIM900: `AT+CIP…`, one connection, data fetched and sent by the piece.

use std::net::SocketAddr;
use std::time::Duration;

use super::{
    Attached, Counted, Dialect, Fetched, Knock, Link, Listening, Passing, Rest, Sign, Target,
};
use crate::Reason;
use crate::script::{Ask, Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "simcom",
    known_by: &["SIMCOM", "SIM800", "SIM900", "SIM868", "SIM808"],
    networks: &["+CREG", "+CGREG"],
    reset: "AT+CFUN=1,1",
    attach,
    attached: Some(Attached { ask: asks_session, up: UP }),
    detach,
    open,
    close,
    link: Link(0),
    listening: Some(Listening { open: listen, knock, who: None, answer: |_| Vec::new() }),
    passing: Passing::Counted(Counted {
        send: |_, count| format!("AT+CIPSEND={count}"),
        sent: "SEND OK",
        full: None,
        fetch: |_, most| format!("AT+CIPRXGET=2,{most}"),
        header,
    }),
    sign,
    code: |_| None,
};

/// States in which the session is up and a connection can be opened.
const UP: &[&str] = &["IP STATUS", "TCP CLOSED", "SERVER LISTENING"];

fn asks_session() -> Ask {
    ask("AT+CIPSTATUS").until(&["STATE:"]).may_fail()
}

fn attach(setup: &Setup) -> Vec<Step> {
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    let names = format!("{},{}", quoted(&setup.apn), quoted(&setup.user));
    vec![
        asks_session().into(),
        ask("AT+CIPSHUT").until(&["SHUT OK"]).unless_heard(UP).within(slow(setup)).into(),
        ask("AT+CIPMUX=0").unless_heard(UP).into(),
        // From here on data wait until they are fetched: that is what holds a far end back.
        ask("AT+CIPRXGET=1").unless_heard(UP).into(),
        ask("AT+CGATT=1")
            .unless_heard(UP)
            .within(slow(setup))
            .means(Reason::NoSession(None))
            .into(),
        ask(format!("AT+CSTT={names},{}", quoted(password)))
            .hidden("AT+CSTT=(hidden)")
            .unless_heard(UP)
            .into(),
        ask("AT+CIICR")
            .unless_heard(UP)
            .within(setup.session_within)
            .means(Reason::NoSession(None))
            .late(Reason::NoSession(None))
            .into(),
        // An address and no OK; without it no connection is opened.
        ask("AT+CIFSR").address().unless_heard(UP).means(Reason::NoSession(None)).into(),
    ]
}

/// Commands that wait for the network, and for less than a session.
fn slow(setup: &Setup) -> Duration {
    setup.session_within.min(Duration::from_secs(75))
}

fn detach() -> Vec<Step> {
    vec![ask("AT+CIPSHUT").until(&["SHUT OK"]).may_fail().within(Duration::from_secs(65)).into()]
}

fn open(setup: &Setup, target: &Target) -> Vec<Step> {
    let Target { host, port } = target;
    vec![
        // With one connection at a time, it is the server's or ours.
        ask("AT+CIPSERVER?").may_fail().into(),
        ask("AT+CIPSERVER=0").if_heard(SERVES).until(&["SERVER CLOSE"]).may_fail().into(),
        ask(format!("AT+CIPSTART=\"TCP\",{},\"{port}\"", quoted(host)))
            .until(&["CONNECT OK"])
            .fails(&[
                ("CONNECT FAIL", Reason::Unreachable),
                ("ALREADY CONNECT", Reason::InUse),
                ("STATE: TCP CLOSED", Reason::Unreachable),
                ("+PDP: DEACT", Reason::SessionLost),
            ])
            .means(Reason::Unreachable)
            .within(setup.open_within)
            .late(Reason::TimedOut)
            .into(),
    ]
}

/// It listens.
const SERVES: &[&str] = &["+CIPSERVER: 1"];

fn listen(port: u16) -> Vec<Step> {
    vec![
        ask("AT+CIPSERVER?").may_fail().into(),
        ask(format!("AT+CIPSERVER=1,{port}")).unless_heard(SERVES).until(&["SERVER OK"]).into(),
    ]
}

/// `REMOTE IP: 10.0.0.7`
fn knock(line: &str) -> Option<Knock> {
    let host = line.strip_prefix("REMOTE IP:")?.trim().parse().ok();
    Some(Knock { link: Link(0), from: host.map(|host| SocketAddr::new(host, 0)) })
}

fn close(_: Link) -> Vec<Step> {
    vec![ask("AT+CIPCLOSE").until(&["CLOSE OK", "OK"]).may_fail().into()]
}

/// `+CIPRXGET: 2,11,0`: what follows, and what is left behind it.
fn header(line: &str) -> Option<Fetched> {
    let (count, left) = line.strip_prefix("+CIPRXGET: 2,")?.split_once(',')?;
    let rest = if left.trim() == "0" { Rest::None } else { Rest::Perhaps };
    Some(Fetched { count: count.trim().parse().ok()?, rest })
}

fn sign(line: &str, _: Link) -> Option<Sign> {
    match line {
        "+CIPRXGET: 1" => Some(Sign::Waiting),
        "CLOSED" => Some(Sign::Closed(Reason::PeerClosed)),
        "+PDP: DEACT" => Some(Sign::SessionLost),
        "RDY" | "NORMAL POWER DOWN" => Some(Sign::Restarted),
        _ => None,
    }
}
