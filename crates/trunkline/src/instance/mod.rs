//! A running instance: the lines and the exchange that a configuration describes.

#[cfg(feature = "exchange")]
mod accounts;
#[cfg(feature = "exchange")]
mod dialler;
#[cfg(feature = "modbus")]
mod gateways;
#[cfg(feature = "web")]
mod hall;
#[cfg(feature = "web")]
mod house;
#[cfg(feature = "exchange")]
mod inward;
#[cfg(feature = "modems")]
mod modems;
#[cfg(feature = "translator")]
mod modules;
#[cfg(feature = "configuration")]
mod orders;
#[cfg(not(feature = "configuration"))]
#[path = "no_orders.rs"]
mod orders;
#[cfg(feature = "web")]
mod page;
mod plan;
#[cfg(feature = "store")]
mod records;
#[cfg(not(feature = "store"))]
#[path = "no_records.rs"]
mod records;
#[cfg(feature = "configuration")]
mod reload;
#[cfg(feature = "configuration")]
mod report;
mod serve;
#[cfg(feature = "collector")]
mod sites;
#[cfg(all(feature = "collector", feature = "web"))]
mod sites_page;
#[cfg(feature = "collector")]
mod standing;
mod start;
#[cfg(feature = "station")]
mod station;
#[cfg(any(feature = "modems", feature = "translator"))]
mod trunks;
#[cfg(feature = "store")]
mod watch;
#[cfg(not(feature = "store"))]
#[path = "no_watch.rs"]
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use line::{LineConfig, Switchboard};
use records::Records;

#[cfg(feature = "exchange")]
use crate::launcher::Hand;

#[cfg(feature = "exchange")]
pub(crate) use accounts::{pepper, pepper_path};
#[cfg(feature = "exchange")]
use exchange::Exchange;
pub(crate) use orders::Orders;
#[cfg(feature = "web")]
pub(crate) use page::{FIRST_OPERATOR, Page, tls as page_tls};
#[cfg(feature = "exchange")]
pub(crate) use plan::Answering;
pub(crate) use plan::Plan;
pub(crate) use serve::serve;
#[cfg(feature = "collector")]
pub(crate) use sites::Sites;
#[cfg(feature = "exchange")]
pub(crate) use start::StartError;
#[cfg(feature = "exchange")]
use start::exchange;

/// What runs. It is shared by the loop that changes it and the control socket that asks about it.
pub(crate) struct Instance {
    board: Arc<Switchboard>,
    records: Records,
    /// Who starts programs, if this process can't.
    #[cfg(feature = "exchange")]
    launcher: Option<Hand>,
    /// Lines that could not be opened so far, with what stood in their way.
    waiting: Mutex<Vec<Waiting>>,
    #[cfg(feature = "exchange")]
    exchange: Arc<Mutex<Option<Exchange>>>,
    #[cfg(feature = "modems")]
    rack: rack::Rack,
    #[cfg(feature = "translator")]
    modules: translator::Modules,
    #[cfg(feature = "modbus")]
    gateways: Arc<gateways::Gateways>,
    #[cfg(feature = "station")]
    station: station::Site,
    #[cfg(feature = "collector")]
    sites: sites::Centre,
    /// What the exchange runs by, for a change of the store's accounts alone.
    #[cfg(feature = "exchange")]
    answering: Mutex<Option<Answering>>,
    /// Where what outlives a restart is kept.
    #[cfg(feature = "web")]
    state: Option<std::path::PathBuf>,
    #[cfg(feature = "web")]
    page: Mutex<Option<web::Server>>,
}

/// A line that could not be opened.
struct Waiting {
    config: LineConfig,
    reason: String,
}

/// Why a line could not be opened this time.
struct Unopened {
    reason: String,
    is_known: bool,
}

impl Unopened {
    fn complain(&self) {
        // The same complaint every few seconds is no news.
        if !self.is_known {
            let pause = crate::time::span(crate::limits::RETRY);
            tracing::error!("{}; trying again every {pause}", self.reason);
        }
    }
}

impl Instance {
    /// Opens a line, or puts it down to be tried again.
    fn open(&self, config: LineConfig) -> Result<(), String> {
        self.try_to_open(config).map_err(|unopened| {
            unopened.complain();
            unopened.reason
        })
    }

    fn try_to_open(&self, config: LineConfig) -> Result<(), Unopened> {
        let error = match self.board.start(config.clone()) {
            Ok(_) => {
                self.waiting().retain(|waiting| waiting.config.name != config.name);
                return Ok(());
            }
            Err(error) => error,
        };
        let reason =
            format!("line `{}` can't be opened: {}", config.name, crate::failure::chain(&error));
        let news = Waiting { config, reason: reason.clone() };
        let mut waiting = self.waiting();
        let known = waiting.iter_mut().find(|waiting| waiting.config.name == news.config.name);
        let is_known = known.as_ref().is_some_and(|known| known.reason == reason);
        match known {
            Some(known) => *known = news,
            None => waiting.push(news),
        }
        Err(Unopened { reason, is_known })
    }

    /// Tries again to open what could not be opened.
    fn retry(&self) {
        let configs: Vec<_> = self.waiting().iter().map(|waiting| waiting.config.clone()).collect();
        configs.into_iter().for_each(|config| drop(self.open(config)));
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        lock(&self.waiting)
    }

    #[cfg(feature = "exchange")]
    fn answers(&self) -> bool {
        lock(&self.exchange).is_some()
    }

    #[cfg(not(feature = "exchange"))]
    fn answers(&self) -> bool {
        false
    }

    /// In one line: how much of everything there is.
    fn summary(&self) -> String {
        let mut parts = Vec::new();
        match self.board.lines().len() {
            0 => {}
            1 => parts.push("1 line".to_owned()),
            lines => parts.push(format!("{lines} lines")),
        }
        match self.waiting().len() {
            0 => {}
            1 => parts.push("1 line that can't be opened".to_owned()),
            waiting => parts.push(format!("{waiting} lines that can't be opened")),
        }
        #[cfg(feature = "station")]
        if let Some(name) = self.station.name() {
            parts.push(format!("the station {name}"));
        }
        #[cfg(feature = "exchange")]
        if let Some(exchange) = &*lock(&self.exchange) {
            let places: Vec<String> =
                exchange.listeners().iter().map(ToString::to_string).collect();
            parts.push(format!("an exchange at {}", places.join(", ")));
        }
        match parts.is_empty() {
            true => "no lines".to_owned(),
            false => parts.join(", "),
        }
    }

    /// Ends all calls in order, then everything; what takes too long is cut.
    async fn stop(&self) {
        // First, so that nobody sees a house that falls apart.
        #[cfg(feature = "web")]
        drop(lock(&self.page).take());
        // While there are modems to end its call with.
        #[cfg(feature = "station")]
        self.station.stop().await;
        let lines = self.board.shut_down(crate::limits::SHUT_DOWN);
        #[cfg(feature = "exchange")]
        {
            let running = lock(&self.exchange).take();
            let exchange = async {
                if let Some(exchange) = running {
                    exchange.shut_down(crate::limits::SHUT_DOWN).await;
                }
            };
            tokio::join!(lines, exchange);
        }
        #[cfg(feature = "modbus")]
        self.gateways.stop().await;
        #[cfg(feature = "collector")]
        self.sites.stop().await;
        // Now that their calls are over.
        #[cfg(feature = "modems")]
        self.rack.shut_down().await;
        #[cfg(feature = "translator")]
        self.modules.shut_down().await;
        #[cfg(not(feature = "exchange"))]
        lines.await;
        self.records.close().await;
    }
}

/// Nothing under these locks stops half-way, so what a panic left behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
