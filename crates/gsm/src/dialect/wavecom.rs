//! Wavecom and Sierra Wireless with WIPsoft: `+WIPCFG`, `+WIPBR`, `+WIPCREATE`, `+WIPDATA` in mode 1.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Attached, Dialect, Knock, Link, Listening, Passing, Sign, Target, Who};
use crate::Reason;
use crate::script::{Ask, Step, ask, quoted};
use crate::setup::Setup;

pub(super) const DIALECT: Dialect = Dialect {
    name: "wavecom",
    known_by: &["WAVECOM", "SIERRA WIRELESS", "WISMO"],
    networks: &["+CREG", "+CGREG"],
    reset: "AT+CFUN=1",
    attach,
    attached: Some(Attached { ask: asks_session, up: STARTED }),
    detach,
    open,
    close,
    link: Link(1),
    listening: Some(Listening {
        open: listen,
        knock,
        who: Some(Who { command: "AT+WIPCREATE?", read: who }),
        answer,
    }),
    passing: Passing::Stuffed,
    sign,
    code,
};

/// The bearer: GPRS.
const STARTED: &[&str] = &["+WIPBR: 6,1"];

fn asks_session() -> Ask {
    ask("AT+WIPBR?").may_fail()
}

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
        asks_session().into(),
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
        ask("AT+WIPDATA=2,1,1").until_data(&["CONNECT"]).means(Reason::Reset).into(),
    ]
}

fn close(Link(link): Link) -> Vec<Step> {
    vec![ask(format!("AT+WIPCLOSE=2,{link}")).may_fail().into()]
}

/// The server's sockets for those who call. One would do, but who calls while another is being hung up would be
/// kept out.
const CALLERS: (u8, u8) = (5, 8);

fn listen(port: u16) -> Vec<Step> {
    let (first, last) = CALLERS;
    vec![
        ask("AT+WIPCREATE?").may_fail().into(),
        ask(format!("AT+WIPCREATE=3,1,{port},{first},{last}"))
            .unless_heard(&["+WIPCREATE: 3,1,"])
            .into(),
    ]
}

/// `+WIPACCEPT: 1,8`
fn knock(line: &str) -> Option<Knock> {
    let link = line.strip_prefix("+WIPACCEPT:")?.trim().strip_prefix("1,")?.parse().ok()?;
    Some(Knock { link: Link(link), from: None })
}

/// `+WIPCREATE: 2,8,4001,"10.0.0.7",50211`
fn who(line: &str, Link(link): Link) -> Option<SocketAddr> {
    let mut values = line.strip_prefix("+WIPCREATE:")?.trim().split(',');
    let is_it = values.next()? == "2" && values.next()?.parse() == Ok(link);
    let (host, port) = (values.nth(1)?, values.next()?);
    let host = host.trim_matches('"').parse().ok()?;
    is_it.then_some(SocketAddr::new(host, port.trim().parse().ok()?))
}

fn answer(Link(link): Link) -> Vec<Step> {
    vec![
        ask(format!("AT+WIPDATA=2,{link},1"))
            .until_data(&["CONNECT"])
            .means(Reason::PeerClosed)
            .into(),
    ]
}

fn sign(line: &str, Link(link): Link) -> Option<Sign> {
    match line {
        "SHUTDOWN" => Some(Sign::Closed(Reason::PeerClosed)),
        "+WIPBR: 6,0" => Some(Sign::SessionLost),
        "CONNECT" => Some(Sign::Streams),
        line => {
            let closed = line.strip_prefix("+WIPPEERCLOSE: 2,")?.parse() == Ok(link);
            closed.then_some(Sign::Closed(Reason::PeerClosed))
        }
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
