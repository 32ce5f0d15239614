//! A station's life: it runs by one configuration after another, and keeps its store, its clock and its name.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway::Bus;
use modbus::UnitId;
use telemetry::{ClockNews, Status};
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
use crate::time::{Clock, Told};
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
    /// By how much the times since are off that the store hasn't mended yet.
    pub(crate) unmended: Mutex<Option<i64>>,
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

    /// The centre has told the time: what was stamped before it was known is mended. What the store doesn't take now is mended
    /// when the centre tells the time again.
    pub(crate) async fn set_time(
        &self,
        unix_ms: i64,
        give_or_take: Duration,
    ) -> Result<(), ShelfError> {
        let told = self.clock.told(unix_ms, give_or_take);
        tracing::debug!(?told, news = ?self.clock.news(), "the centre has told the time");
        let unmended = || self.unmended.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Told::Nothing => {}
            Told::First(off_ms) => *unmended() = Some(off_ms),
            Told::Set => tracing::info!("the clock is set: {:?}", self.clock.news()),
        }
        if let ClockNews::Refused(off_ms) = self.clock.news() {
            tracing::warn!(off_ms, "the centre's time is not believed");
        }
        let off = *unmended();
        if let Some(off_ms) = off {
            let before = self.before;
            self.shelf.with(move |shelf| shelf.mend_times(before, off_ms)).await?;
            *unmended() = None;
        }
        Ok(())
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

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use telemetry::{Definition, Quality, Reason, Stamp, Value};
    use tempfile::TempDir;

    use super::*;
    use crate::caller::Calling;
    use crate::shelf::{Fresh, WhenFull};

    #[derive(Debug)]
    struct Nobody;

    impl Phone for Nobody {
        fn call(&self, _: &str) -> Calling {
            Box::pin(async { Err("nobody".to_owned()) })
        }
    }

    impl Reader for Nobody {
        fn read(&self, _: &str, _: &Path) -> Result<Plan, String> {
            Err("nothing".to_owned())
        }
    }

    /// A station that reads and calls nobody.
    pub(crate) fn house() -> (House, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let station: crate::StationConfig =
            toml::from_str("name = 'pump'\ncall = 'tcp://127.0.0.1:1'").unwrap();
        let shelf = Shelf::open(&folder.path().join("a.db"), 1000, WhenFull::Stop).unwrap();
        let house = House {
            reader: Arc::new(Nobody),
            phone: Arc::new(Nobody),
            shelf,
            clock: Clock::new(station.time, station.time_step.0, 0),
            bells: Arc::default(),
            calls: Arc::default(),
            silent: Silent::default(),
            once: Turnstile::default(),
            before: 0,
            unmended: Mutex::default(),
            began: Instant::now(),
            stop: watch::channel(false).1,
            file: Plan {
                folder: folder.path().to_owned(),
                station,
                buses: Vec::new(),
                devices: Vec::new(),
            },
        };
        (house, folder)
    }

    fn sample(house: &House) -> Fresh {
        let [device, point, measure] = ["pump", "level", "m"].map(str::to_owned);
        let definition = Definition { device, unit: 1, point, measure };
        let (at_ms, stamp) = house.clock.now();
        Fresh {
            point: house.shelf.point(&definition).unwrap().0,
            at_ms,
            stamp,
            reason: Reason::Schedule,
            quality: Quality::Good,
            value: Value::Signed(7),
            zone: None,
        }
    }

    const HOUR_MS: i64 = 3_600_000;

    #[tokio::test]
    async fn a_sample_that_was_read_before_the_time_was_known_and_is_kept_after_has_the_right_time()
    {
        let (house, _folder) = house();
        let before = sample(&house);
        house.set_time(before.at_ms + HOUR_MS, Duration::ZERO).await.unwrap();
        let after = sample(&house);
        let mend = |fresh: &mut [Fresh]| house.clock.mend(fresh);
        house.shelf.put_mended(vec![before.clone(), after.clone()], mend).unwrap();
        let kept = house.shelf.after(0, 10).unwrap();
        assert_eq!(kept.iter().map(|kept| kept.stamp).collect::<Vec<_>>(), [Stamp::Sure; 2]);
        assert!((kept[0].at_ms - before.at_ms - HOUR_MS).abs() < 60_000);
        assert_eq!(kept[1].at_ms, after.at_ms);
    }

    #[tokio::test]
    async fn times_that_a_full_disk_has_not_mended_are_mended_when_it_has_room_again() {
        let (house, _folder) = house();
        let sample = sample(&house);
        let at_ms = sample.at_ms;
        house.shelf.put(&[sample]).unwrap();
        house.shelf.meddle(
            "CREATE TRIGGER full BEFORE UPDATE ON sample BEGIN SELECT RAISE(FAIL, 'full'); END",
        );
        let tell = || house.set_time(house.clock.now().0 + HOUR_MS, Duration::ZERO);
        tell().await.unwrap_err();
        house.shelf.meddle("DROP TRIGGER full");
        let right = house.clock.now().0;
        house.set_time(right, Duration::ZERO).await.unwrap();
        let mended = house.shelf.after(0, 10).unwrap().remove(0);
        assert_eq!(mended.stamp, Stamp::Sure);
        assert!((mended.at_ms - at_ms - HOUR_MS).abs() < 60_000, "{}", mended.at_ms - at_ms);
    }
}
