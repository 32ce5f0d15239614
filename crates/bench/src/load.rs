//! Thousands of calls at once: a redial storm, traffic, and what a call costs that is silent.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::Arguments;
use crate::caller::{By, Caller};
use crate::house::{Gets, House};
use crate::payload;
use crate::table::{heading, row};

/// How long messages are sent.
const TRAFFIC: Duration = Duration::from_secs(20);

/// From one message of a call to its next.
const PACE: Duration = Duration::from_secs(2);

/// Bytes of a message: some requests and answers of a field protocol.
const MESSAGE: usize = 200;

/// Calls under TLS or SSH: the callers' handshakes take as much of the machine as the exchange's.
const SECURED: usize = 1000;

/// How long the calls are silent before their memory is counted.
const SILENCE: Duration = Duration::from_secs(3);

/// What all calls do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Storm,
    Traffic,
    Silence,
    Over,
}

/// What a call tells of a phase that it has finished.
struct Told {
    tries: u32,
    messages: u64,
    failed: Option<String>,
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    heading(
        &format!("Calls at once, {MESSAGE} bytes each way every {PACE:?}"),
        &["storm s", "redials", "messages", "lost", "CPU s", "MB used", "bytes idle"],
    );
    for by in By::ALL {
        if !arguments.by.is_empty() && !arguments.by.contains(&by) {
            continue;
        }
        let calls = match by {
            By::Raw | By::Telnet => arguments.calls,
            By::Tls | By::Ssh => arguments.calls.min(SECURED),
        };
        let folder = tempfile::tempdir()?;
        let house = House::start(&arguments.trunkline, folder.path(), by, Gets::Echo)?;
        runtime.block_on(run(by, &house, calls))?;
    }
    Ok(())
}

async fn run(by: By, house: &House, calls: usize) -> io::Result<()> {
    // The first call takes what all others share; one over SSH makes the host known.
    let (mut first, _) = Caller::insist(&house.number).await?;
    first.exchange(b"hello").await?;
    let before = house.process.private_bytes()?;
    let (phase, phases) = watch::channel(Phase::Storm);
    let (tell, mut told) = mpsc::channel(calls);
    let message: Arc<[u8]> = payload::random(MESSAGE).into();
    let start = Instant::now();
    for _ in 0..calls {
        let number = Arc::clone(&house.number);
        let (message, phases, tell) = (Arc::clone(&message), phases.clone(), tell.clone());
        tokio::spawn(async move {
            let mut told = Told { tries: 0, messages: 0, failed: None };
            let called = async {
                let (caller, tries) = Caller::insist(&number).await?;
                told.tries = tries;
                serve(caller, &message, phases, &tell, &mut told.messages).await
            };
            told.failed = called.await.err().map(|error| error.to_string());
            // Whoever counted has given up.
            let _ = tell.send(told).await;
        });
    }
    drop(tell);
    let mut in_call = 0;
    let mut lost = Vec::new();
    while in_call + lost.len() < calls
        && let Some(Told { failed, .. }) = told.recv().await
    {
        match failed {
            None => in_call += 1,
            Some(why) => lost.push(why),
        }
    }
    let storm = start.elapsed();
    let cpu = house.process.cpu()?;
    phase.send_replace(Phase::Traffic);
    tokio::time::sleep(TRAFFIC).await;
    let used = house.process.private_bytes()?;
    let cpu = house.process.cpu()? - cpu;
    phase.send_replace(Phase::Silence);
    tokio::time::sleep(SILENCE).await;
    let idle = house.process.private_bytes()?;
    phase.send_replace(Phase::Over);
    let (mut messages, mut redials) = (0, 0);
    while let Some(call) = told.recv().await {
        messages += call.messages;
        redials += u64::from(call.tries.saturating_sub(1));
        lost.extend(call.failed);
    }
    row(
        &format!("{}, {calls} calls", by.name()),
        &[
            format!("{:.1}", storm.as_secs_f64()),
            redials.to_string(),
            messages.to_string(),
            lost.len().to_string(),
            format!("{:.1}", cpu.as_secs_f64()),
            (used / 1_000_000).to_string(),
            (idle.saturating_sub(before) / in_call.max(1) as u64).to_string(),
        ],
    );
    lost.dedup();
    for why in lost.iter().take(5) {
        println!("    lost: {why}");
    }
    Ok(())
}

/// One call from its login to its end.
async fn serve(
    mut caller: Caller,
    message: &[u8],
    mut phases: watch::Receiver<Phase>,
    tell: &mpsc::Sender<Told>,
    messages: &mut u64,
) -> io::Result<()> {
    // The login's last line end may still be on its way: the first echo shows that it is over.
    caller.exchange(message).await?;
    let _ = tell.send(Told { tries: 0, messages: 0, failed: None }).await;
    loop {
        let now = *phases.borrow_and_update();
        if now == Phase::Over {
            return Ok(());
        }
        if now == Phase::Traffic {
            caller.exchange(message).await?;
            *messages += 1;
        }
        let changed = phases.changed();
        match now {
            Phase::Traffic => {
                let _ = tokio::time::timeout(PACE, changed).await;
            }
            _ if changed.await.is_err() => return Ok(()),
            _ => {}
        }
    }
}
