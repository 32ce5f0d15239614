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
use records::{Records, RecordsError};

use crate::launcher::Hand;

#[cfg(feature = "exchange")]
use accounts::AccountsError;
#[cfg(feature = "exchange")]
pub(crate) use accounts::{pepper, pepper_path};
#[cfg(feature = "exchange")]
use exchange::Exchange;
pub(crate) use orders::Orders;
#[cfg(feature = "web")]
pub(crate) use page::{FIRST_OPERATOR, Page, PageError, tls as page_tls};
#[cfg(feature = "exchange")]
pub(crate) use plan::Answering;
pub(crate) use plan::Plan;
pub(crate) use serve::serve;
#[cfg(feature = "collector")]
pub(crate) use sites::Sites;

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

/// Why an instance could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The system can't watch pseudo-terminals.
    #[error("can't watch for programs that open pseudo-terminals")]
    Watch(#[source] std::io::Error),
    /// Not one line could be opened, and nothing else is to run.
    #[error("{0}")]
    NothingRuns(String),
    /// The store can't be used.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The station's store can't be had.
    #[cfg(feature = "station")]
    #[error("can't start the station")]
    Station(#[from] ::station::ShelfError),
    /// The exchange can't be set up.
    #[cfg(feature = "exchange")]
    #[error(transparent)]
    Exchange(#[from] exchange::StartError),
    /// The accounts can't be had.
    #[cfg(feature = "exchange")]
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The page can't be opened.
    #[cfg(feature = "web")]
    #[error(transparent)]
    Page(#[from] PageError),
}

impl Instance {
    /// Starts everything in `plan`. A line that can't be opened doesn't stop the others; it is
    /// tried again later. Must be called inside the runtime that is to carry it all.
    ///
    /// # Errors
    /// Nothing could be started, or the exchange could not.
    pub(crate) fn start(plan: Plan, launcher: Option<Hand>) -> Result<Arc<Self>, StartError> {
        #[cfg(not(feature = "exchange"))]
        let None = launcher;
        let records = Records::open(&plan)?;
        let state = plan.state.or_else(crate::place::state);
        let board = Switchboard::new(plan.personas, state.clone()).map_err(StartError::Watch)?;
        records.keep_for(&board);
        board.set_phonebook(plan.phonebook);
        let board = Arc::new(board);
        #[cfg(feature = "exchange")]
        let exchange = Arc::new(Mutex::new(None));
        // Sites are known before anybody can call: after an outage they do, all at once.
        #[cfg(feature = "collector")]
        let centre = sites::Centre::new(records.store(), &exchange);
        #[cfg(feature = "collector")]
        centre.set(plan.sites);
        #[cfg(feature = "exchange")]
        if let Some(config) = &plan.answering {
            let answering = self::exchange(config, &records, &board, launcher.clone())?;
            *lock(&exchange) = Some(answering);
        }
        #[cfg(feature = "collector")]
        centre.settle();
        #[cfg(feature = "collector")]
        centre.attach();
        #[cfg(feature = "translator")]
        let modules = translator::Modules::new(state.clone());
        #[cfg(feature = "station")]
        let station = station::Site::new(station::Phones {
            phone: dialler::Phone(Arc::downgrade(&board)),
            #[cfg(feature = "translator")]
            modules: modules.clone(),
        });
        #[cfg(all(feature = "modems", feature = "station"))]
        let rack = modems::rack(&exchange, station.door());
        // Nobody can be answered for.
        #[cfg(all(feature = "modems", not(feature = "station")))]
        let rack = modems::rack(&exchange, carrier::Call::reset);
        #[cfg(any(feature = "modems", feature = "translator"))]
        board.use_trunks(Arc::new(trunks::Both {
            #[cfg(feature = "modems")]
            rack: rack.clone(),
            #[cfg(feature = "translator")]
            modules: modules.clone(),
        }));
        let instance = Self {
            board: Arc::clone(&board),
            waiting: Mutex::default(),
            #[cfg(feature = "exchange")]
            launcher,
            #[cfg(feature = "exchange")]
            exchange,
            #[cfg(feature = "modems")]
            rack,
            #[cfg(feature = "translator")]
            modules,
            #[cfg(feature = "modbus")]
            gateways: Arc::default(),
            #[cfg(feature = "station")]
            station,
            #[cfg(feature = "collector")]
            sites: centre,
            #[cfg(feature = "exchange")]
            answering: Mutex::new(plan.answering),
            #[cfg(feature = "web")]
            state,
            #[cfg(feature = "web")]
            page: Mutex::default(),
            records,
        };
        let lines = plan.lines.len();
        plan.lines.into_iter().for_each(|line| drop(instance.open(line)));
        let waiting = instance.waiting();
        if lines > 0 && waiting.len() == lines && !instance.answers() {
            let reasons: Vec<&str> =
                waiting.iter().map(|waiting| waiting.reason.as_str()).collect();
            return Err(StartError::NothingRuns(reasons.join("\n")));
        }
        drop(waiting);
        #[cfg(feature = "configuration")]
        if let Err(error) = instance.board.set_hunts(plan.hunts.clone()) {
            tracing::error!("a hunt group can't listen: {}", crate::failure::chain(&error));
        }
        #[cfg(feature = "modems")]
        {
            let rack = instance.rack.clone();
            #[cfg(feature = "station")]
            modems::call_back(&rack, instance.station.caller());
            let groups = modems::groups(&plan.hunts, &plan.modems);
            tokio::spawn(async move { rack.apply(plan.modems, groups).await });
        }
        #[cfg(feature = "translator")]
        {
            #[cfg(feature = "station")]
            let centre: modules::CallCentre = Arc::new(instance.station.caller());
            #[cfg(not(feature = "station"))]
            let centre: modules::CallCentre = Arc::new(|| Err("no station runs here".to_owned()));
            modules::wake_by(&instance.modules, &instance.board, centre);
            modules::ring_lines(&instance.modules, &instance.board);
            let modules = instance.modules.clone();
            tokio::spawn(async move { modules.apply(plan.modules).await });
        }
        #[cfg(feature = "modbus")]
        {
            let gateways = Arc::clone(&instance.gateways);
            tokio::spawn(async move { gateways.keep(plan.gateways).await });
        }
        #[cfg(feature = "station")]
        instance.station.begin(plan.station)?;
        tty::give_back_memory();
        let instance = Arc::new(instance);
        #[cfg(feature = "exchange")]
        inward::join(&instance);
        #[cfg(feature = "web")]
        instance.show_page(plan.page.as_ref())?;
        Ok(instance)
    }

    /// Opens a line, or puts it down to be tried again.
    fn open(&self, config: LineConfig) -> Result<(), String> {
        let error = match self.board.start(config.clone()) {
            Ok(_) => {
                self.waiting().retain(|waiting| waiting.config.name != config.name);
                return Ok(());
            }
            Err(error) => error,
        };
        let reason =
            format!("line `{}` can't be opened: {}", config.name, crate::failure::chain(&error));
        let mut waiting = self.waiting();
        match waiting.iter_mut().find(|waiting| waiting.config.name == config.name) {
            // The same complaint every few seconds is no news.
            Some(known) if known.reason == reason => known.config = config,
            known => {
                tracing::error!(
                    "{reason}; trying again every {}",
                    crate::time::span(crate::limits::RETRY)
                );
                let news = Waiting { config, reason: reason.clone() };
                match known {
                    Some(known) => *known = news,
                    None => waiting.push(news),
                }
            }
        }
        Err(reason)
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
        let lines = self.board.lines().len();
        let mut summary = format!("{lines} {}", if lines == 1 { "line" } else { "lines" });
        let waiting = self.waiting().len();
        if waiting > 0 {
            summary.push_str(&format!(", {waiting} more can't be opened"));
        }
        #[cfg(feature = "exchange")]
        if let Some(exchange) = &*lock(&self.exchange) {
            let places: Vec<String> =
                exchange.listeners().iter().map(ToString::to_string).collect();
            summary.push_str(&format!(", an exchange at {}", places.join(", ")));
        }
        summary
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

#[cfg(feature = "exchange")]
fn exchange(
    config: &Answering,
    records: &Records,
    board: &Arc<Switchboard>,
    launcher: Option<Hand>,
) -> Result<Exchange, StartError> {
    let accounts = accounts::all(config)?;
    let keeper = records.keeper();
    let given = crate::activation::listeners();
    let exchange =
        Exchange::start_with_launcher(&config.exchange, accounts, keeper, launcher, given)?;
    exchange.set_dialler(Arc::new(dialler::Phone(Arc::downgrade(board))));
    Ok(exchange)
}

/// Nothing under these locks stops half-way, so what a panic left behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
