//! What is done to a module that somebody stands before.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use translator::gsm::{By, Event, Module, Order, Question, Reason, Target, Told};
use translator::{Desk, GsmConfig, Heard, Tries};

use super::advice;
use super::findings::{Findings, Tried, Trouble};
use super::knock::{Knocked, knock};

/// What is to be looked at beside the module itself.
pub(super) struct Wishes {
    pub(super) call: Option<Target>,
    pub(super) watch: Duration,
    pub(super) watcher: Watcher,
    /// What starts it anew before anything else is done.
    pub(super) anew: Option<By>,
}

/// Why no more is looked at.
enum Halt {
    /// The module, its card or its network is like this.
    Wrong(Reason),
    /// The port is of no use any more.
    Lost(String),
    /// It answers at another speed.
    Speed(u32),
    /// Somebody has had enough.
    Interrupted,
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

/// How long a module has to end its call and its session.
const LEAVING: Duration = Duration::from_secs(15);

/// The program that switches the module's power, while it runs.
type Switching = Option<JoinHandle<()>>;

/// Looks at the module, and leaves it in order, also when it is interrupted.
///
/// # Errors
/// The port can't be used.
pub(super) async fn visit(config: &GsmConfig, wishes: &Wishes) -> Result<Findings, String> {
    let setup = config.setup().map_err(|error| crate::failure::chain(&error))?;
    let settings = config.settings();
    let mut serial = tty::Serial::open(&config.device, &settings, &config.lock_policy())
        .map_err(|error| advice::no_port(&error))?;
    if wishes.anew == Some(By::Dtr) && !serial.has_lines() {
        return Err(format!("{} has no DTR for --power dtr", config.device.display()));
    }
    let mut findings = Findings::of(&config.device);
    let mut steps = Steps { watcher: wishes.watcher, doing: "" };
    // What is started anew may come up in its own time.
    if wishes.anew.is_none() {
        steps.say("knocking …");
        let knocked = tokio::select! {
            knocked = knock(&mut serial, &settings) => knocked,
            () = interruption() => {
                findings.trouble = Some(trouble(&Halt::Interrupted, String::new()));
                return Ok(findings);
            }
        };
        match knocked {
            Knocked::Here => {}
            Knocked::At(speed) => {
                findings.trouble = Some(trouble(&Halt::Speed(speed), String::new()));
                return Ok(findings);
            }
            Knocked::Noise => steps.say("it says what can't be read …"),
            Knocked::Silence => steps.say("no answer, at no speed; trying harder …"),
        }
    }
    let tries = Tries::new(crate::place::state(), config);
    let mut desk = Desk::new(Module::new(setup), serial, tries);
    let mut switching = Switching::None;
    let looked = {
        let (steps, switching) = (&mut steps, &mut switching);
        let mut visit = Visit { desk: &mut desk, config, steps, switching };
        tokio::select! {
            looked = visit.look(wishes, &mut findings) => looked,
            () = interruption() => Err(Halt::Interrupted),
        }
    };
    if matches!(looked, Err(Halt::Interrupted)) {
        // Behind the terminal's own ^C.
        steps.say("\nleaving it in order …");
        tracing::info!("interrupted: the module is left in order");
    }
    if let Some(switching) = switching {
        steps.say("the program that switches its power is waited for …");
        tracing::info!("the program that switches its power is waited for");
        tokio::select! {
            _ = switching => {}
            () = interruption() => findings.left.push(STILL_SWITCHING),
        }
    }
    if let Err(halt) = &looked {
        let words = match halt {
            Halt::Wrong(reason) => desk.trouble(reason),
            _ => String::new(),
        };
        findings.trouble = Some(trouble(halt, words));
    }
    findings.module = desk.module().status().clone();
    if !matches!(looked, Err(Halt::Lost(_))) {
        let leave = desk.leave(|line| tracing::debug!("{line}"));
        tokio::select! {
            _ = timeout(LEAVING, leave) => {}
            // Twice means at once.
            () = interruption() => {}
        }
    }
    if desk.module().may_have_session() {
        findings.left.push(STILL_ATTACHED);
    }
    Ok(findings)
}

/// What isn't in order when it is left.
const STILL_SWITCHING: &str = "The program that switches its power still runs.";
const STILL_ATTACHED: &str =
    "Its data session may still be up: look at it once more, or switch it off and on.";

fn trouble(halt: &Halt, words: String) -> Trouble {
    match halt {
        Halt::Wrong(reason) => {
            // A configuration's keys are this command's flags.
            let words = ["pin", "apn", "dialect"]
                .iter()
                .fold(words, |words, key| words.replace(&format!("`{key}`"), &format!("--{key}")));
            let next = advice::next(reason).to_owned();
            Trouble { cause: reason.cause().code(), words, next }
        }
        Halt::Lost(why) => Trouble {
            cause: at::result::Cause::DeviceLost.code(),
            words: why.clone(),
            next: String::new(),
        },
        Halt::Speed(speed) => Trouble {
            cause: at::result::Cause::ModemFailed.code(),
            words: format!("it answers at {speed} bit/s, and not at the speed that was given"),
            next: format!(
                "Give --speed {speed}, and in a configuration speed = {speed}. AT+IPR sets another: AT+IPR=115200;&W"
            ),
        },
        Halt::Interrupted => Trouble {
            cause: at::result::Cause::Operator.code(),
            words: "it was interrupted".to_owned(),
            next: String::new(),
        },
    }
}

/// Ready when somebody wants this to end.
async fn interruption() {
    let (Ok(mut interrupt), Ok(mut end)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = end.recv() => {}
    }
}

/// A look at a module.
struct Visit<'a> {
    desk: &'a mut Desk,
    config: &'a GsmConfig,
    steps: &'a mut Steps,
    switching: &'a mut Switching,
}

impl Visit<'_> {
    async fn look(&mut self, wishes: &Wishes, findings: &mut Findings) -> Result<(), Halt> {
        self.desk.order(wishes.anew.map_or(Order::Start, Order::Restart));
        self.ready().await?;
        findings.card = self.ask(Question::Card).await?;
        findings.subscriber = self.ask(Question::Subscriber).await?;
        let end = Instant::now() + wishes.watch;
        loop {
            self.desk.order(Order::Look);
            while self.until().await? != Event::Status {}
            let status = self.desk.module().status();
            findings.signal(status.signal);
            if !wishes.watch.is_zero() {
                let signal = status.signal.map_or("none".to_owned(), |dbm| format!("{dbm} dBm"));
                self.steps.say(&format!("signal {signal}, network {}", status.registration.word()));
            }
            if Instant::now() + LOOK_EVERY > end {
                break;
            }
            sleep(LOOK_EVERY).await;
        }
        if let Some(target) = &wishes.call {
            findings.call = Some(self.call(target).await?);
            self.desk.order(Order::HangUp);
            self.ready().await?;
        }
        Ok(())
    }

    async fn call(&mut self, target: &Target) -> Result<Tried, Halt> {
        let begun = Instant::now();
        self.desk.order(Order::Dial(target.clone()));
        loop {
            match self.until().await? {
                Event::Connected => {
                    let to = format!("{}:{}", target.host, target.port);
                    return Ok(Tried { to, took: begun.elapsed() });
                }
                Event::NoCall(reason) => return Err(Halt::Wrong(reason)),
                _ => {}
            }
        }
    }

    /// What the module answers, without the command's name.
    async fn ask(&mut self, question: Question) -> Result<String, Halt> {
        self.desk.order(Order::Ask(question));
        loop {
            if let Event::Told(_, told) = self.until().await? {
                let Told::Lines(lines) = told else { return Ok(String::new()) };
                let text = lines.join(" ");
                let bare = text.trim_start_matches(question.name()).trim_start_matches(':');
                return Ok(bare.trim().trim_matches('"').to_owned());
            }
        }
    }

    async fn ready(&mut self) -> Result<(), Halt> {
        loop {
            match self.until().await? {
                Event::Ready => return Ok(()),
                Event::Trouble(reason) => return Err(Halt::Wrong(reason)),
                Event::Power => {
                    self.steps.say("its power is switched, or it is given time to come up …");
                    let (power, name) = (self.config.power.clone(), self.config.name.clone());
                    // Whoever has had enough doesn't leave it without power.
                    let switching = tokio::spawn(async move { power.cycle(&name).await });
                    let _ = self.switching.insert(switching).await;
                    *self.switching = None;
                    self.desk.order(Order::Powered);
                }
                _ => {}
            }
        }
    }

    /// The next event; what is said meanwhile is logged.
    async fn until(&mut self) -> Result<Event, Halt> {
        loop {
            self.steps.show(self.desk.module().doing());
            match self.desk.next().await {
                Heard::Event(event) => return Ok(event),
                Heard::Said(line) => tracing::debug!("{line}"),
                Heard::Lost(why) => return Err(Halt::Lost(why)),
            }
        }
    }
}
