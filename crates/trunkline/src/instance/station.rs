//! The station of an instance.

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use line::Switchboard;
use station::{Calling, Phone, Plan, Reader, ShelfError, Station};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::dialler::{self, Who};
use super::lock;

/// Where a station is, if there is one.
pub(super) struct Site {
    phone: Arc<Phones>,
    book: Arc<Book>,
    running: Arc<Mutex<Option<Running>>>,
}

struct Running {
    plan: Plan,
    station: Arc<Station>,
    /// Hears signals as long as it runs.
    ear: JoinSet<()>,
}

/// What a station calls with.
#[derive(Debug)]
pub(super) struct Phones {
    pub(super) phone: dialler::Phone,
    #[cfg(feature = "translator")]
    pub(super) modules: translator::Modules,
}

impl Phone for Phones {
    fn call(&self, target: &str) -> Calling {
        // The station has a patience of its own.
        self.phone.dial(target, Who::Station)
    }

    #[cfg(feature = "translator")]
    fn signal_dbm(&self) -> Option<i16> {
        self.modules.status().into_iter().find_map(|status| status.module.signal)
    }
}

/// Reads what the centre sends, with the phonebook that there is.
#[derive(Debug)]
struct Book(Weak<Switchboard>);

impl Reader for Book {
    fn read(&self, text: &str, folder: &Path) -> Result<Plan, String> {
        let book = self.0.upgrade().map(|board| board.phonebook());
        let known = |target: &str| book.as_ref().is_some_and(|book| book.find(&[target]).is_some());
        crate::config::station(text, folder, &known)
    }
}

impl Site {
    pub(super) fn new(phones: Phones) -> Self {
        let dialler::Phone(board) = &phones.phone;
        Self {
            book: Arc::new(Book(Weak::clone(board))),
            phone: Arc::new(phones),
            running: Arc::default(),
        }
    }

    /// What the station is called, if there is one.
    pub(super) fn name(&self) -> Option<String> {
        lock(&self.running).as_ref().map(|running| running.plan.station.name.clone())
    }

    /// Starts the station that there is to be, if any.
    ///
    /// # Errors
    /// Its store can't be had.
    pub(super) fn begin(&self, plan: Option<Plan>) -> Result<(), ShelfError> {
        let Some(plan) = plan else { return Ok(()) };
        let phone: Arc<dyn Phone> = self.phone.clone();
        let station = Arc::new(Station::start(plan.clone(), phone, self.book.clone())?);
        let mut ear = JoinSet::new();
        // Before anybody is told that it runs: a signal that nobody hears ends the process.
        if let Ok(wishes) = signal(SignalKind::user_defined1()) {
            ear.spawn(hear(wishes, Arc::clone(&station)));
        }
        tracing::info!(
            station = plan.station.name,
            devices = plan.devices.len(),
            "reads its devices"
        );
        *lock(&self.running) = Some(Running { plan, station, ear });
        Ok(())
    }

    /// Runs this one from now on; one that is the same isn't touched.
    ///
    /// # Errors
    /// Its store can't be had.
    pub(super) async fn change(&self, plan: Option<Plan>) -> Result<(), ShelfError> {
        if lock(&self.running).as_ref().map(|running| &running.plan) == plan.as_ref() {
            return Ok(());
        }
        self.stop().await;
        self.begin(plan)
    }

    /// Has it call the centre now.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn call_now(&self) -> Result<String, String> {
        call_now(&self.running)
    }

    /// The same, for whoever has nothing else to do with it.
    #[cfg(any(feature = "translator", feature = "modems"))]
    pub(super) fn caller(&self) -> impl Fn() -> Result<String, String> + Send + Sync + use<> {
        let running = Arc::clone(&self.running);
        move || call_now(&running)
    }

    /// Gives it calls that were answered for it.
    #[cfg(feature = "modems")]
    pub(super) fn door(&self) -> impl Fn(carrier::Call) + Send + Sync + use<> {
        let running = Arc::clone(&self.running);
        move |call| match &*lock(&running) {
            Some(running) => running.station.answer(call),
            // It has just been taken out of the configuration.
            None => call.reset(),
        }
    }

    /// Ends it.
    pub(super) async fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some(Running { station, mut ear, .. }) = running {
            ear.shutdown().await;
            if let Some(station) = Arc::into_inner(station) {
                station.shut_down().await;
            }
        }
    }
}

fn call_now(running: &Mutex<Option<Running>>) -> Result<String, String> {
    match &*lock(running) {
        Some(running) => {
            running.station.call_now();
            Ok(format!("{} calls the centre", running.plan.station.name))
        }
        None => Err("no station runs in this instance; --control names another".to_owned()),
    }
}

/// SIGUSR1 is a wish for a call.
async fn hear(mut wishes: Signal, station: Arc<Station>) {
    while wishes.recv().await.is_some() {
        station.call_now();
    }
}

impl super::Instance {
    /// Has the station call the centre now.
    pub(crate) fn call_centre(&self) -> Result<String, String> {
        self.station.call_now()
    }
}
