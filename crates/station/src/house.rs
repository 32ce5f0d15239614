//! A station's life: it runs by one configuration after another, and keeps its store, its clock and its name.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway::Bus;
use modbus::UnitId;
use telemetry::Status;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bells::Bells;
use crate::caller::{Caller, Calls, Left, Phone};
use crate::changes::Changes;
use crate::once::Turnstile;
use crate::renewal::{self, Reader};
use crate::sampler::Sampler;
use crate::shelf::{Shelf, ShelfError, Standing};
use crate::talk::{Site, Way};
use crate::time::Clock;
use crate::{Plan, limits};

/// What a station has, whatever its configuration.
pub(crate) struct House {
    /// What its own file says.
    pub(crate) file: Plan,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) phone: Arc<dyn Phone>,
    pub(crate) shelf: Shelf,
    pub(crate) clock: Clock,
    pub(crate) bells: Arc<Bells>,
    pub(crate) calls: Arc<Mutex<Calls>>,
    pub(crate) silent: Silent,
    pub(crate) once: Turnstile,
    /// The number of the last sample before this life.
    pub(crate) before: u64,
    pub(crate) began: Instant,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Devices that give no answer. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silent(Arc<Mutex<BTreeSet<String>>>);

impl Silent {
    pub(crate) fn add(&self, device: &str) {
        self.devices().insert(device.to_owned());
    }

    pub(crate) fn remove(&self, device: &str) {
        self.devices().remove(device);
    }

    fn names(&self) -> Vec<String> {
        self.devices().iter().cloned().collect()
    }

    fn devices(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl House {
    /// Lives until it is told to end.
    pub(crate) async fn live(self) {
        let house = Arc::new(self);
        loop {
            let (plan, standing) = house.plan().await;
            match house.run(plan, standing).await {
                Ok(Left::Ended) => return,
                Ok(Left::Renewed) => {}
                Err(error) => {
                    tracing::error!("the station rests: {error}");
                    let mut stop = house.stop.clone();
                    tokio::select! {
                        () = tokio::time::sleep(limits::FIRST_REST) => {}
                        () = crate::talk::stopped(&mut stop) => return,
                    }
                }
            }
        }
    }

    /// The configuration that counts now.
    async fn plan(&self) -> (Plan, Standing) {
        let taken = match self.shelf.with(|shelf| shelf.taken()).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return (self.file.clone(), Standing::Proved),
            Err(error) => {
                tracing::error!("the file counts: {error}");
                return (self.file.clone(), Standing::Proved);
            }
        };
        match renewal::read(&*self.reader, &self.file, &taken.text) {
            Ok(plan) => (plan, taken.standing),
            Err(why) => {
                // The file was changed since, or the program.
                tracing::warn!("the centre's configuration is given up: {why}");
                let given_up = self.shelf.with(move |shelf| shelf.give_up_plan(&why)).await;
                if let Err(error) = given_up {
                    tracing::error!("that can't be kept: {error}");
                }
                (self.file.clone(), Standing::Proved)
            }
        }
    }

    /// Runs by this configuration until there is another one.
    async fn run(self: &Arc<Self>, plan: Plan, standing: Standing) -> Result<Left, ShelfError> {
        let Plan { station: config, buses, devices, .. } = plan;
        let changes = Changes::default();
        changes.take(&self.shelf.with(|shelf| shelf.changes()).await?, &config, &devices);
        let buses: HashMap<String, Bus> =
            buses.iter().filter_map(|bus| Some((bus.name.clone(), bus.open()?))).collect();
        let mut units = HashMap::new();
        let mut samplers = JoinSet::new();
        self.silent.devices().clear();
        let (config, devices) = (Arc::new(config), Arc::new(devices));
        let mut ways = Vec::new();
        for device in &*devices {
            let Some(bus) = buses.get(&device.bus) else { continue };
            let (bus, unit) = (bus.clone(), UnitId(device.unit));
            let wide = Arc::new(device.wide());
            units.insert(UnitId(device.unit_at_centre()), Way { bus: bus.clone(), unit, wide });
            ways.push((device.clone(), bus));
        }
        let (house, of, known) = (Arc::clone(self), Arc::clone(&config), changes.clone());
        // Its points get their numbers on the disk.
        let made = self.shelf.with(move |_| {
            ways.into_iter()
                .map(|(device, bus)| Sampler::new(&house, &of, &device, bus, &known))
                .collect()
        });
        let made: Vec<Sampler> = made.await?;
        made.into_iter().for_each(|sampler| drop(samplers.spawn(sampler.run())));
        let site =
            Site { config, devices, units: Arc::new(units), changes, house: Arc::clone(self) };
        let left = Caller::new(site, standing).run().await;
        samplers.shutdown().await;
        Ok(left)
    }

    /// How it is, for the centre.
    pub(crate) async fn status(&self) -> Result<Status, ShelfError> {
        let (counts, facts, given_up) = self
            .shelf
            .with(|shelf| Ok((shelf.counts(), shelf.facts()?, shelf.given_up()?)))
            .await?;
        let silent = self.silent.names();
        Ok(Status {
            uptime_s: self.began.elapsed().as_secs(),
            waiting: counts.0,
            room: self.file.station.samples,
            dropped: counts.1,
            configuration: facts.2,
            given_up,
            clock: self.clock.news(),
            signal_dbm: self.phone.signal_dbm(),
            silent: silent.len() as u64,
            silent_names: silent.into_iter().take(telemetry::limits::SILENT).collect(),
        })
    }
}
