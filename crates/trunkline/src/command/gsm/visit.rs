//! What is done to a module that somebody stands before.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use translator::gsm::{Event, Module, Order, Reason, Target};
use translator::{Desk, GsmConfig, Heard, Tries};

use super::findings::{Findings, Tried};

/// What is to be looked at beside the module itself.
pub(super) struct Wishes {
    pub(super) call: Option<Target>,
    pub(super) watch: Duration,
}

/// From one look at the signal to the next.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks at the module, and leaves it in order.
///
/// # Errors
/// The port can't be used.
pub(super) async fn visit(config: &GsmConfig, wishes: &Wishes) -> Result<Findings, String> {
    let setup = config.setup().map_err(|error| crate::failure::chain(&error))?;
    let serial = tty::Serial::open(&config.device, &config.settings(), &config.lock_policy())
        .map_err(|error| crate::failure::chain(&error))?;
    let mut desk = Desk::new(Module::new(setup), serial, Tries::new(crate::place::state(), config));
    let mut findings = Findings::of(&config.device);
    if let Err(reason) = look(&mut desk, wishes, &mut findings).await {
        findings.trouble = Some(reason);
    }
    findings.module = desk.module().status().clone();
    desk.order(Order::Stop);
    let stopped = async { while !matches!(until(&mut desk).await, Ok(Event::Stopped) | Err(_)) {} };
    let _: Result<(), _> = timeout(Duration::from_secs(10), stopped).await;
    Ok(findings)
}

async fn look(desk: &mut Desk, wishes: &Wishes, findings: &mut Findings) -> Result<(), Reason> {
    desk.order(Order::Start);
    ready(desk).await?;
    let end = Instant::now() + wishes.watch;
    loop {
        desk.order(Order::Look);
        while until(desk).await? != Event::Status {}
        findings.signal(desk.module().status().signal);
        if Instant::now() + LOOK_EVERY > end {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    if let Some(target) = &wishes.call {
        findings.call = Some(call(desk, target).await?);
        desk.order(Order::HangUp);
        ready(desk).await?;
    }
    Ok(())
}

async fn call(desk: &mut Desk, target: &Target) -> Result<Tried, Reason> {
    let begun = Instant::now();
    desk.order(Order::Dial(target.clone()));
    loop {
        match until(desk).await? {
            Event::Connected => {
                let to = format!("{}:{}", target.host, target.port);
                return Ok(Tried { to, took: begun.elapsed() });
            }
            Event::NoCall(reason) => return Err(reason),
            _ => {}
        }
    }
}

async fn ready(desk: &mut Desk) -> Result<(), Reason> {
    loop {
        match until(desk).await? {
            Event::Ready => return Ok(()),
            Event::Trouble(reason) => return Err(reason),
            _ => {}
        }
    }
}

/// The next event; what is said meanwhile is logged.
async fn until(desk: &mut Desk) -> Result<Event, Reason> {
    loop {
        match desk.next().await {
            Heard::Event(event) => return Ok(event),
            Heard::Said(line) => tracing::debug!("{line}"),
            Heard::Lost(_) => return Err(Reason::Silent("AT".to_owned())),
        }
    }
}
