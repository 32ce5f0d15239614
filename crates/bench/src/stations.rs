//! Thousands of stations on line at once, each polled every minute by the collector.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carrier::clock_now;
use modbus::UnitId;
use modbus::frame::{Framing, rtu};
use modbus::slave::{Memory, Output, Slave};
use tokio::sync::{mpsc, watch};

use crate::Arguments;
use crate::caller::{By, Caller};
use crate::house::{Gets, House};
use crate::table::{heading, percentile, row};

/// How often each is polled.
const POLL: Duration = Duration::from_secs(60);

/// Polls of each that are watched, after the one with which its call begins.
const POLLS: u32 = 3;

/// Points of each.
const POINTS: u16 = 10;

/// What a station has seen, once it is over.
struct Seen {
    polls: u32,
    longest: Duration,
    failed: Option<String>,
}

/// The tables of so many sites and their accounts, which share one secret.
pub(crate) fn tables(sites: usize) -> String {
    let mut text = String::new();
    for site in 0..sites {
        let name = name(site);
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "[[account]]\nname = \"{name}\"\npassword = \"file:verifier\"\nservice = \"collector\"\n\
             [[site]]\nname = \"{name}\"\npoll = \"{}s\"\n",
            POLL.as_secs()
        );
        for point in 0..POINTS {
            let _ = write!(text, "[[site.point]]\nname = \"p{point}\"\naddress = \"h:{point}\"\n");
        }
    }
    text
}

fn name(site: usize) -> String {
    format!("site-{site:05}")
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    let house = House::start(
        &arguments.trunkline,
        folder.path(),
        By::Raw,
        Gets::Collector { sites: arguments.stations },
    )?;
    let ready = begun.elapsed();
    heading(
        &format!("Stations on line, {POINTS} points of each read every {POLL:?}"),
        &[
            "ready s",
            "storm s",
            "polls",
            "missed",
            "p99 gap s",
            "CPU s/min",
            "MB",
            "KB each",
            "lost",
        ],
    );
    runtime.block_on(run(&house, arguments.stations, ready))
}

async fn run(house: &House, stations: usize, ready: Duration) -> io::Result<()> {
    let before = house.process.private_bytes()?;
    let (over, overs) = watch::channel(false);
    let (tell, mut told) = mpsc::channel(stations);
    let start = Instant::now();
    for site in 0..stations {
        let number = Arc::clone(&house.number);
        let (overs, tell) = (overs.clone(), tell.clone());
        tokio::spawn(async move {
            let mut seen = Seen { polls: 0, longest: Duration::ZERO, failed: None };
            let called = async {
                let (caller, _) = Caller::insist_as(&number, &name(site)).await?;
                serve(caller, overs, &tell, &mut seen).await
            };
            seen.failed = called.await.err().map(|error| error.to_string());
            // Whoever counted has given up.
            let _ = tell.send(seen).await;
        });
    }
    drop(tell);
    let (mut on_line, mut lost) = (0, Vec::new());
    while on_line + lost.len() < stations
        && let Some(seen) = told.recv().await
    {
        match seen.failed {
            None => on_line += 1,
            Some(why) => lost.push(why),
        }
    }
    if on_line == 0 {
        let why = lost.pop().unwrap_or_default();
        return Err(io::Error::other(format!("no station came on line: {why}")));
    }
    let storm = start.elapsed();
    let cpu = house.process.cpu()?;
    let watched = POLL * POLLS;
    // Half a poll more: each has its own moment in the minute.
    tokio::time::sleep(watched).await;
    let cpu = (house.process.cpu()? - cpu) / POLLS;
    let used = house.process.private_bytes()?;
    tokio::time::sleep(POLL / 4).await;
    over.send_replace(true);
    let (mut polls, mut missed, mut gaps) = (0, 0, Vec::new());
    while let Some(seen) = told.recv().await {
        polls += u64::from(seen.polls);
        missed += u64::from(POLLS.saturating_sub(seen.polls));
        gaps.push(seen.longest.as_secs_f64());
        lost.extend(seen.failed);
    }
    gaps.sort_by(f64::total_cmp);
    row(
        &format!("{stations} stations"),
        &[
            format!("{:.1}", ready.as_secs_f64()),
            format!("{:.1}", storm.as_secs_f64()),
            polls.to_string(),
            missed.to_string(),
            format!("{:.1}", percentile(&gaps, 0.99)),
            format!("{:.2}", cpu.as_secs_f64()),
            (used / 1_000_000).to_string(),
            format!("{:.1}", used.saturating_sub(before) as f64 / 1000.0 / on_line.max(1) as f64),
            lost.len().to_string(),
        ],
    );
    lost.dedup();
    for why in lost.iter().take(5) {
        println!("    lost: {why}");
    }
    Ok(())
}

/// What a unit says.
#[derive(Default)]
struct Said(Vec<u8>);

impl Output for Said {
    fn send(&mut self, frame: &[u8]) {
        self.0.extend_from_slice(frame);
    }
}

/// One station: answers whatever it is asked, until all is over.
async fn serve(
    mut caller: Caller,
    mut overs: watch::Receiver<bool>,
    tell: &mpsc::Sender<Seen>,
    seen: &mut Seen,
) -> io::Result<()> {
    let silences = rtu::Silences::TOLERANT;
    let mut slave = Slave::new(Framing::Rtu(silences), Duration::ZERO);
    let mut memory = Memory::new(UnitId(1), usize::from(POINTS));
    let mut said = Said::default();
    let mut latest: Option<Instant> = None;
    loop {
        let heard = tokio::select! {
            heard = caller.listen() => heard?,
            _ = overs.changed() => return Ok(()),
        };
        slave.input(clock_now(), &heard, &mut memory, &mut said).map_err(io::Error::other)?;
        if said.0.is_empty() {
            continue;
        }
        caller.say(&said.0).await?;
        said.0.clear();
        // Other values next time.
        memory
            .holding_registers
            .iter_mut()
            .for_each(|register| *register = register.wrapping_add(7));
        match latest.replace(Instant::now()) {
            // The poll with which the call begins: it is on line now.
            None => {
                let on_line = Seen { polls: 0, longest: Duration::ZERO, failed: None };
                let _ = tell.send(on_line).await;
            }
            Some(latest) => {
                seen.polls += 1;
                seen.longest = seen.longest.max(latest.elapsed());
            }
        }
    }
}
