//! The start of an instance: first all of it is there, then somebody can call and be called.

use std::sync::{Arc, Mutex};

use line::{LineConfig, Switchboard};

#[cfg(feature = "exchange")]
use super::accounts::{self, AccountsError};
#[cfg(feature = "web")]
use super::page::PageError;
use super::records::{Records, RecordsError};
#[cfg(feature = "exchange")]
use super::{Answering, dialler, lock};
use super::{Instance, Plan};
use crate::launcher::Hand;
#[cfg(feature = "exchange")]
use exchange::Exchange;

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
    pub(crate) fn start(mut plan: Plan, launcher: Option<Hand>) -> Result<Arc<Self>, StartError> {
        let instance = Self::assemble(&mut plan, launcher)?;
        instance.open_all(std::mem::take(&mut plan.lines))?;
        #[cfg(feature = "configuration")]
        if let Err(error) = instance.board.set_hunts(plan.hunts.clone()) {
            tracing::error!("a hunt group can't listen: {}", crate::failure::chain(&error));
        }
        #[cfg(feature = "modems")]
        instance.begin_modems(plan.modems, &plan.hunts);
        #[cfg(feature = "translator")]
        instance.begin_modules(plan.modules);
        #[cfg(feature = "modbus")]
        instance.begin_gateways(plan.gateways);
        #[cfg(feature = "station")]
        instance.station.begin(plan.station)?;
        tty::give_back_memory();
        let instance = Arc::new(instance);
        #[cfg(feature = "exchange")]
        super::inward::join(&instance);
        #[cfg(feature = "web")]
        instance.show_page(plan.page.as_ref())?;
        Ok(instance)
    }

    /// Everything but what the lines, modems, modules, gateways and station of `plan` do.
    fn assemble(plan: &mut Plan, launcher: Option<Hand>) -> Result<Self, StartError> {
        use std::mem::take;
        #[cfg(not(feature = "exchange"))]
        let None = launcher;
        let records = Records::open(plan)?;
        let state = plan.state.take().or_else(crate::place::state);
        let personas = plan.personas.clone();
        let board = Switchboard::new(personas, state.clone()).map_err(StartError::Watch)?;
        records.keep_for(&board);
        board.set_phonebook(take(&mut plan.phonebook));
        let board = Arc::new(board);
        #[cfg(feature = "exchange")]
        let running = Arc::new(Mutex::new(None));
        // Sites are known before anybody can call: after an outage they do, all at once.
        #[cfg(feature = "collector")]
        let sites = super::sites::Centre::new(records.store(), &running);
        #[cfg(feature = "collector")]
        sites.set(take(&mut plan.sites));
        #[cfg(feature = "exchange")]
        if let Some(config) = &plan.answering {
            *lock(&running) = Some(exchange(config, &records, &board, launcher.clone())?);
        }
        #[cfg(feature = "collector")]
        sites.settle();
        #[cfg(feature = "collector")]
        sites.attach();
        #[cfg(feature = "translator")]
        let modules = translator::Modules::new(state.clone());
        #[cfg(feature = "station")]
        let station = super::station::Site::new(super::station::Phones {
            phone: dialler::Phone(Arc::downgrade(&board)),
            #[cfg(feature = "translator")]
            modules: modules.clone(),
        });
        #[cfg(all(feature = "modems", feature = "station"))]
        let rack = super::modems::rack(&running, station.door());
        // Nobody can be answered for.
        #[cfg(all(feature = "modems", not(feature = "station")))]
        let rack = super::modems::rack(&running, carrier::Call::reset);
        #[cfg(any(feature = "modems", feature = "translator"))]
        board.use_trunks(Arc::new(super::trunks::Both {
            #[cfg(feature = "modems")]
            rack: rack.clone(),
            #[cfg(feature = "translator")]
            modules: modules.clone(),
        }));
        Ok(Self {
            board,
            records,
            waiting: Mutex::default(),
            #[cfg(feature = "exchange")]
            launcher,
            #[cfg(feature = "exchange")]
            exchange: running,
            #[cfg(feature = "modems")]
            rack,
            #[cfg(feature = "translator")]
            modules,
            #[cfg(feature = "modbus")]
            gateways: Arc::default(),
            #[cfg(feature = "station")]
            station,
            #[cfg(feature = "collector")]
            sites,
            #[cfg(feature = "exchange")]
            answering: Mutex::new(plan.answering.take()),
            #[cfg(feature = "web")]
            state,
            #[cfg(feature = "web")]
            page: Mutex::default(),
        })
    }

    /// Opens the lines; an error if not one of them can be, and nothing else is to run.
    fn open_all(&self, lines: Vec<LineConfig>) -> Result<(), StartError> {
        let count = lines.len();
        let unopened: Vec<_> =
            lines.into_iter().filter_map(|line| self.try_to_open(line).err()).collect();
        if count > 0 && unopened.len() == count && !self.answers() {
            let reasons: Vec<_> = unopened.into_iter().map(|unopened| unopened.reason).collect();
            return Err(StartError::NothingRuns(reasons.join("\n")));
        }
        unopened.iter().for_each(super::Unopened::complain);
        Ok(())
    }
}

/// Starts the answering side.
#[cfg(feature = "exchange")]
pub(super) fn exchange(
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
