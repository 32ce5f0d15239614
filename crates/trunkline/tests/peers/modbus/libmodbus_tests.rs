//! libmodbus' own unit tests, as its package ships them: its client against a unit of ours, and its server, which
//! answers wrongly on purpose, behind a gateway.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use modbus::UnitId;
use modbus::address::Table;
use modbus::frame::{Framing, rtu, tcp};
use modbus::pdu::{Exception, Pdu, Request, Response, Row};
use modbus::slave::{Memory, Model, Output, Slave};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::stage::{PATIENCE, Process, Setting, Stage, command, free_address, installed};

const SHIPPED: &str = "/usr/share/doc/libmodbus-dev/examples";

/// Builds one of their programs, with another port than the one that it is made for. What else is changed are its
/// waits, so that they are long on a busy machine too.
fn built(stage: &Stage, name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let shipped = installed(&format!("{SHIPPED}/{name}.c"));
    let mut text = std::fs::read_to_string(shipped).expect("their source");
    for (theirs, ours) in changes {
        assert!(text.contains(theirs), "{name} is not the version that this test knows: {theirs}");
        text = text.replace(theirs, ours);
    }
    let source = stage.write(&format!("{name}.c"), text);
    let program = stage.path(name);
    let mut cc = command(installed("/usr/bin/cc"));
    cc.args(["-w", "-I/usr/include/modbus", "-I", SHIPPED, "-o"]).arg(&program).arg(source);
    Process::start("cc", cc.arg("-lmodbus")).succeed();
    program
}

const REGISTERS: u16 = 0x160;

/// How an answer is to be spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoilt {
    /// It isn't.
    Not,
    /// It has one register less than was asked for.
    Short,
    /// It belongs to another transaction.
    Foreign,
    /// It comes half a second late.
    Late,
    /// It comes byte by byte.
    Slow,
}

/// The unit that `unit-test.h` describes.
struct Specimen {
    /// Who it is; nothing: whoever is asked, as on TCP.
    unit: Option<UnitId>,
    coils: Vec<bool>,
    registers: Vec<u16>,
    spoilt: Spoilt,
}

fn part<T: Clone>(table: &[T], first: u16, address: u16, count: u16) -> Result<Vec<T>, Exception> {
    let start = usize::from(address.checked_sub(first).ok_or(Exception::IllegalDataAddress)?);
    let part = table.get(start..start + usize::from(count));
    part.map(<[T]>::to_vec).ok_or(Exception::IllegalDataAddress)
}

impl Specimen {
    fn new(unit: Option<UnitId>) -> Self {
        Self { unit, coils: vec![false; 37], registers: vec![0; 32], spoilt: Spoilt::Not }
    }
}

impl Model for Specimen {
    fn is_ours(&self, unit: UnitId) -> bool {
        self.unit.is_none_or(|own| own == unit)
    }

    fn read_bits(
        &mut self,
        _: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Exception> {
        if table == Table::Coils {
            return part(&self.coils, 0x130, address, count);
        }
        let inputs: Vec<bool> = (0..22).map(|bit| 0x35_db_ac >> bit & 1 == 1).collect();
        part(&inputs, 0x1c4, address, count)
    }

    fn read_words(
        &mut self,
        _: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        if table == Table::InputRegisters {
            return part(&[0x000a], 0x108, address, count);
        }
        let words = part(&self.registers, REGISTERS, address, count)?;
        self.spoilt = match (address, count) {
            (_, 2) => Spoilt::Short,
            (0x170, _) => return Err(Exception::Busy),
            (0x171, _) => Spoilt::Foreign,
            (0x172, _) => Spoilt::Late,
            (0x173, _) => Spoilt::Slow,
            _ => Spoilt::Not,
        };
        Ok(words)
    }

    fn write_bits(&mut self, unit: UnitId, address: u16, bits: &[bool]) -> Result<(), Exception> {
        // A fault of their own server that their client looks for.
        if address == 0x132 && bits.len() == 1 {
            return Err(Exception::IllegalDataValue);
        }
        self.read_bits(unit, Table::Coils, address, bits.len() as u16)?;
        let start = usize::from(address - 0x130);
        self.coils[start..start + bits.len()].copy_from_slice(bits);
        Ok(())
    }

    fn write_words(&mut self, _: UnitId, address: u16, words: &[u16]) -> Result<(), Exception> {
        part(&self.registers, REGISTERS, address, words.len() as u16)?;
        if address == 0x170 {
            return Err(Exception::IllegalDataValue);
        }
        let start = usize::from(address - REGISTERS);
        self.registers[start..start + words.len()].copy_from_slice(words);
        Ok(())
    }

    fn other(&mut self, _: UnitId, request: &Request) -> Result<Response, Exception> {
        match request {
            Request::ReportServerId => {
                let identity = b"\xb4\xffLMB3.1.6".to_vec();
                Ok(Response::ReportServerId(Row::new(identity).expect("short")))
            }
            _ => Err(Exception::IllegalFunction),
        }
    }
}

struct Answers(Vec<Vec<u8>>);

impl Output for Answers {
    fn send(&mut self, frame: &[u8]) {
        self.0.push(frame.to_vec());
    }
}

/// A unit whose answers may be spoilt.
trait Served: Model {
    /// How the answer to what was just asked is.
    fn spoilt(&mut self) -> Spoilt {
        Spoilt::Not
    }
}

impl Served for Specimen {
    fn spoilt(&mut self) -> Spoilt {
        std::mem::replace(&mut self.spoilt, Spoilt::Not)
    }
}

impl Served for Memory {}

/// Serves one client, until it leaves.
fn serve(wire: &mut (impl Read + Write), framing: Framing, mut model: impl Served) {
    let mut slave = Slave::new(framing, Duration::ZERO);
    let mut piece = [0; 512];
    while let Ok(length @ 1..) = wire.read(&mut piece) {
        let mut answers = Answers(Vec::new());
        slave
            .input(clock::Instant::ORIGIN, &piece[..length], &mut model, &mut answers)
            .expect("they speak Modbus");
        let spoilt = model.spoilt();
        for mut frame in answers.0 {
            // Only reads of registers over TCP are.
            let spoilt = if frame.get(7) == Some(&3) { spoilt } else { Spoilt::Not };
            match spoilt {
                Spoilt::Short => {
                    frame.truncate(frame.len() - 2);
                    frame[5] -= 2;
                    frame[8] -= 2;
                }
                Spoilt::Foreign => frame[1] ^= 0x80,
                Spoilt::Late => std::thread::sleep(Duration::from_millis(500)),
                Spoilt::Slow | Spoilt::Not => {}
            }
            let step = if spoilt == Spoilt::Slow { 1 } else { frame.len() };
            for piece in frame.chunks(step) {
                if spoilt == Spoilt::Slow {
                    std::thread::sleep(Duration::from_millis(5));
                }
                if wire.write_all(piece).is_err() {
                    return;
                }
            }
        }
    }
}

/// A server of Modbus TCP for the one client that comes.
fn server(model: impl Served + Send + 'static) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has one").port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("their client");
        stream.set_nodelay(true).expect("our own socket");
        serve(&mut stream, Framing::Tcp, model);
    });
    (port, serving)
}

/// Tables as large as the longest requests; who names no unit asks 255.
fn large(unit: u8) -> Memory {
    Memory::new(UnitId(unit), 2000)
}

/// Their unit tests, against a server at this port or a unit at the cable's end.
fn unit_tests(stage: &Stage, port: u16) -> PathBuf {
    let patient = "modbus_set_debug(ctx, TRUE); modbus_set_response_timeout(ctx, 3, 0);";
    let device = stage.path("bus").display().to_string();
    let changes = [
        ("1502", &*port.to_string()),
        ("/dev/ttyUSB1", &device),
        ("modbus_set_debug(ctx, TRUE);", patient),
        ("modbus_set_response_timeout(ctx, 0, 600000)", "modbus_set_response_timeout(ctx, 9, 0)"),
        ("modbus_set_byte_timeout(ctx, 0, 7000)", "modbus_set_byte_timeout(ctx, 9, 0)"),
        ("usleep(400000)", "usleep(2000000)"),
        ("usleep(11 * 5000)", "usleep(2000000)"),
        // Their counts of bytes are wrong on purpose. That is how long a request on a bus is, theirs and ours, so that
        // nobody hears one there.
        (
            "send_crafted_request(ctx, MODBUS_FC_WRITE_MULTIPLE_REGISTERS,",
            "use_backend == RTU ? 0 : send_crafted_request(ctx, MODBUS_FC_WRITE_MULTIPLE_REGISTERS,",
        ),
        (
            "send_crafted_request(ctx, MODBUS_FC_WRITE_MULTIPLE_COILS,",
            "use_backend == RTU ? 0 : send_crafted_request(ctx, MODBUS_FC_WRITE_MULTIPLE_COILS,",
        ),
    ];
    built(stage, "unit-test-client", &changes)
}

/// A unit at the end of a serial cable, until the cable is gone. Unlike a connection it needs a clock: what has no
/// length, and what never becomes a frame, ends by silence.
fn serve_bus(mut wire: std::fs::File, mut model: impl Served) {
    let mut slave = Slave::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO);
    let begun = Instant::now();
    let now = || clock::Instant::ORIGIN + begun.elapsed();
    let mut piece = [0; 512];
    loop {
        let mut answers = Answers(Vec::new());
        let wait = slave.deadline().map(|at| at.since(now()));
        let wait = wait.map(|wait| Timespec::try_from(wait).expect("a short time"));
        let mut fds = [PollFd::new(&wire, PollFlags::IN)];
        if poll(&mut fds, wait.as_ref()).expect("our own end") == 0 {
            slave.timeout(now(), &mut model, &mut answers);
        } else {
            let Ok(length @ 1..) = wire.read(&mut piece) else { return };
            let heard = slave.input(now(), &piece[..length], &mut model, &mut answers);
            heard.expect("a serial bus goes on");
        }
        let spoilt = model.spoilt();
        for frame in answers.0 {
            let frame = match spoilt {
                Spoilt::Short | Spoilt::Foreign if frame[1] == 3 => signed(&frame, spoilt),
                Spoilt::Late => {
                    std::thread::sleep(Duration::from_millis(500));
                    frame
                }
                _ => frame,
            };
            if wire.write_all(&frame).is_err() {
                return;
            }
        }
    }
}

/// The answer, spoilt, with a CRC that is right.
fn signed(frame: &[u8], spoilt: Spoilt) -> Vec<u8> {
    let mut unit = UnitId(frame[0]);
    let mut pdu = frame[1..frame.len() - 2].to_vec();
    match spoilt {
        Spoilt::Short => {
            pdu.truncate(pdu.len() - 2);
            pdu[1] -= 2;
        }
        _ => unit.0 += 1,
    }
    let mut wire = Vec::new();
    rtu::encode(unit, &Pdu::new(&pdu).expect("it was one"), &mut wire);
    wire
}

#[test]
fn their_unit_tests_pass_against_our_unit_on_a_serial_bus() {
    let stage = Stage::new();
    let cable = super::cable(&stage);
    let units = std::fs::File::options().read(true).write(true).open(stage.path("units"));
    let units = units.expect("the cable's end");
    let serving = std::thread::spawn(move || serve_bus(units, Specimen::new(Some(UnitId(17)))));
    let program = unit_tests(&stage, 1502);
    let mut client = Process::start("libmodbus", command(program).arg("rtu"));
    client.succeed();
    client.log().expect("ALL TESTS PASS WITH SUCCESS");
    drop(cable);
    serving.join().expect("the unit didn't fail");
}

#[test]
fn their_unit_tests_pass_against_our_server() {
    let stage = Stage::new();
    let (port, serving) = server(Specimen::new(None));
    let program = unit_tests(&stage, port);
    let mut client = Process::start("libmodbus", command(program).arg("tcp"));
    client.succeed();
    client.log().expect("ALL TESTS PASS WITH SUCCESS");
    serving.join().expect("the server didn't fail");
}

#[test]
fn their_random_values_come_back_from_our_server() {
    let stage = Stage::new();
    let (port, serving) = server(large(0xff));
    let patient = "modbus_set_debug(ctx, FALSE); modbus_set_response_timeout(ctx, 60, 0);";
    let changes = [("1502", &*port.to_string()), ("modbus_set_debug(ctx, TRUE);", patient)];
    let program = built(&stage, "random-test-client", &changes);
    let mut client = Process::start("libmodbus", &mut command(program));
    client.succeed();
    client.log().expect("Test: SUCCESS");
    serving.join().expect("the server didn't fail");
}

#[test]
fn their_longest_requests_are_answered_over_tcp_and_rtu() {
    let stage = Stage::new();
    let patient = "modbus_set_response_timeout(ctx, 60, 0); if (modbus_connect(ctx) == -1) {";
    let device = stage.path("bus").display().to_string();
    let (port, serving) = server(large(0xff));
    let changes = [
        ("1502", &*port.to_string()),
        ("100000", "300"),
        ("/dev/ttyUSB1", &device),
        ("if (modbus_connect(ctx) == -1) {", patient),
    ];
    let program = built(&stage, "bandwidth-client", &changes);
    Process::start("libmodbus", command(&program).arg("tcp")).succeed();
    serving.join().expect("the server didn't fail");

    let cable = super::cable(&stage);
    let units = std::fs::File::options().read(true).write(true).open(stage.path("units"));
    let mut units = units.expect("the cable's end");
    let serving = std::thread::spawn(move || {
        serve(&mut units, Framing::Rtu(rtu::Silences::TOLERANT), large(1));
    });
    Process::start("libmodbus", command(&program).arg("rtu")).succeed();
    drop(cable);
    serving.join().expect("the server didn't fail");
}

fn their_server(stage: &Stage, port: u16) -> PathBuf {
    let device = stage.path("units").display().to_string();
    built(stage, "unit-test-server", &[("1502", &port.to_string()), ("/dev/ttyUSB0", &device)])
}

/// A client that asks a gateway, and knows what is never right.
struct Asker {
    stream: TcpStream,
    unit: UnitId,
}

impl Asker {
    /// Connected to a gateway that has a way to its unit.
    fn new(gateway: SocketAddr, unit: UnitId) -> Self {
        let begun = Instant::now();
        loop {
            if let Ok(stream) = TcpStream::connect(gateway) {
                stream.set_read_timeout(Some(PATIENCE)).expect("our own socket");
                let mut this = Self { stream, unit };
                let answer = this.ask(REGISTERS, 1);
                if answer != [0x83, 0x0a] && answer != [0x83, 0x0b] {
                    return this;
                }
            }
            assert!(begun.elapsed() < PATIENCE, "the gateway finds no unit");
            std::thread::yield_now();
        }
    }

    fn ask(&mut self, address: u16, count: u16) -> Vec<u8> {
        let request = Request::read_holding_registers(address, count).expect("within the limits");
        let mut frame = Vec::new();
        tcp::encode(tcp::Transaction(9), self.unit, &request.encode(), &mut frame);
        self.stream.write_all(&frame).expect("it reads");
        let mut ears = tcp::Deframer::default();
        let mut piece = [0; 260];
        loop {
            let length = self.stream.read(&mut piece).expect("an answer in time");
            assert!(length > 0, "the gateway hung up");
            let mut bytes = &piece[..length];
            if let Some((_, frame)) = ears.next(&mut bytes).expect("Modbus") {
                return frame.pdu.bytes().to_vec();
            }
        }
    }
}

fn behind_a_gateway(stage: &Stage, framing: &str, bus: &str, server: &Path) {
    let listen = free_address();
    let server = Process::start("libmodbus", command(server).arg(framing));
    let _trunkline = Setting::new(stage)
        .tables(&format!(
            "[[gateway]]\nname = \"bus\"\nlisten = \"{listen}\"\nframing = \"{framing}\"\n\
             response = \"5s\"\nretries = 0\n{bus}\n\n"
        ))
        .run();
    // Byte by byte their server answers as unit 255 only, which no serial bus has.
    let mut asker = Asker::new(listen, UnitId(if framing == "tcp" { 255 } else { 17 }));
    let right = |words: &[u16]| {
        let words = Row::new(words.to_vec()).expect("few");
        Pdu::bytes(&Response::ReadHoldingRegisters(words).encode()).to_vec()
    };
    assert_eq!(asker.ask(REGISTERS, 3), right(&[0, 0, 0]), "{framing}");
    // One register where two were asked for is none.
    assert_eq!(asker.ask(REGISTERS, 2), [0x83, 0x0b], "{framing}");
    // An answer of another transaction, or of another unit, is none.
    assert_eq!(asker.ask(0x171, 1), [0x83, 0x0b], "{framing}");
    assert_eq!(asker.ask(0x170, 3), [0x83, 0x06], "{framing}");
    assert_eq!(asker.ask(0x172, 1), right(&[0]), "{framing}");
    if framing == "tcp" {
        assert_eq!(asker.ask(0x173, 1), right(&[0]));
    }
    assert_eq!(asker.ask(0, 1), [0x83, 0x02], "{framing}");
    assert_eq!(asker.ask(REGISTERS, 4), right(&[0; 4]), "{framing}");
    drop(server);
}

#[test]
fn what_their_server_answers_wrongly_on_purpose_never_comes_out_of_a_gateway() {
    let stage = Stage::new();
    let unit = free_address();
    let server = their_server(&stage, unit.port());
    behind_a_gateway(&stage, "tcp", &format!("tcp = \"{unit}\""), &server);
    let _cable = super::cable(&stage);
    let device = stage.path("bus");
    let serial = format!(
        "serial = {{ device = \"{}\", speed = 115200, format = \"8N1\" }}",
        device.display()
    );
    behind_a_gateway(&stage, "rtu", &serial, &server);
}
