//! Frames a second, beside the check alone: no RTU codec is faster than its CRC. What counts is this thread's own
//! processor time, so that a busy machine makes no difference.

use std::hint::black_box;
use std::io;
use std::time::Duration;

use clock::Instant;
use modbus::UnitId;
use modbus::frame::tcp::Transaction;
use modbus::frame::{Ears, Framing, Side, crc16, rtu};
use modbus::pdu::{Dialect, Request, Response, Row};
use rustix::time::{ClockId, clock_gettime};

use crate::table::{heading, median, row};

/// How long each measurement lasts.
const SPAN: Duration = Duration::from_millis(200);

/// Registers in each answer.
const REGISTERS: u16 = 10;

pub(crate) fn measure(rounds: usize) -> io::Result<()> {
    let request = Request::read_holding_registers(0, REGISTERS).map_err(io::Error::other)?;
    let words = Row::new((0..REGISTERS).collect()).map_err(io::Error::other)?;
    let response = Response::ReadHoldingRegisters(words);
    let mut frame = Vec::new();
    rtu::encode(UnitId(1), &response.encode(), &mut frame);
    heading(
        &format!(
            "Codec, answers of {REGISTERS} registers, millions of frames a second of processor time"
        ),
        &["encoded", "decoded", "decode of CRC"],
    );
    let crc = rate(rounds, || {
        black_box(crc16(black_box(&frame)));
    });
    row("the CRC alone", &[String::new(), format!("{crc:.2}"), "1.00".to_owned()]);
    let framings = [
        ("RTU", Framing::Rtu(rtu::Silences::TOLERANT)),
        ("ASCII", Framing::Ascii),
        ("TCP", Framing::Tcp),
    ];
    for (name, framing) in framings {
        let mut wire = Vec::new();
        let encoded = rate(rounds, || {
            wire.clear();
            let pdu = black_box(&response).encode();
            framing.encode(Transaction(7), UnitId(1), &pdu, &mut wire);
            black_box(&wire);
        });
        let mut ears = Ears::new(framing, Side::Master);
        let decoded = rate(rounds, || {
            let mut bytes = black_box(&wire[..]);
            ears.expect(UnitId(1), 3);
            let caught = ears.next(Instant::ORIGIN, &mut bytes, Side::Master);
            let caught = caught
                .ok()
                .flatten()
                .map(|caught| request.accept(&caught.heard.frame.pdu, Dialect::Standard));
            assert!(black_box(caught).is_some_and(|answer| answer.is_ok()), "our own frame");
        });
        let cells =
            [format!("{encoded:.2}"), format!("{decoded:.2}"), format!("{:.2}", decoded / crc)];
        row(name, &cells);
    }
    Ok(())
}

/// Millions of times a second, the median of some rounds.
fn rate(rounds: usize, mut act: impl FnMut()) -> f64 {
    let figures = (0..rounds).map(|_| {
        let (begun, mut times) = (spent(), 0u32);
        while spent() - begun < SPAN {
            for _ in 0..1000 {
                act();
            }
            times += 1000;
        }
        f64::from(times) / (spent() - begun).as_secs_f64() / 1e6
    });
    median(figures.collect())
}

/// Processor time of this thread so far.
fn spent() -> Duration {
    // A time since the thread began is never negative.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
