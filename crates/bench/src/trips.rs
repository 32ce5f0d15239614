//! How long a message takes to the far end and back.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Instant;

use crate::Arguments;
use crate::payload;
use crate::subject::{Joined, Plug, Subject};
use crate::table::{heading, median, percentile, row};

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let subjects = arguments.subjects();
    for size in [1, 256] {
        let mut figures = vec![Vec::new(); subjects.len()];
        for _ in 0..arguments.rounds {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let folder = tempfile::tempdir()?;
                let joined = subject.join(&arguments.trunkline, Plug::Pty, folder.path())?;
                figures.push(run(joined, size, arguments.trips)?);
            }
        }
        report(size, &subjects, &figures);
    }
    Ok(())
}

fn report(size: usize, subjects: &[Subject], figures: &[Vec<[f64; 2]>]) {
    heading(
        &format!("Round trip of {size} bytes, pty to an echo and back"),
        &["p50 µs", "of the pump", "p99 µs", "of the pump"],
    );
    let Some(pump) = figures.first() else { return };
    for (subject, figures) in subjects.iter().zip(figures) {
        let cells = [0, 1].map(|which| {
            let middle = median(figures.iter().map(|round| round[which]).collect());
            let ratio = median(
                figures.iter().zip(pump).map(|(ours, limit)| ours[which] / limit[which]).collect(),
            );
            [format!("{middle:.1}"), format!("{ratio:.2}")]
        });
        row(subject.name(), cells.as_flattened());
    }
}

/// The p50 and the p99 in microseconds.
fn run(joined: Joined, size: usize, trips: usize) -> io::Result<[f64; 2]> {
    let Joined { process: _process, mut dte, far } = joined;
    let message: Vec<u8> =
        payload::random(size).into_iter().map(|byte| byte & 0x7F | 0x20).collect();
    let mut echo = far.try_clone()?;
    let echoing = thread::spawn(move || -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match echo.read(&mut buffer)? {
                0 => return Ok(()),
                read => echo.write_all(buffer.get(..read).unwrap_or_default())?,
            }
        }
    });
    let mut back = vec![0; size];
    let mut micros = Vec::with_capacity(trips);
    for trip in 0..trips + trips / 10 {
        let start = Instant::now();
        dte.write_all(&message)?;
        dte.read_exact(&mut back)?;
        // The first tenth warms caches and branch predictors.
        if trip >= trips / 10 {
            micros.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    far.shutdown(std::net::Shutdown::Both)?;
    // The echo ends with the connection, in whichever way that shows.
    let _ = echoing.join();
    micros.sort_by(f64::total_cmp);
    Ok([percentile(&micros, 0.50), percentile(&micros, 0.99)])
}
