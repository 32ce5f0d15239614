//! Modbus: pymodbus and mbpoll (libmodbus) as clients of a gateway, pymodbus as the units behind it, and as the
//! judge of what goes onto the wire.

mod agreement;
mod libmodbus;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Instant;

use modbus::pdu::{
    Access, Bits, Dialect, FileReads, FileSpan, FileWrite, FileWrites, Pdu, Request, Response, Row,
    Span,
};

use crate::stage::{PATIENCE, Process, Setting, Stage, command, free_address, installed};

fn python(stage: &Stage) -> std::process::Command {
    let script = stage.write("modbus.py", include_str!("modbus.py"));
    // The system's interpreter: pymodbus is its package.
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script);
    command
}

/// Two ends of a cable: the units are on the first.
fn cable(stage: &Stage) -> Process {
    let end = |name: &str| format!("pty,raw,echo=0,link={}", stage.path(name).display());
    let mut socat = command(installed("/usr/bin/socat"));
    let socat = Process::start("socat", socat.args([end("units"), end("bus")]));
    let begun = Instant::now();
    while !(stage.path("units").exists() && stage.path("bus").exists()) {
        assert!(begun.elapsed() < PATIENCE, "socat makes no cable");
        std::thread::yield_now();
    }
    socat
}

fn units(stage: &Stage, framing: &str, place: &str) -> Process {
    let units = Process::start("units", python(stage).args(["serve", framing, place]));
    units.log().expect("serving");
    units
}

/// Asks until the units behind the gateway are there; pymodbus says that it serves before it does.
fn wait_for_units(stage: &Stage, gateway: SocketAddr) {
    let begun = Instant::now();
    let read = ["modbus", "guess", "--unit", "17", "--read", "i:1+2", "--from"];
    loop {
        let mut guess = command(env!("CARGO_BIN_EXE_trunkline"));
        let guess = guess.args(read).arg(format!("tcp://{gateway}")).current_dir(stage.path(""));
        if guess.output().expect("a command").status.success() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody answers");
    }
}

#[test]
fn pymodbus_and_libmodbus_reach_pymodbus_units_through_a_gateway() {
    for framing in ["rtu", "ascii"] {
        let stage = Stage::new();
        let _cable = cable(&stage);
        let _units = units(&stage, framing, &stage.path("units").to_string_lossy());
        let gateway = free_address();
        let device = stage.path("bus");
        let _trunkline = Setting::new(&stage)
            .tables(&format!(
                "[[gateway]]\nname = \"bus\"\nlisten = \"{gateway}\"\nframing = \"{framing}\"\n\
                 serial = {{ device = \"{}\", speed = 115200 }}\n\n",
                device.display()
            ))
            .run();
        wait_for_units(&stage, gateway);

        let port = gateway.port().to_string();
        let mut client =
            Process::start("pymodbus", python(&stage).args(["ask", "127.0.0.1", &port]));
        client.succeed();
        client.log().expect("success");

        let mut mbpoll = command(installed("/usr/bin/mbpoll"));
        mbpoll.args(["-m", "tcp", "-p", &port, "-a", "17", "-t", "3", "-r", "2", "-c", "2", "-1"]);
        let mut mbpoll = Process::start("mbpoll", mbpoll.arg("127.0.0.1"));
        mbpoll.succeed();
        mbpoll.log().expect("17142");
        mbpoll.log().expect("59769");
    }
}

#[test]
fn a_device_is_read_and_its_byte_order_guessed() {
    let stage = Stage::new();
    let address = free_address();
    let _units = units(&stage, "tcp", &address.port().to_string());
    wait_for_units(&stage, address);
    let _cable = cable(&stage);
    let device = stage.path("units");
    let _serial_units = units(&stage, "rtu", &device.to_string_lossy());
    for from in [format!("tcp://{address}"), stage.path("bus").display().to_string()] {
        let begun = Instant::now();
        let said = loop {
            let mut guess = command(env!("CARGO_BIN_EXE_trunkline"));
            guess.args(["modbus", "guess", "--unit", "17", "--read", "30002..30004", "--from"]);
            if from.starts_with('/') {
                guess.args([&from, "--speed", "115200", "--json"]);
            } else {
                guess.args([&from, "--json"]);
            }
            let output = guess.output().expect("a command");
            if output.status.success() {
                break String::from_utf8(output.stdout).expect("it is text");
            }
            assert!(begun.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&output.stderr));
        };
        let first = said.lines().next().expect("guesses");
        assert!(first.contains("\"orders\":[\"ABCD\"]") && first.contains("123.456"), "{first}");
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn word(&mut self) -> u16 {
        self.roll(0x1_0000) as u16
    }

    fn words(&mut self, most: u64) -> Vec<u16> {
        (0..=self.roll(most)).map(|_| self.word()).collect()
    }

    fn bits(&mut self, most: u64) -> Vec<bool> {
        (0..=self.roll(most)).map(|_| self.roll(2) == 1).collect()
    }

    fn span<const MAX: u16>(&mut self) -> Span<MAX> {
        let count = self.roll(u64::from(MAX)) as u16 + 1;
        Span::new(self.roll(60_000) as u16, count).expect("within the limits")
    }

    /// A request of a function that pymodbus knows, and an answer to it.
    fn exchange(&mut self) -> (Request, Response) {
        let address = self.roll(60_000) as u16;
        match self.roll(13) {
            0 => {
                let span = self.span();
                let bits = vec![true; usize::from(span.count().div_ceil(8) * 8).min(2000)];
                (Request::ReadCoils(span), Response::ReadCoils(Bits::new(&bits).expect("fits")))
            }
            1 => {
                let span = self.span();
                let words: Vec<u16> = (0..span.count()).map(|_| self.word()).collect();
                let words = Row::new(words).expect("fits");
                (Request::ReadHoldingRegisters(span), Response::ReadHoldingRegisters(words))
            }
            2 => {
                let span = self.span();
                let words: Vec<u16> = (0..span.count()).map(|_| self.word()).collect();
                let words = Row::new(words).expect("fits");
                (Request::ReadInputRegisters(span), Response::ReadInputRegisters(words))
            }
            3 => {
                let on = self.roll(2) == 1;
                (Request::WriteCoil { address, on }, Response::WriteCoil { address, on })
            }
            4 => {
                let value = self.word();
                (
                    Request::WriteRegister { address, value },
                    Response::WriteRegister { address, value },
                )
            }
            5 => {
                let bits = self.bits(1967);
                let count = bits.len() as u16;
                let request = Request::write_coils(address, &bits).expect("fits");
                (request, Response::WriteCoils { address, count })
            }
            6 => {
                let words = self.words(122);
                let count = words.len() as u16;
                let request = Request::write_registers(address, words).expect("fits");
                (request, Response::WriteRegisters { address, count })
            }
            7 => {
                let word = self.word();
                let words = Row::new(vec![word]).expect("one");
                (Request::echo(word), Response::Diagnostics { sub_function: 0, words })
            }
            8 => {
                let (and, or) = (self.word(), self.word());
                let request = Request::MaskWriteRegister { address, and, or };
                (request, Response::MaskWriteRegister { address, and, or })
            }
            9 => {
                let read = self.span();
                let words = Row::new(self.words(120)).expect("fits");
                let answer: Vec<u16> = (0..read.count()).map(|_| self.word()).collect();
                let answer = Row::new(answer).expect("fits");
                (
                    Request::ReadWriteRegisters { read, address, words },
                    Response::ReadWriteRegisters(answer),
                )
            }
            10 => {
                let span =
                    FileSpan { file: 1 + self.word() / 2, record: self.word() % 10_000, count: 1 };
                let reads = FileReads::new(vec![span; 1 + self.roll(30) as usize]).expect("fits");
                let status = Response::ReadEventCounter { status: 0xffff, count: self.word() };
                (Request::ReadFiles(reads), status)
            }
            11 => {
                let words = self.words(20);
                let write = FileWrite { file: 7, record: self.word() % 10_000, words };
                let writes = FileWrites::new(vec![write]).expect("fits");
                (Request::WriteFiles(writes.clone()), Response::WriteFiles(writes))
            }
            _ => {
                let request = Request::ReadIdentification {
                    access: Access::Regular,
                    object: self.roll(128) as u8,
                };
                (request, Response::ReadExceptionStatus(self.roll(256) as u8))
            }
        }
    }
}

#[test]
fn pymodbus_reads_our_pdus_as_we_do() {
    let stage = Stage::new();
    let mut python = python(&stage);
    python.arg("agree").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().expect("python");
    let mut asking = child.stdin.take().expect("its input");
    let mut told = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut dice = Dice(20_261_122);
    for _ in 0..500 {
        let (request, response) = dice.exchange();
        for (kind, pdu) in [("request", request.encode()), ("response", response.encode())] {
            // pymodbus 3.0 forgets the word of an echo that it reads as an answer.
            if kind == "response" && pdu.function() == 8 {
                continue;
            }
            let digits: String = pdu.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(asking, "{kind} {digits}").expect("it reads");
            let told = told.next().expect("a line").expect("text");
            assert_eq!(told, digits, "{kind}");
        }
        // What theirs is, ours takes: they are the same bytes.
        let pdu = Pdu::new(response.encode().bytes()).expect("a PDU");
        assert!(Response::decode(&pdu).is_ok());
        assert_eq!(Request::decode(&request.encode()), Ok(request.clone()));
        let _ = request.accept(&pdu, Dialect::Standard);
    }
    drop(asking);
    assert!(child.wait().expect("it ends").success());
}
