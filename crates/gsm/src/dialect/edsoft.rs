//! Wavecom before WIPsoft, as the Q2406 has it: eDsoft's `AT#…`, with ETX and DLE (`#DLEMODE=1`).

use std::time::Duration;

use super::{Dialect, Link, Passing, Sign, Target};
use crate::Reason;
use crate::script::{Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "edsoft",
    known_by: &["Q2406", "Q2403", "Q2426"],
    networks: &["+CREG", "+CGREG"],
    reset: "AT+CFUN=1",
    attach,
    // No command asks it.
    attached: None,
    detach,
    open,
    close,
    link: Link(1),
    // No fact tells how.
    listening: None,
    passing: Passing::Stuffed,
    sign,
    code,
};

/// How it says that the session is up, in the spellings of programs and of the manual; and by number.
const ACTIVE: &[&str] = &["Ok_Info_GprsActivation", "OK_Info_GPRSActivation", "3086"];

const OPEN: &[&str] = &["Ok_Info_WaitingForData", "OK_Info_WaitingForData", "1028"];

const CLOSED: [&str; 3] = ["Ok_Info_SocketClosed", "OK_Info_SocketClosed", "3074"];

fn attach(setup: &Setup) -> Vec<Step> {
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    vec![
        ask("AT+WOPEN?").may_fail().into(),
        ask("AT+WOPEN=1").if_heard(&["+WOPEN: 0"]).may_fail().then_wait(setup.boot).into(),
        ask(format!("AT#APNSERV={}", quoted(&setup.apn))).into(),
        ask(format!("AT#APNUN={}", quoted(&setup.user))).into(),
        ask(format!("AT#APNPW={}", quoted(password))).hidden("AT#APNPW=(hidden)").into(),
        ask("AT#PPPMODE=1").may_fail().into(),
        ask("AT#GPRSMODE=1").may_fail().into(),
        ask("AT#GPRSCID=1").may_fail().into(),
        ask("AT+CGATT=1")
            .within(setup.session_within.min(Duration::from_secs(75)))
            .means(Reason::NoSession(None))
            .into(),
        // One that is up says so, or refuses to be it twice.
        ask("AT#CONNECTIONSTOP").until(&["Ok_Info", "OK_Info", "OK"]).may_fail().into(),
        ask("AT#CONNECTIONSTART")
            .until(ACTIVE)
            .within(setup.session_within)
            .means(Reason::NoSession(None))
            .late(Reason::NoSession(None))
            .into(),
    ]
}

fn detach() -> Vec<Step> {
    vec![ask("AT#CONNECTIONSTOP").until(&["Ok_Info", "OK_Info", "OK"]).may_fail().into()]
}

fn open(setup: &Setup, target: &Target) -> Vec<Step> {
    let Target { host, port } = target;
    vec![
        ask(format!("AT#TCPSERV={}", quoted(host))).into(),
        ask(format!("AT#TCPPORT=\"{port}\"")).into(),
        ask("AT#DLEMODE=1").into(),
        ask("AT#OTCP")
            .until_data(OPEN)
            .within(setup.open_within)
            .means(Reason::Unreachable)
            .late(Reason::TimedOut)
            .into(),
    ]
}

fn close(_: Link) -> Vec<Step> {
    Vec::new()
}

fn sign(line: &str, _: Link) -> Option<Sign> {
    // A number by itself: longer ones are the module's own, or its card's.
    let is = |word: &str| line == word || line.starts_with(word) && word.starts_with(['O', 'o']);
    let is_any = |words: &[&str]| words.iter().any(|word| is(word));
    if is_any(&CLOSED) {
        return Some(Sign::Closed(Reason::PeerClosed));
    }
    is_any(OPEN).then_some(Sign::Streams)
}

fn code(code: u16) -> Option<Reason> {
    match code {
        35865 | 49155 => Some(Reason::NoSession(Some(code))),
        _ => None,
    }
}
