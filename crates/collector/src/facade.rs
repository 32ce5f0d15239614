//! Sites for any SCADA: Modbus TCP on one side, a site's call on the other.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use exchange::Event;
use gateway::{AskError, Units, serve};
use modbus::UnitId;
use modbus::master::{Outcome, Question};
use modbus::pdu::{Function, Request};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::collector::Collector;
use crate::config::{FacadeConfig, Writes};

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
            let serving = serve(name.clone(), listener, front.clone(), access.clone(), *clients);
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
    async fn ask(
        &self,
        unit: UnitId,
        question: Question,
        client: SocketAddr,
    ) -> Result<Outcome, AskError> {
        let away = |words: &str| AskError::NoWay(words.to_owned());
        let (site, unit) = self.map.find(unit).ok_or_else(|| away("no site has this unit"))?;
        let site = self.collector.site(site).ok_or_else(|| away("there is no such site"))?;
        let writes = !only_reads(&question);
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
            self.collector.call(&site).unwrap_or_else(|why| {
                tracing::debug!(site = site.name(), "not called: {why}");
            });
            if tokio::time::timeout(patience.0, site.comes()).await.is_err() {
                return Err(away("the site doesn't answer our call"));
            }
        }
        let words = writes.then(|| describe(&question));
        let outcome = site.ask(unit, question, 0).await;
        if let (Some(words), Ok(_)) = (words, &outcome) {
            let event = Event::new("site-write")
                .with("facade", &self.config.name)
                .with("from", &client.to_string())
                .with("unit", &unit.to_string())
                .with("ask", &words);
            self.collector.shared().note_client(site.name(), event);
        }
        outcome
    }
}

/// Whether a question changes nothing. What isn't known might.
fn only_reads(question: &Question) -> bool {
    match question {
        Question::Known(request, _) => {
            matches!(
                request.function(),
                Function::ReadCoils
                    | Function::ReadDiscreteInputs
                    | Function::ReadHoldingRegisters
                    | Function::ReadInputRegisters
                    | Function::ReadExceptionStatus
                    | Function::ReadEventCounter
                    | Function::ReadEventLog
                    | Function::ReportServerId
                    | Function::ReadFiles
                    | Function::ReadFifo
            ) || matches!(request, Request::ReadIdentification { .. })
        }
        Question::Foreign(_) => false,
    }
}

fn describe(question: &Question) -> String {
    let pdu = match question {
        Question::Known(request, _) => request.encode(),
        Question::Foreign(pdu) => pdu.clone(),
    };
    pdu.bytes().iter().take(32).map(|byte| format!("{byte:02x}")).collect()
}
