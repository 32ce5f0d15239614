//! What is done to a module that somebody stands before.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use translator::gsm::{Event, Module, Order, Question, Reason, Target, Told};
use translator::{Desk, GsmConfig, Heard, Tries};

use super::findings::{Findings, Tried, Trouble};

/// What is to be looked at beside the module itself.
pub(super) struct Wishes {
    pub(super) call: Option<Target>,
    pub(super) watch: Duration,
    pub(super) watcher: Watcher,
}

/// Whether somebody looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watcher {
    /// A person, who wants to know what takes so long.
    Person,
    /// Nobody, or a program.
    None,
}

/// What is being done, for who looks on.
struct Steps {
    watcher: Watcher,
    doing: &'static str,
}

impl Steps {
    fn show(&mut self, doing: &'static str) {
        if doing != self.doing {
            self.doing = doing;
            if !matches!(doing, "idle" | "off") {
                self.say(&format!("{doing} …"));
            }
        }
    }

    fn say(&self, text: &str) {
        if self.watcher == Watcher::Person {
            eprintln!("{text}");
        }
    }
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
    let mut steps = Steps { watcher: wishes.watcher, doing: "" };
    if let Err(reason) = look(&mut desk, wishes, &mut findings, &mut steps).await {
        let words = desk.trouble(&reason);
        findings.trouble = Some(Trouble { reason, words });
    }
    findings.module = desk.module().status().clone();
    desk.order(Order::Stop);
    let stopped = async {
        while !matches!(until(&mut desk, &mut steps).await, Ok(Event::Stopped) | Err(_)) {}
    };
    let _: Result<(), _> = timeout(Duration::from_secs(10), stopped).await;
    Ok(findings)
}

async fn look(
    desk: &mut Desk,
    wishes: &Wishes,
    findings: &mut Findings,
    steps: &mut Steps,
) -> Result<(), Reason> {
    desk.order(Order::Start);
    ready(desk, steps).await?;
    findings.card = ask(desk, Question::Card, steps).await?;
    findings.subscriber = ask(desk, Question::Subscriber, steps).await?;
    let end = Instant::now() + wishes.watch;
    loop {
        desk.order(Order::Look);
        while until(desk, steps).await? != Event::Status {}
        let status = desk.module().status();
        findings.signal(status.signal);
        if !wishes.watch.is_zero() {
            let signal = status.signal.map_or("none".to_owned(), |dbm| format!("{dbm} dBm"));
            steps.say(&format!("signal {signal}, network {}", status.registration.word()));
        }
        if Instant::now() + LOOK_EVERY > end {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    if let Some(target) = &wishes.call {
        findings.call = Some(call(desk, target, steps).await?);
        desk.order(Order::HangUp);
        ready(desk, steps).await?;
    }
    Ok(())
}

async fn call(desk: &mut Desk, target: &Target, steps: &mut Steps) -> Result<Tried, Reason> {
    let begun = Instant::now();
    desk.order(Order::Dial(target.clone()));
    loop {
        match until(desk, steps).await? {
            Event::Connected => {
                let to = format!("{}:{}", target.host, target.port);
                return Ok(Tried { to, took: begun.elapsed() });
            }
            Event::NoCall(reason) => return Err(reason),
            _ => {}
        }
    }
}

/// What the module answers, without the command's name.
async fn ask(desk: &mut Desk, question: Question, steps: &mut Steps) -> Result<String, Reason> {
    desk.order(Order::Ask(question));
    loop {
        if let Event::Told(_, told) = until(desk, steps).await? {
            let Told::Lines(lines) = told else { return Ok(String::new()) };
            let text = lines.join(" ");
            let bare = text.trim_start_matches(question.name()).trim_start_matches(':');
            return Ok(bare.trim().trim_matches('"').to_owned());
        }
    }
}

async fn ready(desk: &mut Desk, steps: &mut Steps) -> Result<(), Reason> {
    loop {
        match until(desk, steps).await? {
            Event::Ready => return Ok(()),
            Event::Trouble(reason) => return Err(reason),
            _ => {}
        }
    }
}

/// The next event; what is said meanwhile is logged.
async fn until(desk: &mut Desk, steps: &mut Steps) -> Result<Event, Reason> {
    loop {
        steps.show(desk.module().doing());
        match desk.next().await {
            Heard::Event(event) => return Ok(event),
            Heard::Said(line) => tracing::debug!("{line}"),
            Heard::Lost(_) => return Err(Reason::Silent("AT".to_owned())),
        }
    }
}
