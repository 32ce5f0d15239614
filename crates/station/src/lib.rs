//! The field agent: reads devices on a schedule, keeps samples until the centre has them, and calls it.
//!
//! A [`Station`] is what a `[station]` table and its `[[bus]]` and `[[device]]` tables describe. Each bus has one
//! queue and each device a task that asks it; what they read goes into a small store of the station's own
//! (`shelf`), and one more task calls the centre and speaks [`telemetry`] with it. The centre may send it another
//! configuration (`renewal`); `house` lives by one after the other. Start with [`Station::start`].
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod alarm;
mod bells;
mod calendar;
mod caller;
mod chance;
mod changes;
mod config;
mod describe;
mod house;
mod hush;
pub mod limits;
mod login;
mod once;
mod plan;
mod renewal;
mod sampler;
mod shelf;
mod talk;
mod time;
mod turns;

pub use calendar::{Days, Hours};
pub use caller::{Calling, Calls, Phone};
pub use config::{
    AlarmCalls, Allow, AnswerConfig, At, ConfigError, DeviceConfig, LoginConfig, OnChange,
    PointConfig, StationConfig, StayConfig,
};
pub use renewal::Reader;
pub use shelf::{ShelfError, WhenFull};
pub use time::TimeFrom;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gateway::BusConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use bells::Bells;
use house::House;
use shelf::Shelf;
use time::Clock;

/// Everything that a configuration says of one station, with whole paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where its file is: relative paths of what the centre sends are seen from there.
    pub folder: PathBuf,
    /// The station itself.
    pub station: StationConfig,
    /// Its buses.
    pub buses: Vec<BusConfig>,
    /// What is on them.
    pub devices: Vec<DeviceConfig>,
}

/// Where in a plan something is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Which device, if it is one's.
    pub device: Option<usize>,
    /// Which key, and which point's.
    pub at: At,
    /// What.
    pub error: ConfigError,
}

impl Plan {
    /// Everything that doesn't go together.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if let Err((key, error)) = self.station.check() {
            mistakes.push(Mistake { device: None, at: (key, None), error });
        }
        let (mut names, mut units, mut points) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (n, device) in self.devices.iter().enumerate() {
            let mut wrong = |at, error| mistakes.push(Mistake { device: Some(n), at, error });
            if let Err((at, error)) = device.check() {
                wrong(at, error);
            }
            if !self.buses.iter().any(|bus| bus.name == device.bus) {
                wrong(("bus", None), ConfigError::NoBus(device.bus.clone()));
            }
            if !names.insert(&device.name) {
                wrong(("name", None), ConfigError::Twice(device.name.clone()));
            }
            if !units.insert(device.unit_at_centre()) {
                wrong(("unit", None), ConfigError::SameUnit(device.unit_at_centre()));
            }
            points += device.points.len();
            if points > telemetry::limits::POINTS {
                wrong(("points", None), ConfigError::TooManyPoints);
            }
        }
        mistakes
    }
}

/// What a station is up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Samples that the centre doesn't have yet.
    pub waiting: u64,
    /// Samples that were dropped for want of room.
    pub dropped: u64,
    /// Its calls.
    pub calls: Calls,
}

/// A running station. Dropped, it ends at once.
#[derive(Debug)]
pub struct Station {
    bells: Arc<Bells>,
    shelf: Shelf,
    calls: Arc<Mutex<Calls>>,
    stop: watch::Sender<bool>,
    life: JoinSet<()>,
}

impl Station {
    /// Begins to read and to call, as `plan` says, or as the centre has changed it since. Must be called inside the
    /// runtime that is to carry it.
    ///
    /// # Errors
    /// Its store can't be opened.
    pub fn start(
        plan: Plan,
        phone: Arc<dyn Phone>,
        reader: Arc<dyn Reader>,
    ) -> Result<Self, ShelfError> {
        let config = &plan.station;
        let shelf = Shelf::open(&config.store, config.samples, config.when_full)?;
        let clock = Clock::new(config.time, config.time_step.0, shelf.latest_ms()?);
        let before = shelf.facts()?.1;
        let bells = Arc::new(Bells::default());
        let (stop, stopped) = watch::channel(false);
        let calls = Arc::default();
        let house = House {
            file: plan,
            reader,
            phone,
            shelf: shelf.clone(),
            clock,
            bells: Arc::clone(&bells),
            calls: Arc::clone(&calls),
            silent: house::Silent::default(),
            once: once::Turnstile::default(),
            before,
            unmended: Mutex::default(),
            began: Instant::now(),
            stop: stopped,
        };
        let mut life = JoinSet::new();
        life.spawn(house.live());
        Ok(Self { bells, shelf, calls, stop, life })
    }

    /// Calls the centre as soon as may be.
    pub fn call_now(&self) {
        self.bells.demand.notify_one();
    }

    /// Takes a call that was answered for it. It is hung up on at once unless the station is free, and unless the caller
    /// knows the password of [`AnswerConfig`].
    pub fn answer(&self, call: carrier::Call) {
        self.bells.rings(call);
    }

    /// What it is up to.
    pub fn status(&self) -> Status {
        let (waiting, dropped) = self.shelf.counts();
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status { waiting, dropped, calls }
    }

    /// Ends it: a call in order, everything else at once.
    pub async fn shut_down(mut self) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(limits::HANG_UP, self.life.join_next()).await;
        self.life.shutdown().await;
    }
}
