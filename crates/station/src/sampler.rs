//! Reading one device on its schedule.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gateway::Bus;
use modbus::UnitId;
use modbus::master::{Outcome, Question};
use modbus::pdu::{AnswerError, Exception, Response};
use modbus::value::Point;
use telemetry::{Definition, PointId, Quality, Reason, Value};
use tokio::time::Instant;

use crate::alarm::{Watch, Zone};
use crate::bells::Bells;
use crate::changes::Changes;
use crate::config::{DeviceConfig, StationConfig};
use crate::house::{House, Silent};
use crate::plan::{Extent, Planner, Read};
use crate::shelf::{Fresh, Shelf, ShelfError};
use crate::time::Clock;
use crate::{chance, limits};

/// A device, and all that is known of it.
pub(crate) struct Sampler {
    station: String,
    device: String,
    unit: UnitId,
    bus: Bus,
    planner: Planner,
    points: Vec<Watched>,
    every: Duration,
    poll: Option<Duration>,
    shelf: Shelf,
    clock: Clock,
    changes: Changes,
    bells: Arc<Bells>,
    silent: Silent,
    rest: Option<Duration>,
    /// Why nothing could be kept, as it was said last.
    trouble: String,
}

struct Watched {
    id: PointId,
    name: String,
    what: What,
    watch: Watch,
    zone: Zone,
    /// What was stored of it last.
    stored: Option<Quality>,
}

enum What {
    Bit,
    Registers(Point),
}

/// What was read of a point.
type Reading = (Quality, Value);

impl Sampler {
    /// Waits for the disk.
    pub(crate) fn new(
        house: &House,
        config: &StationConfig,
        device: &DeviceConfig,
        bus: Bus,
        changes: &Changes,
    ) -> Result<Self, ShelfError> {
        let shelf = &house.shelf;
        let mut points = Vec::new();
        let mut extents = Vec::new();
        for point in &device.points {
            // The table was checked.
            let (Ok((range, _)), Ok(registers)) = (device.extent(point), point.point()) else {
                continue;
            };
            let (id, zone) = shelf.point(&definition(device, &point.name, &point.measure))?;
            extents.push(Extent { first: range.first, count: range.count });
            let what = if point.is_bit() { What::Bit } else { What::Registers(registers) };
            let (name, watch) = (point.name.clone(), point.watch());
            points.push(Watched { id, name, what, watch, zone, stored: None });
        }
        let every = device.every.unwrap_or(config.every).0;
        let unit = UnitId(device.unit);
        let mut planner =
            Planner::new(extents, device.gap, device.most).with_wide(unit, device.wide());
        planner.recall(&shelf.learned(&device.name)?);
        Ok(Self {
            station: config.name.clone(),
            device: device.name.clone(),
            unit,
            bus,
            planner,
            points,
            every,
            poll: device.poll.map(|poll| poll.0),
            shelf: shelf.clone(),
            clock: house.clock.clone(),
            changes: changes.clone(),
            bells: Arc::clone(&house.bells),
            silent: house.silent.clone(),
            rest: None,
            trouble: String::new(),
        })
    }

    /// Reads for ever.
    pub(crate) async fn run(mut self) {
        if self.points.is_empty() {
            return;
        }
        let place = format!("{}/{}", self.station, self.device);
        let mut store_at = chance::next_turn(&place, millis(self.every()), self.clock.now().0);
        loop {
            let began = Instant::now();
            let now_ms = self.clock.now().0;
            let every = millis(self.every());
            // A clock that was put back must not keep it from storing for a year.
            let due = now_ms >= store_at || store_at - now_ms > every;
            let readings = self.read().await;
            let silent = readings.iter().any(|(quality, _)| *quality == Quality::Silent);
            self.keep(readings, if due { Due::Stored } else { Due::Watched }).await;
            if due {
                store_at = chance::next_turn(&place, every, self.clock.now().0);
            }
            match silent {
                true => self.silent.add(&self.device),
                false => self.silent.remove(&self.device),
            }
            self.rest = silent.then(|| {
                self.rest.map_or(limits::FIRST_REST, |rest| (rest * 2).min(limits::LONGEST_REST))
            });
            let until_store = (store_at - self.clock.now().0).clamp(0, every).unsigned_abs();
            let store = Instant::now() + Duration::from_millis(until_store);
            // Whoever wants no more than samples isn't read in between.
            let next = self.poll().map_or(store, |poll| store.min(began + poll));
            let least = limits::FASTEST.max(self.rest.unwrap_or_default());
            tokio::time::sleep_until(next.max(began + least)).await;
        }
    }

    fn every(&self) -> Duration {
        self.changes.span(&format!("{}.every", self.device)).unwrap_or(self.every)
    }

    fn poll(&self) -> Option<Duration> {
        self.changes.span(&format!("{}.poll", self.device)).or(self.poll)
    }

    /// What every point says now.
    async fn read(&mut self) -> Vec<Reading> {
        let mut readings = vec![(Quality::Silent, Value::None); self.points.len()];
        let mut reads: VecDeque<Read> = self.planner.reads().into();
        while let Some(read) = reads.pop_front() {
            // The table was checked.
            let Ok(request) = read.request() else { continue };
            let question = Question::Known(request.clone(), read.dialect);
            let answer = match self.bus.ask(self.unit, question).await {
                Ok(Outcome::Answer(pdu)) => request.accept(&pdu, read.dialect),
                Ok(_) => continue,
                Err(error) => {
                    tracing::debug!(device = %self.device, "no answer: {error}");
                    // Asking for the rest would only keep the bus from others.
                    return readings;
                }
            };
            let refused = match &answer {
                Err(AnswerError::Exception(exception)) => Some(*exception),
                _ => None,
            };
            if let Some(Exception::IllegalDataAddress | Exception::IllegalDataValue) = refused
                && let Some(border) = self.planner.refused(&read)
            {
                self.learn(border).await;
                let parts = self.planner.reads().into_iter();
                reads
                    .extend(parts.filter(|part| {
                        part.points.iter().all(|point| read.points.contains(point))
                    }));
                continue;
            }
            for index in &read.points {
                let (Some(point), Some(reading)) =
                    (self.points.get(*index), readings.get_mut(*index))
                else {
                    continue;
                };
                *reading = match &answer {
                    Ok(response) => point.said(&read, self.planner.extent(*index), response),
                    Err(AnswerError::Exception(exception)) => {
                        (Quality::Refused(exception.code()), Value::None)
                    }
                    Err(_) => (Quality::Unreadable, Value::None),
                };
            }
        }
        readings
    }

    /// Keeps what the device doesn't bear; if that fails, it is learned again after a restart.
    async fn learn(&self, (before, behind): (usize, usize)) {
        let names = self.planner.name(before).zip(self.planner.name(behind));
        let (device, Some((before, behind))) = (self.device.clone(), names) else { return };
        let kept = self.shelf.with(move |shelf| shelf.learn(&device, (&before, &behind))).await;
        if let Err(error) = kept {
            tracing::debug!(device = %self.device, "what was learned isn't kept: {error}");
        }
    }

    /// Stores what is due, and what is an alarm.
    async fn keep(&mut self, readings: Vec<Reading>, due: Due) {
        let (at_ms, stamp) = self.clock.now();
        let mut fresh = Vec::new();
        let mut standing = Vec::new();
        for (index, (point, (quality, value))) in self.points.iter().zip(readings).enumerate() {
            let (zone, news) =
                point.watching(&self.device, &self.changes).judge(&point.zone, &value);
            let again = quality != Quality::Good && point.stored == Some(quality);
            let reason = match (news, due) {
                (Some(reason), _) => reason,
                (None, Due::Stored) if !again => Reason::Schedule,
                _ if zone != point.zone && point.zone == Zone::Unknown => {
                    standing.push((index, zone, point.stored));
                    continue;
                }
                _ => continue,
            };
            let changed = (zone != point.zone).then(|| zone.clone());
            fresh.push(Fresh {
                point: point.id,
                at_ms,
                stamp,
                reason,
                quality,
                value,
                zone: changed,
            });
            standing.push((index, zone, Some(quality)));
        }
        let alarm = fresh.iter().any(|fresh| fresh.reason.is_alarm());
        if !fresh.is_empty()
            && let Err(error) = self.shelf.with(move |shelf| shelf.put(&fresh)).await
        {
            let words = error.to_string();
            if self.trouble != words {
                tracing::error!(device = %self.device, "nothing is kept: {words}");
                self.trouble = words;
            }
            // Nothing has happened: an alarm is one the next time as well.
            return;
        }
        self.trouble.clear();
        for (index, zone, stored) in standing {
            if let Some(point) = self.points.get_mut(index) {
                (point.zone, point.stored) = (zone, stored);
            }
        }
        self.bells.stored();
        if alarm {
            tracing::info!(device = %self.device, "alarm");
            self.bells.alarm.notify_one();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Stored,
    Watched,
}

impl Watched {
    fn said(&self, read: &Read, extent: Option<&Extent>, response: &Response) -> Reading {
        let unreadable = (Quality::Unreadable, Value::None);
        let Some(extent) = extent else { return unreadable };
        let offset = extent.first.number - read.first;
        let width = usize::from(read.dialect.words());
        let words = match (&self.what, response) {
            (What::Bit, Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits)) => {
                return bits.get(offset).map_or(unreadable, |bit| (Quality::Good, Value::Bit(bit)));
            }
            (
                What::Registers(_),
                Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words),
            ) => {
                let from = usize::from(offset) * width;
                words.get(from..from + usize::from(extent.count) * width)
            }
            _ => None,
        };
        let (What::Registers(point), Some(words)) = (&self.what, words) else { return unreadable };
        point
            .read(words)
            .ok()
            .and_then(|reading| value(reading.value))
            .map_or(unreadable, |value| (Quality::Good, value))
    }

    fn watching(&self, device: &str, changes: &Changes) -> Watch {
        let limit = |which: &str, own| {
            changes.number(&format!("{device}.{}.{which}", self.name)).unwrap_or(own)
        };
        Watch {
            low: limit("low", self.watch.low),
            high: limit("high", self.watch.high),
            ..self.watch
        }
    }
}

/// What is no number is no value either.
fn value(value: modbus::value::Value) -> Option<Value> {
    Some(match value {
        modbus::value::Value::Unsigned(value) => Value::Unsigned(value),
        modbus::value::Value::Signed(value) => Value::Signed(value),
        modbus::value::Value::Single(value) if value.is_finite() => Value::Single(value),
        modbus::value::Value::Double(value) if value.is_finite() => Value::Double(value),
        modbus::value::Value::Single(_) | modbus::value::Value::Double(_) => return None,
        modbus::value::Value::Bit(value) => Value::Bit(value),
        modbus::value::Value::Text(text) => Value::Text(text),
    })
}

pub(crate) fn definition(device: &DeviceConfig, point: &str, measure: &str) -> Definition {
    Definition {
        device: device.name.clone(),
        unit: device.unit_at_centre(),
        point: point.to_owned(),
        measure: measure.to_owned(),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
