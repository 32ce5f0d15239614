//! The field agent: reads devices on a schedule, keeps samples until the centre has them, and calls it.
//!
//! A [`Station`] is what a `[station]` table and its `[[bus]]` and `[[device]]` tables describe. Each bus has one
//! queue and each device a task that asks it; what they read goes into a small store of the station's own
//! (`shelf`), and one more task calls the centre and speaks [`telemetry`] with it. Start with [`Station::start`].
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod alarm;
mod bells;
mod caller;
mod chance;
mod changes;
mod config;
mod describe;
pub mod limits;
mod login;
mod plan;
mod sampler;
mod shelf;
mod talk;
mod time;

pub use caller::{Calling, Calls, Phone};
pub use config::{
    Allow, At, ConfigError, DeviceConfig, LoginConfig, OnChange, PointConfig, StationConfig,
    StayConfig,
};
pub use shelf::{ShelfError, WhenFull};
pub use time::TimeFrom;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use gateway::{Bus, BusConfig};
use modbus::UnitId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use bells::Bells;
use caller::Caller;
use changes::Changes;
use sampler::Sampler;
use shelf::Shelf;
use talk::Site;
use time::Clock;

/// Everything that a configuration says of one station, with whole paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
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
    samplers: JoinSet<()>,
    caller: JoinSet<()>,
}

impl Station {
    /// Begins to read and to call. Must be called inside the runtime that is to carry it.
    ///
    /// # Errors
    /// Its store can't be opened.
    pub fn start(plan: Plan, phone: Arc<dyn Phone>) -> Result<Self, ShelfError> {
        let Plan { station: config, buses, devices } = plan;
        let shelf = Shelf::open(&config.store, config.samples, config.when_full)?;
        let clock = Clock::new(config.time, shelf.latest_ms()?);
        let changes = Changes::default();
        changes.take(&shelf.changes()?, &config, &devices);
        let bells = Arc::new(Bells::default());
        let buses: HashMap<String, Bus> =
            buses.iter().filter_map(|bus| Some((bus.name.clone(), bus.open()?))).collect();
        let mut units = HashMap::new();
        let (mut samplers, mut caller) = (JoinSet::new(), JoinSet::new());
        for device in &devices {
            let Some(bus) = buses.get(&device.bus) else { continue };
            units.insert(UnitId(device.unit_at_centre()), (bus.clone(), UnitId(device.unit)));
            let sampler =
                Sampler::new(&config, device, bus.clone(), &shelf, &clock, &changes, &bells)?;
            samplers.spawn(sampler.run());
        }
        let (stop, stopped) = watch::channel(false);
        let calls = Arc::default();
        let site = Site {
            config: Arc::new(config),
            devices: Arc::new(devices),
            units: Arc::new(units),
            shelf: shelf.clone(),
            clock,
            changes,
        };
        let (calls_of, bells_of) = (Arc::clone(&calls), Arc::clone(&bells));
        caller.spawn(Caller { site, phone, bells: bells_of, calls: calls_of, stop: stopped }.run());
        Ok(Self { bells, shelf, calls, stop, samplers, caller })
    }

    /// Calls the centre as soon as may be.
    pub fn call_now(&self) {
        self.bells.demand.notify_one();
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
        let _ = tokio::time::timeout(limits::HANG_UP, self.caller.join_next()).await;
        self.caller.shutdown().await;
        self.samplers.shutdown().await;
    }
}
