//! Two ends of a call, two stores, and a path between them, on a clock of their own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use clock::Instant;
use modbus::UnitId;
use modbus::pdu::{Pdu, Request};
use telemetry::{
    Cause, Centre, CentreAction, Definition, Description, End, Hello, Mark, Outbox, PointId,
    Quality, Reason, Received, Sample, Stamp, Station, StationAction, Status, Stay, StoreId,
    Ticket, Value,
};

/// What a path does to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    None,
    /// XON and XOFF are swallowed.
    FlowControl,
    /// The eighth bit is lost.
    SevenBits,
    /// One byte in so many is changed, once messages are exchanged.
    Noise(u32),
}

/// One direction.
pub(crate) struct Path {
    harm: Harm,
    latency: Duration,
    piece: usize,
    noise: u32,
    carried: usize,
    flying: VecDeque<(Instant, Vec<u8>)>,
}

impl Path {
    pub(crate) fn new(harm: Harm, latency: Duration, piece: usize) -> Self {
        Self { harm, latency, piece, noise: 0x2545_f491, carried: 0, flying: VecDeque::new() }
    }

    fn carry(&mut self, now: Instant, bytes: &[u8]) {
        let mut carried = Vec::new();
        for byte in bytes {
            self.carried += 1;
            match self.harm {
                Harm::FlowControl if matches!(byte, 0x11 | 0x13) => {}
                Harm::SevenBits => carried.push(byte & 0x7f),
                // The probe has to get through: it is tested by itself.
                Harm::Noise(seldom) if self.carried > 3000 => {
                    self.noise ^= self.noise << 13;
                    self.noise ^= self.noise >> 17;
                    self.noise ^= self.noise << 5;
                    let hit = self.noise.is_multiple_of(seldom);
                    carried.push(if hit { byte ^ (self.noise >> 24) as u8 } else { *byte });
                }
                _ => carried.push(*byte),
            }
        }
        for piece in carried.chunks(self.piece) {
            self.flying.push_back((now + self.latency, piece.to_vec()));
        }
    }
}

/// What outlives calls.
#[derive(Default)]
pub(crate) struct Stores {
    pub(crate) station: BTreeMap<u64, Sample>,
    pub(crate) last: u64,
    /// Everything that the station was told is durable.
    pub(crate) acknowledged: u64,
    pub(crate) centre: BTreeMap<u64, Received>,
    /// Samples that the centre was given though it had them.
    pub(crate) doubled: usize,
    pub(crate) configured: u64,
    pub(crate) writes: usize,
    /// What was asked with a mark, and its answer.
    pub(crate) once: HashMap<Mark, Pdu>,
    /// Configurations that the station has taken.
    pub(crate) texts: Vec<String>,
}

pub(crate) fn sample(seq: u64) -> Sample {
    let value = match seq % 6 {
        0 => Value::Unsigned(u64::MAX - seq),
        1 => Value::Signed(-40 - i64::try_from(seq).unwrap()),
        2 => Value::Single(seq as f32 / 3.0),
        3 => Value::Double(seq as f64 / 7.0),
        4 => Value::Text("\u{11}\u{13} ~}\u{7f} übel".repeat(usize::try_from(seq % 14).unwrap())),
        _ => Value::None,
    };
    Sample {
        seq,
        point: PointId(u32::try_from(seq % 37).unwrap()),
        at_ms: 1_790_000_000_000 - i64::try_from(seq * seq % 977).unwrap(),
        stamp: if seq.is_multiple_of(2) { Stamp::Sure } else { Stamp::Unsure },
        reason: Reason::of(u8::try_from(seq % 5).unwrap()).unwrap(),
        quality: Quality::of(u8::try_from(seq % 256).unwrap()),
        value,
    }
}

pub(crate) fn definition(id: PointId) -> Definition {
    Definition {
        device: format!("pump {}", id.0 / 10),
        unit: 1 + u8::try_from(id.0 / 10).unwrap(),
        point: format!("point {}", id.0),
        measure: "m³/h".to_owned(),
    }
}

impl Stores {
    pub(crate) fn with(samples: u64) -> Self {
        let station = (1..=samples).map(|seq| (seq, sample(seq))).collect();
        Self { station, last: samples, ..Self::default() }
    }
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) station: Station,
    pub(crate) centre: Centre,
    pub(crate) up: Path,
    pub(crate) down: Path,
    pub(crate) from_station: Outbox<StationAction>,
    pub(crate) from_centre: Outbox<CentreAction>,
    pub(crate) stores: Stores,
    pub(crate) ends: (Option<End>, Option<End>),
    pub(crate) answers: Vec<(Ticket, Result<Pdu, telemetry::AskFailed>)>,
    pub(crate) told: Vec<(u64, Result<(), String>)>,
    pub(crate) described: Vec<(u32, Vec<Description>)>,
    pub(crate) as_described: usize,
    pub(crate) time: Option<i64>,
    pub(crate) statuses: Vec<Status>,
    /// Samples that the centre's disk is busy with.
    writing: VecDeque<(Instant, Vec<Received>)>,
    pub(crate) disk: Duration,
}

pub(crate) const STORE: StoreId = StoreId([0xa5; 16]);
pub(crate) const UNIX_MS: i64 = 1_790_000_000_000;

impl World {
    pub(crate) fn call(now: Instant, stores: Stores, up: Path, down: Path, stay: Stay) -> Self {
        let (mut from_station, mut from_centre) = (Outbox::default(), Outbox::default());
        let mut hello = Hello::new("pump-house", STORE, Cause::Schedule);
        hello.last = stores.last;
        hello.configuration = stores.configured;
        let station = Self::station(now, hello, stay, &mut from_station);
        let centre = Centre::start(now, UNIX_MS, &mut from_centre);
        Self {
            now,
            station,
            centre,
            up,
            down,
            from_station,
            from_centre,
            stores,
            ends: (None, None),
            answers: Vec::new(),
            told: Vec::new(),
            described: Vec::new(),
            as_described: 0,
            time: None,
            statuses: Vec::new(),
            writing: VecDeque::new(),
            disk: Duration::from_millis(20),
        }
    }

    fn station(now: Instant, hello: Hello, stay: Stay, out: &mut Outbox<StationAction>) -> Station {
        let mut station = Station::start(now, hello, stay, out);
        (0..37).for_each(|id| station.define(PointId(id), definition(PointId(id))));
        station
    }

    /// The same call, before anything was said, with a station that wants the time first.
    pub(crate) fn put_time_first(&mut self) {
        let mut hello = Hello::new("pump-house", STORE, Cause::Schedule);
        hello.last = self.stores.last;
        self.from_station = Outbox::default();
        let station = Self::station(self.now, hello, Stay::default(), &mut self.from_station);
        self.station = station.with_time_first();
    }

    /// One step; false: there is nothing left to wait for.
    pub(crate) fn step(&mut self) -> bool {
        self.settle();
        let ends = [
            self.up.flying.front().map(|(at, _)| *at),
            self.down.flying.front().map(|(at, _)| *at),
            self.writing.front().map(|(at, _)| *at),
            self.station.deadline(),
            self.centre.deadline(),
        ];
        let Some(next) = ends.into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        let now = self.now;
        if let Some(piece) = due(&mut self.up.flying, now) {
            self.centre.input(now, &piece, &mut self.from_centre);
        }
        if let Some(piece) = due(&mut self.down.flying, now) {
            self.station.input(now, &piece, &mut self.from_station);
        }
        if let Some(samples) = due(&mut self.writing, now) {
            let through = samples.last().unwrap().sample.seq;
            for received in samples {
                let seq = received.sample.seq;
                self.stores.doubled +=
                    usize::from(self.stores.centre.insert(seq, received).is_some());
            }
            self.centre.stored(through, &mut self.from_centre);
        }
        if self.station.deadline().is_some_and(|at| at <= now) {
            self.station.timeout(now, &mut self.from_station);
        }
        if self.centre.deadline().is_some_and(|at| at <= now) {
            self.centre.timeout(now, &mut self.from_centre);
        }
        self.settle();
        true
    }

    /// Until both ends have hung up.
    pub(crate) fn run(&mut self) {
        for _ in 0..2_000_000 {
            if self.ends.0.is_some() && self.ends.1.is_some() || !self.step() {
                return;
            }
        }
        panic!("the call never ends");
    }

    fn settle(&mut self) {
        loop {
            self.up.carry(self.now, &std::mem::take(&mut self.from_station.bytes));
            self.down.carry(self.now, &std::mem::take(&mut self.from_centre.bytes));
            if let Some(action) = self.from_station.actions.pop_front() {
                self.station_acts(action);
            } else if let Some(action) = self.from_centre.actions.pop_front() {
                self.centre_acts(action);
            } else if let Some(after) = self.station.wants() {
                let samples: Vec<Sample> = self
                    .stores
                    .station
                    .range(after + 1..)
                    .take(64)
                    .map(|(_, s)| s.clone())
                    .collect();
                self.station.upload(self.now, &samples, &mut self.from_station);
            } else if self.from_station.bytes.is_empty() && self.from_centre.bytes.is_empty() {
                return;
            }
        }
    }

    fn station_acts(&mut self, action: StationAction) {
        match action {
            StationAction::Acknowledged(through) => {
                assert!(through >= self.stores.acknowledged || through == 0);
                self.stores.acknowledged = self.stores.acknowledged.max(through);
                while self.stores.station.first_key_value().is_some_and(|(seq, _)| *seq <= through)
                {
                    self.stores.station.pop_first();
                }
            }
            StationAction::Ask { id, unit, pdu } => {
                let answer = match Request::decode(&pdu) {
                    Ok(Request::WriteRegister { .. }) => {
                        self.stores.writes += 1;
                        pdu
                    }
                    _ => Pdu::new(&[3, 2, unit.0, 7]).unwrap(),
                };
                self.station.answer(self.now, id, answer, &mut self.from_station);
            }
            StationAction::Once { id, mark, pdu, .. } => {
                let writes = &mut self.stores.writes;
                let answer = self.stores.once.entry(mark).or_insert_with(|| {
                    *writes += 1;
                    pdu
                });
                self.station.answer(self.now, id, answer.clone(), &mut self.from_station);
            }
            StationAction::Time { unix_ms, .. } => self.time = Some(unix_ms),
            StationAction::Configure { version, changes } => {
                let outcome = match changes.first() {
                    Some((key, _)) if key == "secret" => Err("not allowed".to_owned()),
                    _ => {
                        self.stores.configured = version;
                        Ok(())
                    }
                };
                self.station.configured(self.now, version, outcome, &mut self.from_station);
            }
            StationAction::Renew { version, text } => {
                let outcome = match text.contains("secret") {
                    true => Err("file.toml:1:1: not allowed".to_owned()),
                    false => {
                        self.stores.configured = version;
                        self.stores.texts.push(text);
                        Ok(())
                    }
                };
                self.station.configured(self.now, version, outcome, &mut self.from_station);
            }
            StationAction::Tell => {
                let waiting = self.stores.station.len() as u64;
                let status = Status { waiting, room: 1000, ..Status::default() };
                self.station.tell(status, &mut self.from_station);
            }
            StationAction::HangUp(end) => {
                self.ends.0 = Some(end);
            }
        }
    }

    fn centre_acts(&mut self, action: CentreAction) {
        match action {
            CentreAction::Arrived(hello) => {
                assert_eq!(hello.store, STORE);
                let through = self.stores.centre.last_key_value().map_or(0, |(seq, _)| *seq);
                self.centre.welcome(self.now, through, &mut self.from_centre);
            }
            CentreAction::Store(samples) => self.writing.push_back((self.now + self.disk, samples)),
            CentreAction::Answered(ticket, answer) => self.answers.push((ticket, answer)),
            CentreAction::Configured { version, outcome } => self.told.push((version, outcome)),
            CentreAction::Described(check, points) => self.described.push((check, points)),
            CentreAction::AsDescribed => self.as_described += 1,
            CentreAction::Status(status) => self.statuses.push(status),
            CentreAction::HangUp(end) => self.ends.1 = Some(end),
        }
    }

    pub(crate) fn ask(&mut self, ticket: u64, unit: u8, pdu: &[u8]) {
        let pdu = Pdu::new(pdu).unwrap();
        let asked =
            self.centre.ask(self.now, Ticket(ticket), UnitId(unit), pdu, &mut self.from_centre);
        asked.unwrap();
        self.settle();
    }
}

/// The first of a queue, if its time has come.
fn due<T>(queue: &mut VecDeque<(Instant, T)>, now: Instant) -> Option<T> {
    queue.front().filter(|(at, _)| *at <= now)?;
    queue.pop_front().map(|(_, first)| first)
}
