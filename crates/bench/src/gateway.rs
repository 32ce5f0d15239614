//! A Modbus gateway: clients of Modbus TCP in front of a bus whose unit answers at once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use modbus::UnitId;
use modbus::frame::{rtu, tcp};
use modbus::pdu::{Pdu, Request, Response};

use crate::Arguments;
use crate::process::Process;
use crate::subject::{connect, free_address};
use crate::table::{heading, median, percentile, row};
use crate::{bare_gateway, baseline};

/// How many clients ask at once.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// How long they ask.
const SPAN: Duration = Duration::from_secs(2);

/// How long the first answer may take: some begin with a pause.
const PATIENCE: Duration = Duration::from_secs(10);

const UNIT: UnitId = UnitId(1);

/// Registers in each answer.
const REGISTERS: u16 = 10;

/// Whoever stands between the clients and the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Bare,
    /// As fast as the port takes it.
    Trunkline,
    /// With the silence that the standard wants at 115,200 bit/s.
    TrunklineByTheBook,
    Mbusd,
}

/// One measurement.
struct Figures {
    rate: f64,
    p50: f64,
    p99: f64,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare gateway",
            Self::Trunkline => "trunkline, no silence",
            Self::TrunklineByTheBook => "trunkline, t3.5",
            Self::Mbusd => "mbusd -R 1",
        }
    }

    fn start(
        self,
        trunkline: &Path,
        folder: &Path,
        bus: &Path,
        listen: SocketAddr,
    ) -> io::Result<Process> {
        let mut command;
        match self {
            Self::Bare => {
                command = Command::new(std::env::current_exe()?);
                command.arg("gateway").arg(bus).arg(listen.to_string());
            }
            Self::Trunkline | Self::TrunklineByTheBook => {
                let silence = if self == Self::Trunkline { "silence = \"0s\"\n" } else { "" };
                let file = folder.join("trunkline.toml");
                std::fs::write(
                    &file,
                    format!(
                        "control = \"control\"\n[log]\nlevel = \"error\"\n[[gateway]]\nname = \"bus\"\n\
                         listen = \"{listen}\"\nclients = 64\n{silence}\
                         serial = {{ device = \"{}\", speed = 115200, format = \"8N1\" }}\n",
                        bus.display()
                    ),
                )?;
                command = Command::new(trunkline);
                command.arg("run").arg(file);
            }
            Self::Mbusd => {
                command = Command::new("mbusd");
                command.args(["-d", "-R", "1", "-s", "115200", "-m", "8n1", "-C", "64"]);
                command.arg("-p").arg(bus).args(["-A", &listen.ip().to_string()]);
                command.args(["-P", &listen.port().to_string()]);
            }
        }
        Process::start(&mut command)
    }
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let mut subjects = vec![Subject::Bare, Subject::Trunkline, Subject::TrunklineByTheBook];
    if Command::new("mbusd").arg("-h").output().is_ok() {
        subjects.push(Subject::Mbusd);
    }
    for clients in CLIENTS {
        let mut figures: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
        for _ in 0..arguments.rounds {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let run = run(*subject, &arguments.trunkline, clients);
                figures.push(run.map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", subject.name()))
                })?);
            }
        }
        report(clients, &subjects, &figures);
    }
    Ok(())
}

fn report(clients: usize, subjects: &[Subject], figures: &[Vec<Figures>]) {
    heading(
        &format!("Modbus TCP to RTU on a pty, reads of {REGISTERS} registers, clients: {clients}"),
        &["a second", "of the bare one", "p50 µs", "p99 µs"],
    );
    let Some(bare) = figures.first() else { return };
    for (subject, figures) in subjects.iter().zip(figures) {
        let middle = |of: fn(&Figures) -> f64| median(figures.iter().map(of).collect());
        let ratios = figures.iter().zip(bare).map(|(ours, limit)| ours.rate / limit.rate);
        row(
            subject.name(),
            &[
                format!("{:.0}", middle(|figures| figures.rate)),
                format!("{:.2}", median(ratios.collect())),
                format!("{:.0}", middle(|figures| figures.p50)),
                format!("{:.0}", middle(|figures| figures.p99)),
            ],
        );
    }
}

fn run(subject: Subject, trunkline: &Path, clients: usize) -> io::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let bus = folder.path().join("bus");
    let unit = File::from(baseline::offer(&bus)?);
    // Whoever has the other end open keeps the unit from reading an end of file before there is a master.
    let kept_open = crate::subject::open_pty(&bus)?;
    let listen = free_address()?;
    let _process = subject.start(trunkline, folder.path(), &bus, listen)?;
    let answering = thread::spawn(move || be_unit(unit));
    let start = Barrier::new(clients);
    let asked: Vec<io::Result<Vec<f64>>> = thread::scope(|scope| {
        let askers: Vec<_> = (0..clients).map(|_| scope.spawn(|| ask(listen, &start))).collect();
        let failed = |_| Err(io::Error::other("a client failed"));
        askers.into_iter().map(|asker| asker.join().unwrap_or_else(failed)).collect()
    });
    drop(kept_open);
    drop(_process);
    // It ends with the last who has the bus open.
    let _ = answering.join();
    let mut micros = Vec::new();
    for asked in asked {
        micros.extend(asked?);
    }
    micros.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "some ten thousands")]
    let rate = micros.len() as f64 / SPAN.as_secs_f64();
    Ok(Figures { rate, p50: percentile(&micros, 0.50), p99: percentile(&micros, 0.99) })
}

/// What the unit has in its registers.
fn answer() -> io::Result<Pdu> {
    let registers: Vec<u16> = (0..REGISTERS).collect();
    let registers = modbus::pdu::Row::new(registers).map_err(io::Error::other)?;
    Ok(Response::ReadHoldingRegisters(registers).encode())
}

/// A unit that answers every read at once.
fn be_unit(mut bus: File) {
    let Ok(answer) = answer() else { return };
    let mut frame = Vec::new();
    rtu::encode(UNIT, &answer, &mut frame);
    let mut asked = [0; bare_gateway::READ_LENGTH];
    while bus.read_exact(&mut asked).is_ok() && bus.write_all(&frame).is_ok() {}
}

/// Asks as often as there is time for, and tells how long each answer took.
fn ask(listen: SocketAddr, start: &Barrier) -> io::Result<Vec<f64>> {
    let request = Request::read_holding_registers(0, REGISTERS).map_err(io::Error::other)?.encode();
    let expected = answer()?;
    let stream = first_answer(listen, &request, &expected);
    // Also when there was none: the others wait.
    start.wait();
    let mut stream = stream?;
    let (begun, mut micros) = (Instant::now(), Vec::new());
    while begun.elapsed() < SPAN {
        let asked = Instant::now();
        turn(&mut stream, &request, &expected)?;
        micros.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    Ok(micros)
}

/// A connection on which an answer has come. A gateway that was just started may have no way to its bus yet.
fn first_answer(listen: SocketAddr, request: &Pdu, expected: &Pdu) -> io::Result<TcpStream> {
    let begun = Instant::now();
    loop {
        let mut stream = connect(listen)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        match turn(&mut stream, request, expected) {
            Ok(()) => return Ok(stream),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn turn(stream: &mut TcpStream, request: &Pdu, expected: &Pdu) -> io::Result<()> {
    let mut frame = Vec::new();
    tcp::encode(tcp::Transaction(7), UNIT, request, &mut frame);
    stream.write_all(&frame)?;
    frame.clear();
    tcp::encode(tcp::Transaction(7), UNIT, expected, &mut frame);
    let mut answer = [0; 260];
    let head = answer.get_mut(..9).unwrap_or_default();
    stream.read_exact(head)?;
    if Some(&*head) != frame.get(..9) {
        return Err(io::Error::other(format!("a wrong answer: {head:?}")));
    }
    let rest = answer.get_mut(9..frame.len()).unwrap_or_default();
    stream.read_exact(rest)?;
    if Some(&*rest) != frame.get(9..) {
        return Err(io::Error::other("wrong registers"));
    }
    Ok(())
}
