//! Quectel's LTE and UMTS modules: `AT+QI…`, one connection in buffer mode.

use std::time::Duration;

use super::{Counted, Dialect, Fetched, Passing, Rest, Sign, Target};
use crate::Reason;
use crate::script::{Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "quectel",
    known_by: &["QUECTEL"],
    networks: &["+CREG", "+CGREG", "+CEREG"],
    reset: "AT+CFUN=1,1",
    attach,
    detach,
    open,
    close,
    passing: Passing::Counted(Counted {
        send: |count| format!("AT+QISEND=0,{count}"),
        sent: "SEND OK",
        full: Some("SEND FAIL"),
        fetch: |most| format!("AT+QIRD=0,{most}"),
        header,
    }),
    sign,
    code,
};

const UP: &[&str] = &["+QIACT: 1,1"];

fn attach(setup: &Setup) -> Vec<Step> {
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    // 3: PAP or CHAP, as the network likes.
    let login = if setup.user.is_empty() { 0 } else { 3 };
    let names = format!("{},{}", quoted(&setup.apn), quoted(&setup.user));
    vec![
        ask("AT+QIACT?").may_fail().into(),
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

fn close() -> Vec<Step> {
    vec![ask("AT+QICLOSE=0").may_fail().within(Duration::from_secs(15)).into()]
}

/// `+QIRD: 11`; nothing waits when it is 0.
fn header(line: &str) -> Option<Fetched> {
    let count = line.strip_prefix("+QIRD:")?.trim().split(',').next()?.parse().ok()?;
    Some(Fetched { count, rest: if count == 0 { Rest::None } else { Rest::Perhaps } })
}

fn sign(line: &str) -> Option<Sign> {
    if line.starts_with("+QIURC: \"recv\",0") {
        return Some(Sign::Waiting);
    }
    if line.starts_with("+QIURC: \"closed\",0") {
        return Some(Sign::Closed(Reason::PeerClosed));
    }
    if line.starts_with("+QIURC: \"pdpdeact\",1") {
        return Some(Sign::SessionLost);
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
