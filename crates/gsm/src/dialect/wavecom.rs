//! Wavecom and Sierra Wireless with WIPsoft: `+WIPCFG`, `+WIPBR`, `+WIPCREATE`, `+WIPDATA` in mode 1.

use std::time::Duration;

use super::{Dialect, Passing, Sign, Target};
use crate::Reason;
use crate::script::{Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "wavecom",
    known_by: &["WAVECOM", "SIERRA WIRELESS", "WISMO"],
    networks: &["+CREG", "+CGREG"],
    reset: "AT+CFUN=1",
    attach,
    detach,
    open,
    close,
    passing: Passing::Stuffed,
    sign,
    code,
};

/// The bearer: GPRS.
const STARTED: &[&str] = &["+WIPBR: 6,1"];

fn attach(setup: &Setup) -> Vec<Step> {
    let option = |number: u8, value: &str| {
        // What stands there from before goes on to hold for a bearer that is up.
        ask(format!("AT+WIPBR=2,6,{number},{}", quoted(value))).unless_heard(STARTED)
    };
    let password = setup.password.as_ref().map_or("", |password| password.expose());
    vec![
        // Modules that have it built in know no such command.
        ask("AT+WOPEN?").may_fail().into(),
        // It starts anew when that changes anything.
        ask("AT+WOPEN=1").if_heard(&["+WOPEN: 0"]).then_wait(setup.boot).into(),
        ask("AT+CMEE=1").if_heard(&["+WOPEN: 0"]).may_fail().into(),
        ask("AT+WIPCFG=1").fine(&[844]).into(),
        ask("AT+WIPBR?").may_fail().into(),
        ask("AT+WIPBR=1,6").fine(&[804]).unless_heard(STARTED).into(),
        option(11, &setup.apn).into(),
        option(0, &setup.user).into(),
        option(1, password).hidden("AT+WIPBR=2,6,1,(hidden)").into(),
        ask("AT+WIPBR=4,6,0")
            .fine(&[803])
            .unless_heard(STARTED)
            .within(setup.session_within)
            .means(Reason::NoSession(None))
            .late(Reason::NoSession(None))
            .into(),
    ]
}

fn detach() -> Vec<Step> {
    vec![
        ask("AT+WIPBR=5,6").may_fail().within(Duration::from_secs(30)).into(),
        ask("AT+WIPBR=0,6").may_fail().into(),
        ask("AT+WIPCFG=0").may_fail().into(),
    ]
}

fn open(setup: &Setup, target: &Target) -> Vec<Step> {
    let Target { host, port } = target;
    vec![
        // A socket that an earlier call has left; as a rule there is none.
        ask("AT+WIPCLOSE=2,1").may_fail().into(),
        ask(format!("AT+WIPCREATE=2,1,{},{port}", quoted(host)))
            .until(&["+WIPREADY: 2,1"])
            .fails(&[("+WIPERROR: 2,1", Reason::Unreachable)])
            .means(Reason::Unreachable)
            .within(setup.open_within)
            .late(Reason::TimedOut)
            .into(),
        ask("AT+WIPDATA=2,1,1").until(&["CONNECT"]).means(Reason::Reset).into(),
    ]
}

fn close() -> Vec<Step> {
    vec![ask("AT+WIPCLOSE=2,1").may_fail().into()]
}

fn sign(line: &str) -> Option<Sign> {
    match line {
        "SHUTDOWN" | "+WIPPEERCLOSE: 2,1" => Some(Sign::Closed(Reason::PeerClosed)),
        "+WIPBR: 6,0" => Some(Sign::SessionLost),
        _ => None,
    }
}

fn code(code: u16) -> Option<Reason> {
    Some(match code {
        805 | 807..=809 | 812..=818 | 847 | 848 => Reason::NoSession(Some(code)),
        810 => Reason::NoSim,
        811 => Reason::PinNeeded,
        841 => Reason::PeerClosed,
        842 => Reason::Unreachable,
        843 | 849 => Reason::Reset,
        _ => return None,
    })
}
