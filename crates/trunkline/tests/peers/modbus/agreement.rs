//! Whether we answer as pymodbus does: thousands of requests, the right and the wrong, to both.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use modbus::frame::tcp::Transaction;
use modbus::frame::{Ears, Framing, Side, rtu};
use modbus::pdu::{AnswerError, Dialect, Pdu, Request};
use modbus::slave::{Output, Slave};

use super::dice::Dice;
use super::twin::{self, SIZE, Twin, UNIT};
use crate::stage::{PATIENCE, Process, Stage, command, free_address, installed};

/// What both have, and one that nobody has.
const FUNCTIONS: [u8; 20] = [
    1, 2, 3, 4, 5, 6, 7, 8, 0x0b, 0x0c, 0x0f, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x2b, 0x41,
];

/// Requests in each framing.
const REQUESTS: usize = 3000;

/// How long an answer is waited for where pymodbus may give none.
const SILENCE: Duration = Duration::from_millis(150);

/// Where pymodbus 3.0 is known to differ from the Modbus Application Protocol 1.1b3, and what it does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// 6.5: a coil is FF00 or 0000, all else is exception 03. It takes anything but FF00 for off.
    CoilOfAnyValue,
    /// 4.1, 7: a request ends where its function says. It ignores what stands behind that, and gives no answer
    /// to what ends before.
    Length,
    /// 6.11, 6.12: the byte count belongs to the count. It looks at it in some functions only.
    ByteCount,
    /// 6.8: a sub-function that isn't there is exception 01. It gives no answer, or echoes.
    SubFunction,
    /// 6.8.1: an echo is of any length. It knows one word.
    LongEcho,
    /// 6.14: records are answered with what they hold. It has none, and says so in an answer without any.
    Files,
    /// 6.21: from an object that isn't there it begins anew, and a single one is exception 02. It gives no objects,
    /// or an empty one.
    Object,
    /// 6.21: a way to read that isn't there is exception 03. It fails.
    Access,
}

impl Deviation {
    /// Whether this is what the standard wants there.
    fn is_right(self, request: &[u8], answer: Option<&Pdu>) -> bool {
        let function = request[0];
        let refuses = |code: u8| answer.is_some_and(|pdu| pdu.bytes() == [function | 0x80, code]);
        match self {
            Self::CoilOfAnyValue => refuses(3),
            Self::SubFunction => refuses(1),
            Self::LongEcho => answer.is_some_and(|pdu| pdu.bytes() == request),
            Self::Files => answer.is_some_and(|pdu| pdu.bytes() == twin::files(request)),
            Self::Object if request[2] == 4 => refuses(2),
            Self::Object => answer.is_some_and(|pdu| pdu.bytes() == twin::beginning(request[2])),
            Self::Access => refuses(3),
            // On a serial bus, what says that it goes on beyond the longest frame is no frame.
            Self::ByteCount => refuses(3) || answer.is_none() && request.len() >= 250,
            Self::Length if function == 0x41 => refuses(1),
            // What is left of a diagnostic may be another one.
            Self::Length if function == 8 => answer.is_some(),
            Self::Length => refuses(3),
        }
    }
}

/// The PDU in an answer.
fn answered(framing: Framing, wire: &[u8]) -> Pdu {
    let mut ears = Ears::new(framing, Side::Master);
    let caught = ears.next(clock::Instant::ORIGIN, &mut &*wire, Side::Master).expect("Modbus");
    // A long echo ends with a silence.
    let caught = caught.or_else(|| ears.finish());
    caught.unwrap_or_else(|| panic!("we say {wire:02x?}, which is no frame")).heard.frame.pdu
}

struct Said(Vec<Vec<u8>>);

impl Output for Said {
    fn send(&mut self, frame: &[u8]) {
        self.0.push(frame.to_vec());
    }
}

/// Our unit with the data of theirs.
struct Ours {
    slave: Slave,
    twin: Twin,
}

impl Ours {
    fn new(framing: Framing) -> Self {
        Self { slave: Slave::new(framing, Duration::ZERO), twin: Twin::new() }
    }

    fn ask(&mut self, now: clock::Instant, wire: &[u8]) -> Option<Vec<u8>> {
        let mut said = Said(Vec::new());
        self.slave.input(now, wire, &mut self.twin, &mut said).expect("Modbus");
        // Where only silence ends a frame, there is enough of it.
        self.slave.timeout(now + SILENCE, &mut self.twin, &mut said);
        assert!(said.0.len() <= 1, "one request, {} answers", said.0.len());
        said.0.pop()
    }
}

/// pymodbus behind TCP.
struct Theirs {
    _process: Process,
    address: SocketAddr,
    stream: Option<TcpStream>,
    framing: Framing,
}

impl Theirs {
    fn new(stage: &Stage, name: &str, framing: Framing) -> Self {
        let script = stage.write("agreement.py", include_str!("agreement.py"));
        let address = free_address();
        let mut python = command(installed("/usr/bin/python3"));
        let process = Process::start(
            "pymodbus",
            python.arg("-u").arg(script).arg(name).arg(address.port().to_string()),
        );
        Self { _process: process, address, stream: None, framing }
    }

    fn ask(&mut self, wire: &[u8], patience: Duration) -> Option<Vec<u8>> {
        let begun = Instant::now();
        let mut stream = loop {
            match self.stream.take().map_or_else(|| TcpStream::connect(self.address), Ok) {
                Ok(stream) => break stream,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "nobody listens: {error}"),
            }
            std::thread::yield_now();
        };
        stream.set_nodelay(true).expect("our own socket");
        stream.set_read_timeout(Some(patience)).expect("our own socket");
        stream.write_all(wire).ok()?;
        let mut ears = Ears::new(self.framing, Side::Master);
        let (mut heard, mut piece) = (Vec::new(), [0; 512]);
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            heard.extend_from_slice(&piece[..length]);
            let mut bytes = &piece[..length];
            let caught = ears.next(clock::Instant::ORIGIN, &mut bytes, Side::Master);
            if matches!(caught, Ok(Some(_))) {
                assert_eq!(bytes, [0; 0], "more than an answer");
                self.stream = Some(stream);
                return Some(heard);
            }
        }
        // Who gives no answer may be left with half a frame: the next request begins anew.
        None
    }
}

impl Dice {
    /// Mostly within the tables, at their end, beyond it.
    fn address(&mut self) -> u16 {
        match self.roll(20) {
            0 => self.word(),
            1 => SIZE - 1,
            2 => SIZE,
            3 => 0xffff,
            _ => self.roll(u64::from(SIZE)) as u16,
        }
    }

    /// Mostly few, now and then around the limit, none, or any.
    fn count(&mut self, limit: u16) -> u16 {
        match self.roll(12) {
            0 => 0,
            1 => limit,
            2 => limit + 1,
            3 => self.word(),
            _ => 1 + self.roll(20) as u16,
        }
    }

    /// A request, often a wrong one, and where they are known to differ in it.
    fn request(&mut self) -> (Vec<u8>, Option<Deviation>) {
        let function = FUNCTIONS[self.roll(FUNCTIONS.len() as u64) as usize];
        let mut known = None;
        let mut pdu = vec![function];
        let mut put = |words: &[u16]| pdu.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        match function {
            1 | 2 => put(&[self.address(), self.count(2000)]),
            3 | 4 => put(&[self.address(), self.count(125)]),
            5 => {
                let state = [0, 0xff00, 1, 0xff01, self.word()][self.roll(5) as usize];
                put(&[self.address(), state]);
                known = (state != 0 && state != 0xff00).then_some(Deviation::CoilOfAnyValue);
            }
            6 => put(&[self.address(), self.word()]),
            8 => match self.roll(4) {
                0 => {
                    put(&[0x15 + self.word() % 1000, 0]);
                    known = Some(Deviation::SubFunction);
                }
                1 => {
                    put(&[0, self.word(), self.word()]);
                    known = Some(Deviation::LongEcho);
                }
                _ => put(&[0, self.word()]),
            },
            0x0f | 0x10 => {
                let (limit, bits) = if function == 0x0f { (1968, 1) } else { (123, 16) };
                let count = self.count(limit);
                let bytes = (usize::from(count) * bits).div_ceil(8).min(246);
                put(&[self.address(), count]);
                let told = if self.roll(10) == 0 { self.byte() } else { bytes as u8 };
                if usize::from(told) != (usize::from(count) * bits).div_ceil(8) {
                    known = Some(Deviation::ByteCount);
                }
                pdu.push(told);
                // A frame as long as it says, so that RTU finds its end as well.
                pdu.extend((0..told).map(|_| self.byte()));
                pdu.truncate(253);
            }
            7 | 0x0b | 0x0c | 0x11 => {}
            0x14 => {
                known = Some(Deviation::Files);
                let spans = 1 + self.roll(4) as u8;
                pdu.push(7 * spans);
                for _ in 0..spans {
                    pdu.push(6);
                    let span = [1 + self.word() % 9, self.word() % 9000, 1 + self.word() % 20];
                    pdu.extend(span.iter().flat_map(|word| word.to_be_bytes()));
                }
            }
            0x15 => {
                let count = 1 + self.roll(100) as u8;
                pdu.extend([7 + 2 * count, 6]);
                let span = [1 + self.word() % 9, self.word() % 9000, u16::from(count)];
                pdu.extend(span.iter().flat_map(|word| word.to_be_bytes()));
                pdu.extend((0..2 * count).map(|_| self.byte()));
            }
            0x18 => put(&[self.word()]),
            0x2b => {
                let (access, object) =
                    (self.roll(6) as u8, [0, 1, 2, 3, 4, 0x80][self.roll(6) as usize]);
                pdu.extend([0x0e, access, object]);
                known = match (access, object) {
                    (0, _) => Some(Deviation::Access),
                    (1, 3..) | (2, 0x80) | (4, 4) => Some(Deviation::Object),
                    _ => None,
                };
            }
            0x16 => put(&[self.address(), self.word(), self.word()]),
            0x17 => {
                let count = 1 + self.roll(121) as u16;
                put(&[self.address(), self.count(125), self.address(), count]);
                pdu.push(2 * count as u8);
                pdu.extend((0..2 * count).map(|_| self.byte()));
            }
            _ => pdu.extend((0..self.roll(5)).map(|_| self.byte())),
        }
        (pdu, known)
    }
}

/// Writes that both understand, so that what only one of them has written makes no difference to later reads.
fn level(framing: Framing, ours: &mut Ours, theirs: &mut Theirs, now: clock::Instant) {
    let coils: Vec<bool> = (0..SIZE).map(|address| address % 5 < 2).collect();
    let coils = Request::write_coils(0, &coils).expect("within the limits");
    let registers = (0..SIZE / 100).map(|part| {
        let words = (0..100).map(|register| register * 3 + part).collect();
        Request::write_registers(part * 100, words).expect("within the limits")
    });
    for request in std::iter::once(coils).chain(registers) {
        let mut wire = Vec::new();
        framing.encode(Transaction(0), UNIT, &request.encode(), &mut wire);
        assert_eq!(ours.ask(now, &wire), theirs.ask(&wire, PATIENCE), "{request:?}");
    }
}

#[test]
fn we_answer_as_pymodbus_does_but_where_it_leaves_the_standard() {
    let framings = [
        ("tcp", Framing::Tcp),
        ("rtu", Framing::Rtu(rtu::Silences::TOLERANT)),
        ("ascii", Framing::Ascii),
    ];
    for (name, framing) in framings {
        let stage = Stage::new();
        let (mut ours, mut theirs) = (Ours::new(framing), Theirs::new(&stage, name, framing));
        let mut dice = Dice(20_261_123);
        let mut differed = std::collections::BTreeMap::new();
        for number in 0..REQUESTS {
            let (mut request, mut known) = dice.request();
            if framing == Framing::Tcp && dice.roll(40) == 0 && request.len() > 2 {
                // Cut off, or with something behind it: only a header tells where it ends.
                match dice.roll(2) {
                    0 => request.truncate(1 + dice.roll(request.len() as u64 - 1) as usize),
                    _ => request.push(dice.byte()),
                }
                known = Some(Deviation::Length);
            }
            // A function without a length ends with a silence, for us; theirs ends it anyhow.
            if framing != Framing::Tcp && request[0] == 0x41 {
                continue;
            }
            let pdu = Pdu::new(&request).expect("it fits");
            let mut wire = Vec::new();
            framing.encode(Transaction(number as u16), UNIT, &pdu, &mut wire);
            // A second apart: what one didn't understand is noise by the next.
            let now = clock::Instant::from_nanos(1_000_000_000 * (number as u64 + 1));
            let patience = if known.is_some() { SILENCE } else { PATIENCE };
            let (mine, other) = (ours.ask(now, &wire), theirs.ask(&wire, patience));
            if let Some(known) = known {
                let mine = mine.as_deref().map(|mine| answered(framing, mine));
                assert!(
                    known.is_right(&request, mine.as_ref()),
                    "{known:?} {request:02x?}: {mine:?}"
                );
            }
            if mine == other {
                // Whoever asks them with our master gets it.
                if let (Some(other), Ok(request)) = (&other, Request::decode(&pdu)) {
                    let accepted = request.accept(&answered(framing, other), Dialect::Standard);
                    let refused = matches!(accepted, Err(AnswerError::Exception(_)));
                    assert!(refused || accepted.is_ok(), "{request:?}: {accepted:?}");
                }
                continue;
            }
            match known {
                Some(known) => {
                    *differed.entry(known).or_insert(0) += 1;
                    level(framing, &mut ours, &mut theirs, now);
                }
                None => panic!("{name} {request:02x?}: we say {mine:02x?}, they {other:02x?}"),
            }
        }
        println!("{name}: {differed:?}");
    }
}
