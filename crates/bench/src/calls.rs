//! How long a call takes to come up, and to be seen to end.

use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::process::Process;
use crate::subject::{Plug, modem, open_pty, read_until};
use crate::table::{heading, median, row};

/// Calls in each measurement.
const CALLS: usize = 200;

pub(crate) fn measure(trunkline: &Path, rounds: usize) -> io::Result<()> {
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (which, figures) in figures.iter_mut().enumerate() {
            let folder = tempfile::tempdir()?;
            let link = folder.path().join("dte");
            let mut command = if which == 0 {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("dialler").arg(&link);
                command
            } else {
                modem(trunkline, Plug::Pty, &link, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            };
            let _process = Process::start(&mut command)?;
            let mut dte = open_pty(&link)?;
            if which == 1 {
                write!(dte, "ATE0\r")?;
                read_until(&mut dte, b"OK\r\n")?;
            }
            figures.push(run(&mut dte)?);
        }
    }
    heading(
        "One call after the other, medians",
        &["to CONNECT µs", "to the end µs", "CONNECT ratio", "end ratio"],
    );
    for (name, rounds) in [("bare connect and print", &figures[0]), ("trunkline", &figures[1])] {
        let cells = [0, 1].map(|which| {
            format!("{:.0}", median(rounds.iter().map(|round| round[which]).collect()))
        });
        let ratios = [0, 1].map(|which| {
            let ratio =
                rounds.iter().zip(&figures[0]).map(|(ours, limit)| ours[which] / limit[which]);
            format!("{:.2}", median(ratio.collect()))
        });
        row(name, &[cells, ratios].concat());
    }
    Ok(())
}

/// From the CR to CONNECT, and from the far end's close to NO CARRIER; microseconds.
fn run(dte: &mut File) -> io::Result<[f64; 2]> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let number = listener.local_addr()?;
    let (mut connects, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let start = Instant::now();
        write!(dte, "ATDT{number}\r")?;
        read_until(dte, b"CONNECT")?;
        connects.push(start.elapsed().as_secs_f64() * 1e6);
        let far = listener.accept()?.0;
        let start = Instant::now();
        drop(far);
        read_until(dte, b"NO CARRIER\r\n")?;
        ends.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok([median(connects), median(ends)])
}
