//! `+WIPBR`: bearers. The one that works is the host's network.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;

use at::body::ExtendedAct;
use clock::Instant;

use crate::command::{Args, Read, ok};
use crate::limits::{APN, LOGIN, PHONE};
use crate::machine::Awaited;
use crate::memory;
use crate::{
    Action, Addresses, Answer, BearerLost, Bearers as Known, Code, Indication, Memory, Out, Wip,
};

/// Ethernet, in the modules that have it.
const ETHERNET: u8 = 4;
/// A data call over GSM.
const CSD: u8 = 5;
/// GPRS.
const GPRS: u8 = 6;

/// The name of the access point.
const APN_OPTION: u32 = 11;
/// Which context it is.
const CONTEXT: u32 = 14;
/// The addresses: our own, the peer's, and two name servers.
const ADDRESSES: std::ops::RangeInclusive<u32> = 15..=18;

/// The bearers that are open, and the host's addresses once one is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bearers {
    open: BTreeMap<u8, Bearer>,
    addresses: Option<Addresses>,
}

/// An open bearer.
#[derive(Clone, Debug, Default)]
struct Bearer {
    started: Started,
    options: Options,
}

/// What was set of a bearer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options(BTreeMap<u32, Held>);

/// Whether a bearer is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Started {
    #[default]
    No,
    Yes,
}

/// The value of an option.
#[derive(Clone, Debug)]
enum Held {
    Text(String),
    Number(u32),
}

/// What an option takes.
enum Takes {
    Text(usize),
    /// From the first, with which it begins, to the last.
    Number(u32, u32),
    Address,
}

/// The host's network asks for no access point and no login, and there is no PPP: all but the addresses is held and
/// told.
fn takes(option: u32) -> Option<Takes> {
    Some(match option {
        0 | 1 => Takes::Text(LOGIN),
        2 => Takes::Text(PHONE),
        5 => Takes::Number(0, 65_535),
        6..=10 | 12 | 13 | 19 | 20 => Takes::Number(0, 1),
        APN_OPTION => Takes::Text(APN),
        CONTEXT => Takes::Number(1, 4),
        15..=18 => Takes::Address,
        _ => return None,
    })
}

impl Options {
    /// What was set, to be stored: `1=secret 12=1 11=apn`.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (number, held) in &self.0 {
            let gap = if text.is_empty() { "" } else { " " };
            let _ = match held {
                Held::Number(value) => write!(text, "{gap}{number}={value}"),
                Held::Text(value) => write!(text, "{gap}{number}={}", memory::write(value)),
            };
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote. What can't be is as if it had not been set.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut options = BTreeMap::new();
        for (number, value) in text.split(' ').filter_map(|word| word.split_once('=')) {
            let Ok(number) = number.parse() else { continue };
            let held = match takes(number) {
                Some(Takes::Text(most)) => {
                    memory::read(value).filter(|text| text.len() <= most).map(Held::Text)
                }
                Some(Takes::Number(first, last)) => {
                    let number = value.parse().ok();
                    number.filter(|value| (first..=last).contains(value)).map(Held::Number)
                }
                Some(Takes::Address) | None => None,
            };
            options.extend(held.map(|held| (number, held)));
        }
        Self(options)
    }
}

impl Bearers {
    pub(crate) fn close_all(&mut self) {
        *self = Self::default();
    }

    /// Whether sockets can be made.
    pub(crate) fn is_started(&self) -> bool {
        self.open.values().any(|bearer| bearer.started == Started::Yes)
    }

    /// The host's own address, once a bearer is started.
    pub(crate) fn own_address(&self) -> Option<Ipv4Addr> {
        self.addresses.map(|addresses| addresses.local)
    }

    fn state(&self, id: u8) -> u8 {
        u8::from(self.open.get(&id).is_some_and(|bearer| bearer.started == Started::Yes))
    }
}

impl Wip {
    pub(crate) fn bearer_command(
        &mut self,
        now: Instant,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read => {
                let ids = self.bearers.open.keys();
                let line = |id: &u8| format!("+WIPBR: {id},{}", self.bearers.state(*id));
                return Ok(Answer::Ok(ids.map(line).collect()));
            }
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 2, 6)?;
        let act = args.number(0)?;
        let id = self.bearer_id(args.number(1)?)?;
        match (act, args.len()) {
            (0, 2) => self.close_bearer(id, out),
            (1, 2) => self.open_bearer(id),
            (2, 4) => self.set_bearer_option(id, &args),
            (3, 3) => self.bearer_option(id, args.number(2)?),
            (4, 3..=6) => self.start_bearer(now, id, &args, out),
            (5, 2) => self.stop_bearer(id, out),
            (6, 3) if args.number(2)? <= 1 => self.store_bearer(id, args.number(2)?, out),
            _ => Err(Answer::Error),
        }
    }

    fn bearer_id(&self, id: u32) -> Read<u8> {
        match (u8::try_from(id), self.rules.bearers) {
            (Ok(id @ (1 | 2 | CSD | GPRS)), _) => Ok(id),
            (Ok(ETHERNET), Known::WithEthernet) => Ok(ETHERNET),
            _ => Err(Answer::Cme(Code::BAD_VALUE)),
        }
    }

    fn open(&mut self, id: u8) -> Read<&mut Bearer> {
        self.bearers.open.get_mut(&id).ok_or(Answer::Cme(Code::BAD_STACK_STATE))
    }

    fn open_bearer(&mut self, id: u8) -> Read<Answer> {
        self.stack_is_up()?;
        if self.bearers.open.contains_key(&id) {
            return Err(Answer::Cme(Code::BEARER_OPEN));
        }
        let options = self.stored.bearers.get(&id).cloned().unwrap_or_default();
        self.bearers.open.insert(id, Bearer { options, ..Bearer::default() });
        Ok(ok())
    }

    /// Stores what a bearer begins with each time that it is opened, or forgets it.
    fn store_bearer(&mut self, id: u8, store: u32, out: &mut impl Out) -> Read<Answer> {
        let options = match (store, self.open(id)?) {
            (0, _) => Options::default(),
            (_, bearer) => bearer.options.clone(),
        };
        out.keep(Memory::Bearer(id), &options.to_text());
        self.stored.bearers.insert(id, options);
        Ok(ok())
    }

    fn close_bearer(&mut self, id: u8, out: &mut impl Out) -> Read<Answer> {
        if self.open(id)?.started == Started::Yes {
            self.stop_bearer(id, out)?;
        }
        self.bearers.open.remove(&id);
        Ok(ok())
    }

    fn stop_bearer(&mut self, id: u8, out: &mut impl Out) -> Read<Answer> {
        let bearer = self.open(id)?;
        // Clients stop what never started, and go on at OK.
        if bearer.started == Started::Yes {
            bearer.started = Started::No;
            self.bearers.addresses = None;
            self.close_all(out);
        }
        Ok(ok())
    }

    fn set_bearer_option(&mut self, id: u8, args: &Args<'_>) -> Read<Answer> {
        let option = args.number(2)?;
        let takes = takes(option).ok_or(Answer::Cme(Code::BAD_OPTION))?;
        let bearer = self.open(id)?;
        let bad = || Answer::Cme(Code::BAD_VALUE);
        let held = match takes {
            Takes::Text(most) => {
                let text = args.text(3)?;
                if text.len() > most {
                    return Err(bad());
                }
                Held::Text(text.into_owned())
            }
            Takes::Number(first, last) => {
                let number = args.number(3)?;
                if !(first..=last).contains(&number) {
                    return Err(bad());
                }
                Held::Number(number)
            }
            // The host has its own, and keeps them.
            Takes::Address => {
                args.address(3)?;
                return Ok(ok());
            }
        };
        bearer.options.0.insert(option, held);
        Ok(ok())
    }

    fn bearer_option(&mut self, id: u8, option: u32) -> Read<Answer> {
        let takes = takes(option).ok_or(Answer::Cme(Code::BAD_OPTION))?;
        let addresses = self.bearers.addresses.filter(|_| self.bearers.state(id) == 1);
        let bearer = self.open(id)?;
        let value = match (takes, bearer.options.0.get(&option)) {
            _ if ADDRESSES.contains(&option) => format!("\"{}\"", address(addresses, option)),
            (_, Some(Held::Text(text))) => format!("\"{text}\""),
            (_, Some(Held::Number(number))) => number.to_string(),
            (Takes::Text(_) | Takes::Address, None) => "\"\"".to_owned(),
            (Takes::Number(first, _), None) => first.to_string(),
        };
        Ok(Answer::Ok(vec![format!("+WIPBR: {id},{option},{value}")]))
    }

    fn start_bearer(
        &mut self,
        now: Instant,
        id: u8,
        args: &Args<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let mode = args.number(2)?;
        for place in 3..args.len() {
            if args.text(place)?.len() > LOGIN {
                return Err(Answer::Cme(Code::BAD_VALUE));
            }
        }
        let started = self.bearers.is_started();
        self.open(id)?;
        if started {
            return Err(Answer::Cme(Code::BAD_STACK_STATE));
        }
        match (id, mode) {
            (GPRS, 0) => self.radio_serves()?,
            (ETHERNET, 0) => {}
            // There is nobody who could call or be called.
            (CSD, 0) => return Err(Answer::Cme(Code::BEARER_NO_CARRIER)),
            (_, 0 | 1) => return Err(Answer::Cme(Code::NOT_ON_BEARER)),
            _ => return Err(Answer::Error),
        }
        self.begin_bearer(now, id, out);
        Ok(Answer::Waits)
    }

    fn begin_bearer(&mut self, now: Instant, id: u8, out: &mut impl Out) {
        if self.rules.bearer_delay.is_zero() && self.rules.bearer_failure.is_none() {
            self.awaited = Awaited::Bearer(id);
            out.act(Action::Start);
        } else {
            self.awaited = Awaited::Delay(id, now + self.rules.bearer_delay);
        }
    }

    /// Whether a bearer over radio is started, or about to be.
    pub(crate) fn bears_radio(&self) -> bool {
        let starts = matches!(self.awaited, Awaited::Bearer(GPRS) | Awaited::Delay(GPRS, _));
        starts || self.bearers.state(GPRS) == 1
    }

    /// The context that the bearer over radio is, with its address, once it is started.
    pub fn context(&self) -> Option<(u8, Ipv4Addr)> {
        let bearer = self.bearers.open.get(&GPRS)?;
        let address = self.bearers.addresses.filter(|_| bearer.started == Started::Yes)?.local;
        let number = match (self.is_edsoft(), bearer.options.0.get(&CONTEXT)) {
            (true, _) => self.edsoft.context(),
            (false, Some(Held::Number(number))) => u8::try_from(*number).ok(),
            (false, _) => None,
        };
        Some((number.unwrap_or(1), address))
    }

    /// Starts the usual bearer, open or not.
    pub(crate) fn begin_gprs(&mut self, now: Instant, out: &mut impl Out) {
        self.bearers.open.entry(GPRS).or_default();
        self.begin_bearer(now, GPRS, out);
    }

    /// The pause before a bearer starts, or doesn't, is over.
    pub(crate) fn delay_over(&mut self, id: u8, out: &mut impl Out) {
        self.awaited = Awaited::Bearer(id);
        match self.rules.bearer_failure {
            Some(code) => self.bearer_failed(code, out),
            None => out.act(Action::Start),
        }
    }

    pub(crate) fn bearer_started(&mut self, addresses: Addresses, out: &mut impl Out) {
        let Awaited::Bearer(id) = self.awaited else { return };
        self.awaited = Awaited::Nothing;
        let Some(bearer) = self.bearers.open.get_mut(&id) else { return };
        bearer.started = Started::Yes;
        self.bearers.addresses = Some(addresses);
        self.ends(ok(), out);
    }

    pub(crate) fn bearer_failed(&mut self, code: Code, out: &mut impl Out) {
        if matches!(self.awaited, Awaited::Bearer(_)) {
            self.awaited = Awaited::Nothing;
            self.ends(Answer::Cme(code), out);
        }
    }

    /// The network is gone from under the bearer that was started.
    pub(crate) fn bearer_lost(&mut self, out: &mut impl Out) {
        self.bearers.addresses = None;
        for (id, bearer) in &mut self.bearers.open {
            let was = std::mem::take(&mut bearer.started);
            if was == Started::Yes && self.rules.bearer_lost == BearerLost::Told {
                out.indicate(Indication::Line(format!("+WIPBR: {id},0")));
            }
        }
    }
}

fn address(addresses: Option<Addresses>, option: u32) -> Ipv4Addr {
    let Some(Addresses { local, gateway, name_servers: [first, second] }) = addresses else {
        return Ipv4Addr::UNSPECIFIED;
    };
    match option {
        15 => local,
        16 => gateway,
        17 => first,
        _ => second,
    }
}
