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
use crate::hush::Hush;
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
    hush: Hush,
    /// For how long it rests since it has answered nothing at all.
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

/// What was read of a device at once.
struct Round {
    readings: Vec<Reading>,
    heard: Heard,
    /// Between which points requests were divided, and what that was good for.
    divided: Vec<(usize, usize)>,
    worth: Worth,
}

/// What was heard of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    Something,
}

/// Whether dividing requests has shown what a device doesn't bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// It refuses whatever it is asked, as one does that has just been switched on.
    Nothing,
    Something,
}

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
            hush: Hush::default(),
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
            let Round { readings, heard, divided, worth } = self.read().await;
            self.conclude(heard, divided, worth).await;
            let silent = readings.iter().any(|(quality, _)| *quality == Quality::Silent);
            self.keep(readings, if due { Due::Stored } else { Due::Watched }).await;
            if due {
                store_at = chance::next_turn(&place, every, self.clock.now().0);
            }
            match silent {
                true => self.silent.add(&self.device),
                false => self.silent.remove(&self.device),
            }
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
    async fn read(&mut self) -> Round {
        let mut round = Round {
            readings: vec![(Quality::Silent, Value::None); self.points.len()],
            heard: Heard::Nothing,
            divided: Vec::new(),
            worth: Worth::Nothing,
        };
        let mut unanswered = Vec::new();
        let mut reads: VecDeque<Read> =
            self.hush.turns(Instant::now(), self.planner.reads()).into();
        // A device that has just answered has a second chance: it may be this one read that it never answers.
        let chances = if self.rest.is_none() { 2 } else { 1 };
        while let Some(read) = reads.pop_front() {
            // The table was checked.
            let Ok(request) = read.request() else { continue };
            let question = Question::Known(request.clone(), read.dialect);
            let answer = match self.bus.ask(self.unit, question).await {
                Ok(Outcome::Answer(pdu)) => Some(request.accept(&pdu, read.dialect)),
                Ok(_) => continue,
                Err(error) => {
                    tracing::debug!(device = %self.device, "no answer: {error}");
                    None
                }
            };
            let refused = match &answer {
                Some(Err(AnswerError::Exception(exception))) => Some(*exception),
                _ => None,
            };
            if let Some(Exception::IllegalDataAddress | Exception::IllegalDataValue) = refused
                && let Some(border) = self.planner.refused(&read)
            {
                round.heard = Heard::Something;
                round.divided.push(border);
                let parts = self.planner.reads().into_iter();
                reads
                    .extend(parts.filter(|part| {
                        part.points.iter().all(|point| read.points.contains(point))
                    }));
                continue;
            }
            // Somebody else's gateway waits for its units in vain as we do, and so does all that comes behind.
            let gateway =
                [Exception::GatewayPathUnavailable, Exception::GatewayTargetFailed].map(Some);
            let Some(answer) = answer.filter(|_| !gateway.contains(&refused)) else {
                self.hush.unanswered(&read);
                unanswered.push(read);
                if round.heard == Heard::Nothing && unanswered.len() >= chances {
                    // Asking for the rest would only keep the bus from others.
                    break;
                }
                continue;
            };
            self.take(&read, &answer, &mut round);
            if answer.is_ok() {
                round.worth = Worth::Something;
            }
            self.hush.answered(&read);
            round.heard = Heard::Something;
        }
        if round.heard == Heard::Something {
            unanswered.iter().for_each(|read| self.hush.rest(Instant::now(), read));
        }
        round
    }

    /// Takes what was answered to a read.
    fn take(&self, read: &Read, answer: &Result<Response, AnswerError>, round: &mut Round) {
        for index in &read.points {
            let (Some(point), Some(reading)) =
                (self.points.get(*index), round.readings.get_mut(*index))
            else {
                continue;
            };
            *reading = match answer {
                Ok(response) => point.said(read, self.planner.extent(*index), response),
                Err(AnswerError::Exception(exception)) => {
                    (Quality::Refused(exception.code()), Value::None)
                }
                Err(_) => (Quality::Unreadable, Value::None),
            };
        }
    }

    /// Knows the device better after a round.
    async fn conclude(&mut self, heard: Heard, divided: Vec<(usize, usize)>, worth: Worth) {
        match worth {
            Worth::Something => self.learn(divided).await,
            Worth::Nothing => self.planner.forget(&divided),
        }
        self.rest = (heard == Heard::Nothing).then(|| {
            self.rest.map_or(limits::FIRST_REST, |rest| (rest * 2).min(limits::LONGEST_REST))
        });
    }

    /// Keeps what the device doesn't bear; if that fails, it is learned again after a restart.
    async fn learn(&self, borders: Vec<(usize, usize)>) {
        let name = |(before, behind)| self.planner.name(before).zip(self.planner.name(behind));
        let names: Vec<_> = borders.into_iter().filter_map(name).collect();
        if names.is_empty() {
            return;
        }
        let device = self.device.clone();
        let kept = self.shelf.with(move |shelf| shelf.learn(&device, &names)).await;
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
        let clock = self.clock.clone();
        let mend = move |fresh: &mut [Fresh]| clock.mend(fresh);
        if !fresh.is_empty()
            && let Err(error) = self.shelf.with(move |shelf| shelf.put_mended(fresh, mend)).await
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

#[cfg(test)]
mod tests;
