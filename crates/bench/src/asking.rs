//! Clients of Modbus TCP that ask as soon as they have their answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use modbus::UnitId;
use modbus::frame::tcp;
use modbus::pdu::{Pdu, Request, Response};

use crate::subject::connect;
use crate::table::{heading, median, percentile, row};

/// How many clients ask at once.
pub(crate) const CLIENTS: [usize; 3] = [1, 16, 64];

/// How long they ask.
const SPAN: Duration = Duration::from_secs(2);

/// How long the first answer may take: some begin with a pause.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is asked.
pub(crate) const UNIT: UnitId = UnitId(1);

/// Registers in each answer.
pub(crate) const REGISTERS: u16 = 10;

/// One measurement.
pub(crate) struct Figures {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// So many clients ask whoever listens there.
pub(crate) fn ask_all(listen: SocketAddr, clients: usize) -> io::Result<Figures> {
    let start = Barrier::new(clients);
    let asked: Vec<io::Result<Vec<f64>>> = thread::scope(|scope| {
        let askers: Vec<_> = (0..clients).map(|_| scope.spawn(|| ask(listen, &start))).collect();
        let failed = |_| Err(io::Error::other("a client failed"));
        askers.into_iter().map(|asker| asker.join().unwrap_or_else(failed)).collect()
    });
    let mut micros = Vec::new();
    for asked in asked {
        micros.extend(asked?);
    }
    micros.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "some ten thousands")]
    let rate = micros.len() as f64 / SPAN.as_secs_f64();
    Ok(Figures { rate, p50: percentile(&micros, 0.50), p99: percentile(&micros, 0.99) })
}

/// Prints what was measured in turns, beside the first of them.
pub(crate) fn report(title: &str, ratio: &str, names: &[&str], figures: &[Vec<Figures>]) {
    heading(title, &["a second", ratio, "p50 µs", "p99 µs"]);
    let Some(first) = figures.first() else { return };
    for (name, figures) in names.iter().zip(figures) {
        let middle = |of: fn(&Figures) -> f64| median(figures.iter().map(of).collect());
        let ratios = figures.iter().zip(first).map(|(this, first)| this.rate / first.rate);
        row(
            name,
            &[
                format!("{:.0}", middle(|figures| figures.rate)),
                format!("{:.2}", median(ratios.collect())),
                format!("{:.0}", middle(|figures| figures.p50)),
                format!("{:.0}", middle(|figures| figures.p99)),
            ],
        );
    }
}

/// What the unit has in its registers.
pub(crate) fn answer() -> io::Result<Pdu> {
    let registers: Vec<u16> = (0..REGISTERS).collect();
    let registers = modbus::pdu::Row::new(registers).map_err(io::Error::other)?;
    Ok(Response::ReadHoldingRegisters(registers).encode())
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
