//! How much gets through, and at what cost of processor time.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::payload;
use crate::subject::{Joined, Plug, Subject};
use crate::table::{heading, median, row};

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Out,
    Back,
    Both,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
struct Figures {
    megabytes_per_second: f64,
    cpu_seconds_per_gigabyte: f64,
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let data = payload::random(arguments.megabytes << 20);
    let wire = payload::telnet(&data);
    for (name, plug, way, title) in [
        ("out", Plug::Pty, Way::Out, "Throughput, pty to TCP"),
        ("back", Plug::Pty, Way::Back, "Throughput, TCP to pty"),
        ("both", Plug::Pty, Way::Both, "Throughput, pty and TCP, both ways at once"),
        ("tcp", Plug::Tcp, Way::Out, "Throughput, TCP to TCP"),
    ] {
        if !arguments.ways.is_empty() && !arguments.ways.iter().any(|way| way == name) {
            continue;
        }
        let mut subjects = arguments.subjects();
        subjects.retain(|subject| subject.has(plug));
        let mut figures = vec![Vec::new(); subjects.len()];
        for _ in 0..arguments.rounds {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let folder = tempfile::tempdir()?;
                let joined = subject.join(&arguments.trunkline, plug, folder.path())?;
                let wire = if *subject == Subject::Telnet { &wire } else { &data };
                figures.push(run(joined, way, &data, wire)?);
            }
        }
        report(title, &subjects, &figures);
    }
    Ok(())
}

/// Ratios are taken round by round, since the machine's speed drifts.
fn report(title: &str, subjects: &[Subject], figures: &[Vec<Figures>]) {
    heading(title, &["MB/s", "of the pump", "CPU s/GB", "of the pump"]);
    let Some(pump) = figures.first() else { return };
    for (subject, figures) in subjects.iter().zip(figures) {
        let ratio = |of: fn(&Figures) -> f64| {
            median(figures.iter().zip(pump).map(|(ours, limit)| of(ours) / of(limit)).collect())
        };
        let middle = |of: fn(&Figures) -> f64| median(figures.iter().map(of).collect());
        let speed = |figures: &Figures| figures.megabytes_per_second;
        let cost = |figures: &Figures| figures.cpu_seconds_per_gigabyte;
        row(
            subject.name(),
            &[
                format!("{:.0}", middle(speed)),
                format!("{:.2}", ratio(speed)),
                format!("{:.2}", middle(cost)),
                format!("{:.2}", ratio(cost)),
            ],
        );
    }
}

fn run(joined: Joined, way: Way, data: &[u8], wire: &[u8]) -> io::Result<Figures> {
    let Joined { process, dte, far } = joined;
    let cpu = process.cpu()?;
    let start = Instant::now();
    let result = thread::scope(|scope| {
        let mut ends = Vec::new();
        if way != Way::Back {
            let (mut from, mut to) = (dte.try_clone()?, far.try_clone()?);
            ends.push(scope.spawn(move || from.write_all(data)));
            ends.push(scope.spawn(move || expect(&mut to, wire)));
        }
        if way != Way::Out {
            let (mut from, mut to) = (far.try_clone()?, dte.try_clone()?);
            ends.push(scope.spawn(move || from.write_all(wire)));
            ends.push(scope.spawn(move || expect(&mut to, data)));
        }
        ends.into_iter().try_for_each(|end| {
            end.join().unwrap_or_else(|_| Err(io::Error::other("a measuring thread failed")))
        })
    });
    result?;
    let (elapsed, cpu) = (start.elapsed(), process.cpu()? - cpu);
    let bytes = data.len() * if way == Way::Both { 2 } else { 1 };
    Ok(figures(bytes, elapsed, cpu))
}

#[expect(clippy::cast_precision_loss)]
fn figures(bytes: usize, elapsed: Duration, cpu: Duration) -> Figures {
    Figures {
        megabytes_per_second: bytes as f64 / 1e6 / elapsed.as_secs_f64(),
        cpu_seconds_per_gigabyte: cpu.as_secs_f64() * 1e9 / bytes as f64,
    }
}

/// Reads as much as `expected` and compares: a fast wrong answer is none.
fn expect(from: &mut impl Read, expected: &[u8]) -> io::Result<()> {
    let mut buffer = vec![0; 65536];
    let mut seen = 0;
    while seen < expected.len() {
        let read = from.read(&mut buffer)?;
        if read == 0 || expected.get(seen..seen + read) != buffer.get(..read) {
            return Err(io::Error::other(format!("wrong bytes at {seen}")));
        }
        seen += read;
    }
    Ok(())
}
