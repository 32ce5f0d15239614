//! Sites for any SCADA: Modbus TCP on one side, a site's call on the other.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Event, NotCalled};
use gateway::{AskError, Manners, Units, serve};
use modbus::UnitId;
use modbus::address::{Address, Range, Table};
use modbus::master::{Failure, Full, Outcome, Question};
use modbus::pdu::{Dialect, Exception, Pdu, PduError, Request, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::collector::{CallError, Collector};
use crate::config::{FacadeConfig, Writes};
use crate::site::{Dial, Site};

/// A running facade. Dropped, it ends: its clients are disconnected and its port is given back.
#[derive(Debug)]
pub struct Facade {
    config: FacadeConfig,
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
}

/// Why a facade can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("facade `{name}` can't listen at {address}")]
pub struct FacadeError {
    name: String,
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

impl Facade {
    /// Listens for clients.
    ///
    /// # Errors
    /// It can't.
    pub async fn start(config: FacadeConfig, collector: &Collector) -> Result<Self, FacadeError> {
        let mut listeners = Vec::new();
        for address in &config.listen.0 {
            let failed =
                |source| FacadeError { name: config.name.clone(), address: *address, source };
            listeners.push(TcpListener::bind(address).await.map_err(failed)?);
        }
        let front = Front {
            collector: collector.clone(),
            map: Arc::new(Map::new(&config)),
            config: Arc::new(config.clone()),
        };
        let mut facade = Self { config, addresses: Vec::new(), tasks: JoinSet::new() };
        for listener in listeners {
            facade.addresses.extend(listener.local_addr());
            let FacadeConfig { name, access, clients, .. } = &facade.config;
            let manners = Manners { access: access.clone(), ..Manners::open(*clients) };
            let serving = serve(name.clone(), listener, front.clone(), manners);
            facade.tasks.spawn(serving);
        }
        Ok(facade)
    }

    /// What it runs by.
    pub const fn config(&self) -> &FacadeConfig {
        &self.config
    }

    /// Where clients connect.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends it; where it listened is free when this returns.
    pub async fn shut_down(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Which unit of the facade is whose.
#[derive(Debug)]
struct Map {
    site: Option<String>,
    units: HashMap<u8, (String, Option<u8>)>,
}

impl Map {
    fn new(config: &FacadeConfig) -> Self {
        let unit = |(unit, target): (&String, &String)| {
            let (site, own) = match target.split_once(' ') {
                Some((site, own)) => (site, own.parse().ok()),
                None => (target.as_str(), None),
            };
            Some((unit.parse().ok()?, (site.to_owned(), own)))
        };
        Self { site: config.site.clone(), units: config.units.iter().filter_map(unit).collect() }
    }

    /// The site, and which of its units.
    fn find(&self, unit: UnitId) -> Option<(&str, UnitId)> {
        if let Some(site) = &self.site {
            return Some((site, unit));
        }
        let (site, own) = self.units.get(&unit.0)?;
        Some((site, UnitId(own.unwrap_or(1))))
    }
}

#[derive(Clone)]
struct Front {
    collector: Collector,
    config: Arc<FacadeConfig>,
    map: Arc<Map>,
}

impl Units for Front {
    fn question(&self, unit: UnitId, pdu: Pdu) -> Result<Question, PduError> {
        let found = self.map.find(unit);
        match found.and_then(|(site, own)| Some((self.collector.site(site)?, own))) {
            Some((site, own)) => Question::of_wide(pdu, own, &site.shelf().config.wide()),
            // Nobody will be asked.
            None => Question::of(pdu),
        }
    }

    async fn ask(
        &self,
        unit: UnitId,
        question: Question,
        client: SocketAddr,
    ) -> Result<Outcome, AskError> {
        let away = |words: &str| AskError::NoWay(words.to_owned());
        let (site, unit) = self.map.find(unit).ok_or_else(|| away("no site has this unit"))?;
        let site = self.collector.site(site).ok_or_else(|| away("there is no such site"))?;
        let writes = !question.only_reads();
        if writes
            && (self.config.writes == Writes::Refuse
                || site.shelf().config.writes == Writes::Refuse)
        {
            return Err(AskError::Forbidden);
        }
        // Nobody answers a broadcast, and nobody would see what it did.
        if unit.is_broadcast() {
            return Err(AskError::Forbidden);
        }
        if !site.is_on_line()
            && let Some(patience) = self.config.call
        {
            self.reach(&site, patience.0).await?;
        }
        if !writes {
            return site.ask(unit, question, 0).await;
        }
        // A facade that ends in the middle of it leaves no write without its entry.
        let front = self.clone();
        let writing = async move { front.write(&site, unit, question, client).await };
        tokio::spawn(writing).await.unwrap_or(Err(Failure::Silent.into()))
    }
}

impl Front {
    /// Writes to a site, and puts it on record.
    async fn write(
        &self,
        site: &Site,
        unit: UnitId,
        question: Question,
        client: SocketAddr,
    ) -> Result<Outcome, AskError> {
        let words = describe(&question);
        let (old, new) = match &question {
            Question::Known(request, dialect) => {
                (before(site, unit, (request, *dialect)).await, written(request))
            }
            Question::Foreign(_) => (String::new(), String::new()),
        };
        let event = |what| {
            Event::new(what)
                .with("facade", &self.config.name)
                .with("from", &client.to_string())
                .with("unit", &unit.to_string())
                .with("ask", &words)
                .with("old", &old)
                .with("new", &new)
        };
        let shared = self.collector.shared();
        if !shared.keeps_record() {
            // What can't be told later doesn't happen: the client may come again.
            return Err(AskError::Full(Full));
        }
        // Whoever is killed before he has its answer has said so. A site that isn't there has a client ask every second.
        let goes = site.is_on_line();
        if goes {
            shared.note_client(site.name(), event("site-writing"));
        }
        let outcome = match site.ask(unit, question, 0).await {
            // That there was no way to it would mean that nothing was written.
            Err(AskError::Failed(Failure::Closed)) => Err(Failure::Silent.into()),
            outcome => outcome,
        };
        let event = match &outcome {
            Ok(Outcome::Answer(answer)) if answer.function() & 0x80 == 0 => event("site-write"),
            Ok(Outcome::Answer(answer)) if !is_unknown(answer) => {
                event("site-write-failed").with("why", "refused")
            }
            // It may have been carried out for all that.
            Ok(_) | Err(AskError::Failed(_)) => {
                event("site-write-failed").with("why", "nobody has answered")
            }
            Err(_) if goes => event("site-write-failed").with("why", "it was never sent"),
            Err(_) => return outcome,
        };
        shared.note_client(site.name(), event);
        outcome
    }

    /// Has a site called, and waits until it is there.
    async fn reach(&self, site: &Site, patience: Duration) -> Result<(), AskError> {
        let away = |words: &str| AskError::NoWay(words.to_owned());
        let wait = match site.may_dial(patience) {
            Dial::Wait(rest) => rest,
            Dial::Rest => return Err(away("the site was called a moment ago and didn't answer")),
            Dial::Now => {
                match self.collector.call(site) {
                    // Somebody else has it called already, or all who call are busy for a moment.
                    Ok(()) | Err(CallError::NotCalled(NotCalled::Busy)) => {}
                    Err(why) => return Err(AskError::NoWay(why.to_string())),
                }
                patience
            }
        };
        let came = tokio::time::timeout(wait, site.comes()).await;
        came.map_err(|_| away("the site doesn't answer our call"))
    }
}

/// What stands where something is about to be written, for the record; where it can't be read it isn't known.
async fn before(site: &Site, unit: UnitId, (request, dialect): (&Request, Dialect)) -> String {
    let registers = |number, words: usize| {
        let count = u16::try_from(words).unwrap_or(u16::MAX) / dialect.words();
        let first = Address { table: Table::HoldingRegisters, number };
        Range { first, count }.read_as(dialect)
    };
    let read = match request {
        Request::WriteCoil { address, .. } => Request::read_coils(*address, 1),
        Request::WriteCoils { address, bits } => {
            Request::read_coils(*address, u16::try_from(bits.iter().count()).unwrap_or(u16::MAX))
        }
        Request::WriteRegister { address, .. } | Request::MaskWriteRegister { address, .. } => {
            Request::read_holding_registers(*address, 1)
        }
        Request::WriteWideRegister { address, .. } => registers(*address, 2),
        Request::WriteRegisters { address, words, .. } => registers(*address, words.len()),
        Request::ReadWriteRegisters { address, words, .. } => registers(*address, words.len()),
        _ => return String::new(),
    };
    let Ok(read) = read else { return "unknown".to_owned() };
    match site.ask(unit, Question::Known(read.clone(), dialect), 0).await {
        Ok(Outcome::Answer(pdu)) => match read.accept(&pdu, dialect) {
            Ok(Response::ReadCoils(bits)) => {
                bits.iter().take(KEPT).map(u8::from).map(digit).collect()
            }
            Ok(Response::ReadHoldingRegisters(words)) => list(&words),
            _ => "unknown".to_owned(),
        },
        _ => "unknown".to_owned(),
    }
}

/// What is written, for the record.
fn written(request: &Request) -> String {
    match request {
        Request::WriteCoil { on, .. } => u8::from(*on).to_string(),
        Request::WriteCoils { bits, .. } => {
            bits.iter().take(KEPT).map(u8::from).map(digit).collect()
        }
        Request::WriteRegister { value, .. } => value.to_string(),
        Request::WriteWideRegister { value, .. } => {
            list(&[(value >> 16) as u16, (value & 0xffff) as u16])
        }
        Request::WriteRegisters { words, .. } => list(words),
        Request::ReadWriteRegisters { words, .. } => list(words),
        Request::MaskWriteRegister { and, or, .. } => format!("and {and:#06x} or {or:#06x}"),
        _ => String::new(),
    }
}

/// Values of a write that are put on record: a record isn't as long as the longest write.
const KEPT: usize = 32;

const fn digit(bit: u8) -> char {
    if bit == 0 { '0' } else { '1' }
}

fn list(words: &[u16]) -> String {
    let shown: Vec<_> = words.iter().take(KEPT).map(u16::to_string).collect();
    shown.join(" ")
}

/// Whether an answer leaves it open what has been done: whoever stands between has heard nothing, or the unit is still
/// at it.
fn is_unknown(answer: &Pdu) -> bool {
    let open = [Exception::GatewayTargetFailed, Exception::Acknowledge];
    answer.bytes().get(1).is_some_and(|code| open.contains(&Exception::of(*code)))
}

fn describe(question: &Question) -> String {
    let pdu = match question {
        Question::Known(request, _) => request.encode(),
        Question::Foreign(pdu) => pdu.clone(),
    };
    pdu.bytes().iter().take(32).map(|byte| format!("{byte:02x}")).collect()
}
