//! What Trunkline costs, next to a plain pump, socat and ser2net in the same run.
//!
//! ```text
//! cargo build --release && cargo run --release -p bench
//! ```
//!
//! Machines differ and drift; so every figure stands beside the same figure of the plain pump (a loop of
//! read and write, the limit of what a program can do here), measured in turns, and the ratio is what to
//! quote. Nothing here judges: it prints.

mod asking;
mod bare_gateway;
mod baseline;
mod caller;
mod calls;
mod codec;
mod forkpty;
mod gateway;
mod house;
mod idle;
mod load;
mod logins;
mod payload;
mod peer;
mod process;
mod servers;
mod stations;
mod subject;
mod table;
mod throughput;
mod trips;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::subject::Subject;

/// Measures Trunkline next to a plain pump, socat and ser2net.
#[derive(Parser)]
struct Arguments {
    /// The program to measure.
    #[arg(long, default_value = "target/release/trunkline")]
    trunkline: PathBuf,
    /// Megabytes in each throughput measurement.
    #[arg(long, default_value_t = 64)]
    megabytes: usize,
    /// How often each measurement is taken; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Round trips of each size.
    #[arg(long, default_value_t = 5000)]
    trips: usize,
    /// Idle lines in one process.
    #[arg(long, default_value_t = 1000)]
    lines: usize,
    /// Calls in the measurement of load.
    #[arg(long, default_value_t = 10_000)]
    calls: usize,
    /// Only these ways to call in the measurement of load: raw, telnet, tls, ssh.
    #[arg(long, value_delimiter = ',')]
    by: Vec<caller::By>,
    /// Where `tests/set-up` has unpacked other servers.
    #[arg(long, default_value = "target/peers")]
    peers: PathBuf,
    /// Stations on line in the measurement of the collector.
    #[arg(long, default_value_t = 10_000)]
    stations: usize,
    /// Only these: throughput, trips, calls, idle, load, logins, gateway, servers, codec, stations.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these ways of the throughput: out, back, both, tcp.
    #[arg(long, value_delimiter = ',')]
    ways: Vec<String>,
    /// Only these beside the pump: raw, telnet, socat, ser2net.
    #[arg(long, value_delimiter = ',')]
    subjects: Vec<Subject>,
    #[command(subcommand)]
    baseline: Option<Baseline>,
}

/// The programs to compare with that nobody ships: started by the benchmark itself.
#[derive(Subcommand)]
enum Baseline {
    /// Joins a pseudo-terminal (`pty:LINK`) or a TCP listener (`tcp:ADDRESS`) to a TCP connection.
    #[command(hide = true)]
    Pump { end: String, to: String },
    /// Runs a program on a terminal for every caller.
    #[command(hide = true)]
    Getty { address: String, program: String },
    /// Runs a server for every caller, as inetd does.
    #[command(hide = true)]
    Inetd { address: String, server: Vec<String> },
    /// Connects and prints CONNECT for every line typed at a pseudo-terminal.
    #[command(hide = true)]
    Dialler { link: PathBuf },
    /// Serves registers in memory to clients of Modbus TCP.
    #[command(hide = true)]
    Server { address: String },
    /// Asks the unit of a bus what clients of Modbus TCP want to know.
    #[command(hide = true)]
    Gateway { bus: PathBuf, address: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.baseline {
        Some(Baseline::Pump { end, to }) => baseline::pump(end, to),
        Some(Baseline::Getty { address, program }) => logins::getty(address, program),
        Some(Baseline::Inetd { address, server }) => logins::inetd(address, server),
        Some(Baseline::Dialler { link }) => baseline::dialler(link),
        Some(Baseline::Gateway { bus, address }) => bare_gateway::serve(bus, address),
        Some(Baseline::Server { address }) => servers::serve(address),
        None => measure(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    /// Whom to measure; the pump, to which all are compared, comes first.
    fn subjects(&self) -> Vec<Subject> {
        let wanted = |subject: &Subject| {
            *subject == Subject::Pump || self.subjects.is_empty() || self.subjects.contains(subject)
        };
        Subject::ALL.into_iter().filter(wanted).collect()
    }
}

fn measure(arguments: &Arguments) -> std::io::Result<()> {
    let wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    if wanted("throughput") {
        throughput::measure(arguments)?;
    }
    if wanted("trips") {
        trips::measure(arguments)?;
    }
    if wanted("calls") {
        calls::measure(&arguments.trunkline, arguments.rounds)?;
    }
    if wanted("idle") {
        idle::measure(&arguments.trunkline, arguments.lines)?;
    }
    if wanted("load") {
        load::measure(arguments)?;
    }
    if wanted("logins") {
        logins::measure(arguments)?;
    }
    if wanted("gateway") {
        gateway::measure(arguments)?;
    }
    if wanted("servers") {
        servers::measure(arguments)?;
    }
    if wanted("codec") {
        codec::measure(arguments.rounds)?;
    }
    if wanted("stations") {
        stations::measure(arguments)?;
    }
    Ok(())
}
