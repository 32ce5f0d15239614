//! A bus of RS-485 on a pseudo-terminal, in real time: units that think, characters that take as long as they do on
//! the wire, and everything that goes wrong there. What comes out of the gateway is right or refused; and once the
//! fault is gone, it is right again. How fast the machine is decides nothing: slow, it only makes more answers late.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gateway::{Bus, Gateway};
use modbus::frame::{Framing, rtu};
use modbus::master::{Outcome, Question};
use modbus::pdu::{Dialect, Request};
use modbus::slave::{Memory, Slave};
use modbus::{SerialTiming, UnitId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::TcpStream;

use crate::{Wire, ask_on, config, terminal};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a unit's registers hold: nobody else's, and no other address's.
fn value(unit: u8, address: u16) -> u16 {
    u16::from(unit) << 8 | address
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }
}

/// Who is told what goes wrong.
#[derive(Clone, Default)]
struct Weather {
    /// Answers go wrong, two of three.
    rough: Arc<AtomicBool>,
    /// Until when the wires are shorted, and noise comes without end.
    shorted: Arc<Mutex<Option<Instant>>>,
}

/// Bytes on their way to the master.
struct Said {
    unit: u8,
    /// When the first character has come.
    at: Instant,
    bytes: Vec<u8>,
    /// From which byte on all comes at once: a copy or a stranger's frame that came a moment later could belong to
    /// the next request, and nobody could tell.
    glued: usize,
}

/// The far end of the cable, with units 1 and 2.
struct Cable {
    master: File,
    character: Duration,
    units: [(Slave, Memory); 2],
    said: Vec<Said>,
    dice: Dice,
    weather: Weather,
}

impl Cable {
    fn new(master: File, speed: u32, weather: Weather) -> Self {
        let unit = |id: u8| {
            let slave = Slave::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO);
            let mut memory = Memory::new(UnitId(id), 100);
            memory.holding_registers = (0..100).map(|address| value(id, address)).collect();
            (slave, memory)
        };
        let character = SerialTiming::with_bits(speed, 10).characters(1);
        let dice = Dice(u64::from(speed));
        Self { master, character, units: [unit(1), unit(2)], said: Vec::new(), dice, weather }
    }

    /// Until nobody has the other end open any more.
    fn run(mut self) {
        let mut heard = [0; 512];
        loop {
            let wait = self.next().map(|at| at.saturating_duration_since(Instant::now()));
            let wait = wait.map(|wait| Timespec::try_from(wait).expect("a short time"));
            let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
            poll(&mut fds, wait.as_ref()).expect("our own terminal");
            if !fds[0].revents().is_empty() {
                match self.master.read(&mut heard) {
                    Ok(length @ 1..) => self.hear(&heard[..length]),
                    _ => return,
                }
            }
            self.make_noise();
            if self.speak().is_err() {
                return;
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let noise = *self.weather.shorted.lock().expect("nobody panics with it");
        let noise = noise.map(|_| Instant::now() + self.character);
        self.said.iter().map(|said| said.at).chain(noise).min()
    }

    fn hear(&mut self, bytes: &[u8]) {
        let now = carrier::clock_now();
        let mut answers = Vec::new();
        for (id, (slave, memory)) in (1..).zip(&mut self.units) {
            let mut wire = Wire(Vec::new());
            slave.input(now, bytes, memory, &mut wire).expect("a serial bus goes on");
            if !wire.0.is_empty() {
                answers.push((id, wire.0));
            }
        }
        for (unit, frame) in answers {
            self.answer(unit, frame);
        }
    }

    fn answer(&mut self, unit: u8, mut frame: Vec<u8>) {
        let think = Duration::from_micros(self.dice.roll(10_000));
        // Late or not, a unit answers in the order in which it is asked.
        let before = self.said.iter().filter(|said| said.unit == unit);
        let before = before.map(|said| said.at + self.character * said.bytes.len() as u32).max();
        let mut at = before.unwrap_or_else(Instant::now).max(Instant::now()) + think;
        let place = self.dice.roll(frame.len() as u64) as usize;
        let mut glued = usize::MAX;
        let fault =
            if self.weather.rough.load(Ordering::Relaxed) { self.dice.roll(20) } else { 20 };
        match fault {
            // No answer.
            0 => return,
            // Late, mostly beyond the patience of the master.
            1 | 2 => at += Duration::from_millis(self.dice.roll(700)),
            // Noise before, behind, inside.
            3 => drop(frame.splice(0..0, self.dice.bytes(4))),
            4 => frame.extend(self.dice.bytes(4)),
            5 => drop(frame.splice(place..place, self.dice.bytes(3))),
            // A wrong CRC, wherever the bit fell.
            6 => frame[place] ^= 1 << self.dice.roll(8),
            // Somebody whom nobody has asked.
            7 => frame = signed(77, &frame),
            8 => frame.truncate(place),
            // Twice.
            9 => {
                glued = frame.len() - 1;
                frame.extend_from_within(..);
            }
            // The other unit answers as well, under its own number and before.
            10 => {
                let mut both = signed(3 - unit, &frame);
                glued = both.len() - 1;
                both.append(&mut frame);
                frame = both;
            }
            // A pause in the middle, longer than any silence that ends a frame.
            11 => {
                let rest = frame.split_off(place);
                let pause = Duration::from_millis(self.dice.roll(60));
                let at = at + self.character * place as u32 + pause;
                self.said.push(Said { unit, at, bytes: rest, glued });
            }
            // Two speak at once: every other byte is somebody else's.
            12 => {
                let others = signed(3 - unit, &frame);
                frame = frame.iter().zip(others).flat_map(|(one, other)| [*one, other]).collect();
            }
            _ => {}
        }
        self.said.push(Said { unit, at, bytes: frame, glued });
    }

    fn make_noise(&mut self) {
        let mut shorted = self.weather.shorted.lock().expect("nobody panics with it");
        if shorted.is_some_and(|until| until <= Instant::now()) {
            *shorted = None;
        }
        if shorted.is_some() {
            let bytes = self.dice.bytes(1);
            self.said.push(Said { unit: 0, at: Instant::now(), bytes, glued: usize::MAX });
        }
    }

    /// Says the characters whose time has come.
    fn speak(&mut self) -> std::io::Result<()> {
        let now = Instant::now();
        for said in &mut self.said {
            while said.at <= now && !said.bytes.is_empty() {
                let count = if said.glued == 0 { said.bytes.len() } else { 1 };
                let character: Vec<u8> = said.bytes.drain(..count).collect();
                self.master.write_all(&character)?;
                said.at += self.character * count as u32;
                said.glued = said.glued.saturating_sub(1);
            }
        }
        self.said.retain(|said| !said.bytes.is_empty());
        Ok(())
    }
}

/// The same answer, of somebody else.
fn signed(unit: u8, frame: &[u8]) -> Vec<u8> {
    let pdu = modbus::pdu::Pdu::new(&frame[1..frame.len() - 2]).expect("it was one");
    let mut wire = Vec::new();
    rtu::encode(UnitId(unit), &pdu, &mut wire);
    wire
}

/// A cable with its units, and what is at its near end.
struct Field {
    _folder: tempfile::TempDir,
    table: String,
    weather: Weather,
    near: Option<File>,
    far: Option<std::thread::JoinHandle<()>>,
}

impl Field {
    fn new(speed: u32, keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("bus");
        let (far, near) = terminal(&link);
        let weather = Weather::default();
        let cable = Cable::new(far, speed, weather.clone());
        let table = format!(
            "serial = {{ device = \"{}\", speed = {speed}, format = \"8N1\" }}\n{keys}\n",
            link.display()
        );
        let far = Some(std::thread::spawn(move || cable.run()));
        Self { _folder: folder, table, weather, near: Some(near), far }
    }

    /// Once nobody has the bus open any more.
    fn end(mut self) {
        drop(self.near.take());
        self.far.take().expect("only once").join().expect("the cable didn't fail");
    }
}

/// The PDU of a read, and what a right answer to it is.
fn read(unit: u8, dice: &mut Dice) -> (Request, Vec<u8>) {
    // Mostly of one shape, so that nothing but the rules tells their answers apart.
    let (address, count) = (dice.roll(90) as u16, [1, 1, 1, 7][dice.roll(4) as usize]);
    let mut right = vec![3, 2 * count as u8];
    right.extend((address..address + count).flat_map(|at| value(unit, at).to_be_bytes()));
    (Request::read_holding_registers(address, count).expect("within the limits"), right)
}

/// Asks until a unit gives ten right answers in a row; none may be wrong.
async fn recover(mut ask: impl AsyncFnMut(u8, &Request) -> Option<Vec<u8>>, dice: &mut Dice) {
    let begun = Instant::now();
    for unit in [1, 2] {
        let mut right = 0;
        while right < 10 {
            let (request, expected) = read(unit, dice);
            match ask(unit, &request).await {
                Some(answer) => {
                    assert_eq!(answer, expected, "{request:?} of unit {unit}");
                    right += 1;
                }
                None => {
                    right = 0;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            assert!(begun.elapsed() < PATIENCE, "unit {unit} doesn't come back");
        }
    }
}

/// Clients of a gateway: 0B for what failed, nothing else but the right answer.
async fn behind_a_gateway(speed: u32, keys: &str, asked: u32, short: Option<Duration>) {
    let field = Field::new(speed, keys);
    let gateway = Gateway::start(config(&field.table)).await.expect("it starts");
    let mut stream = TcpStream::connect(gateway.addresses()[0]).await.expect("it listens");
    let mut dice = Dice(u64::from(speed) + 1);
    let mut ask = async |unit: u8, request: &Request| {
        let answer = ask_on(&mut stream, 7, unit, request.encode().bytes()).await;
        // 0A only at the very beginning: the port is still being opened.
        (!matches!(*answer, [0x83, 0x0a | 0x0b])).then_some(answer)
    };
    recover(&mut ask, &mut dice).await;
    field.weather.rough.store(true, Ordering::Relaxed);
    *field.weather.shorted.lock().expect("nobody panics with it") =
        short.map(|span| Instant::now() + span);
    for turn in 0..asked {
        let unit = 1 + turn as u8 % 2;
        let (request, expected) = read(unit, &mut dice);
        if let Some(answer) = ask(unit, &request).await {
            assert_eq!(answer, expected, "{request:?} of unit {unit}");
        }
    }
    field.weather.rough.store(false, Ordering::Relaxed);
    recover(&mut ask, &mut dice).await;
    gateway.shut_down().await;
    field.end();
}

const SENTINEL: &str = "response = \"200ms\"\nretries = 2";

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_9600_give_no_wrong_value_and_pass() {
    behind_a_gateway(9600, SENTINEL, 40, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_19200_give_no_wrong_value_and_pass() {
    behind_a_gateway(19_200, SENTINEL, 60, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_115200_give_no_wrong_value_and_pass() {
    behind_a_gateway(115_200, SENTINEL, 60, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorted_bus_gives_no_wrong_value_and_comes_back() {
    // Whoever is dead to all sentinels rests for half a minute; waiting is the shorter way here.
    let waiting = "response = \"100ms\"\nretries = 0\nlate-answers = \"2s\"";
    behind_a_gateway(38_400, waiting, 4, Some(Duration::from_secs(2))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_of_a_station_bears_the_same_faults() {
    let field = Field::new(57_600, SENTINEL);
    let config = config(&field.table);
    let place = config.serial.as_ref().expect("it has one").place();
    let bus = Bus::open(place, config.settings()).await.expect("it opens");
    let mut dice = Dice(57_601);
    let mut ask = async |unit: u8, request: &Request| {
        let question = Question::Known(request.clone(), Dialect::Standard);
        match bus.ask(UnitId(unit), question).await {
            Ok(Outcome::Answer(pdu)) => Some(pdu.bytes().to_vec()),
            _ => None,
        }
    };
    field.weather.rough.store(true, Ordering::Relaxed);
    for turn in 0..60u8 {
        let unit = 1 + turn % 2;
        let (request, expected) = read(unit, &mut dice);
        if let Some(answer) = ask(unit, &request).await {
            assert_eq!(answer, expected, "{request:?} of unit {unit}");
        }
    }
    field.weather.rough.store(false, Ordering::Relaxed);
    recover(&mut ask, &mut dice).await;
    drop(bus);
    field.end();
}
