//! SIMCom's SIM800 and SIM900: `AT+CIP…`, one connection, data fetched and sent by the piece.

use std::time::Duration;

use super::{Counted, Dialect, Fetched, Passing, Rest, Sign, Target};
use crate::Reason;
use crate::script::{Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "simcom",
    known_by: &["SIMCOM", "SIM800", "SIM900", "SIM868", "SIM808"],
    networks: &["+CREG", "+CGREG"],
    reset: "AT+CFUN=1,1",
    attach,
    detach,
    open,
    close,
    passing: Passing::Counted(Counted {
        send: |count| format!("AT+CIPSEND={count}"),
        sent: "SEND OK",
        full: None,
        fetch: |most| format!("AT+CIPRXGET=2,{most}"),
        header,
    }),
    sign,
    code: |_| None,
};

/// States in which the session is up and a connection can be opened.
const UP: &[&str] = &["IP STATUS", "TCP CLOSED"];

fn attach(setup: &Setup) -> Vec<Step> {
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    let names = format!("{},{}", quoted(&setup.apn), quoted(&setup.user));
    vec![
        ask("AT+CIPSTATUS").until(&["STATE:"]).may_fail().into(),
        ask("AT+CIPSHUT")
            .until(&["SHUT OK"])
            .unless_heard(UP)
            .within(Duration::from_secs(65))
            .into(),
        ask("AT+CIPMUX=0").unless_heard(UP).into(),
        // From here on data wait until they are fetched: that is what holds a far end back.
        ask("AT+CIPRXGET=1").unless_heard(UP).into(),
        ask("AT+CGATT=1")
            .unless_heard(UP)
            .within(Duration::from_secs(75))
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

fn detach() -> Vec<Step> {
    vec![ask("AT+CIPSHUT").until(&["SHUT OK"]).may_fail().within(Duration::from_secs(65)).into()]
}

fn open(setup: &Setup, target: &Target) -> Vec<Step> {
    let Target { host, port } = target;
    vec![
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

fn close() -> Vec<Step> {
    vec![ask("AT+CIPCLOSE").until(&["CLOSE OK", "OK"]).may_fail().into()]
}

/// `+CIPRXGET: 2,11,0`: what follows, and what is left behind it.
fn header(line: &str) -> Option<Fetched> {
    let (count, left) = line.strip_prefix("+CIPRXGET: 2,")?.split_once(',')?;
    let rest = if left.trim() == "0" { Rest::None } else { Rest::Perhaps };
    Some(Fetched { count: count.trim().parse().ok()?, rest })
}

fn sign(line: &str) -> Option<Sign> {
    match line {
        "+CIPRXGET: 1" => Some(Sign::Waiting),
        "CLOSED" => Some(Sign::Closed(Reason::PeerClosed)),
        "+PDP: DEACT" => Some(Sign::SessionLost),
        "RDY" | "NORMAL POWER DOWN" => Some(Sign::Restarted),
        _ => None,
    }
}
