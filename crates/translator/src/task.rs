//! The task of one module: from its port to its calls, and back.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use at::result::Cause;
use carrier::{Call, clock_now, timer_at};
use clock::Instant;
use gsm::{Event, Module, Order as Do, Question, Reason, Target, Told};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};
use tracing::{debug, info, warn};
use tty::Serial;

use crate::call::{End, Ours};
use crate::config::GsmConfig;
use crate::desk::{Desk, Heard, Theirs};
use crate::door::{Bell, Visitor};
use crate::duty::{Caller, Duty, Turn};
use crate::limits;
use crate::shown::{Outcome, Shown};
use crate::tries::Tries;
use crate::wake::{Alarm, Sleeper, Woken};

/// What is asked of a module.
pub(crate) enum Order {
    /// To dial. Who asks may have gone when it is done.
    Dial { target: Target, reply: Reply },
    /// To end its call.
    HangUp,
    /// To say how it stands.
    Ask { question: Question, reply: oneshot::Sender<Told> },
}

/// Where the call, or the reason for none, is awaited.
pub(crate) type Reply = oneshot::Sender<Result<Call, Cause>>;

pub(crate) struct Task {
    pub(crate) config: Arc<GsmConfig>,
    pub(crate) shown: Arc<Shown>,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) alarm: Arc<OnceLock<Alarm>>,
    pub(crate) bell: Arc<OnceLock<Bell>>,
    pub(crate) state: Option<PathBuf>,
}

/// Why a port is not used any more.
enum Ended {
    /// Nobody wants the module any more.
    Stopped,
    /// The port can't be had, or is gone.
    Absent(String),
}

impl Task {
    /// Runs until nobody can order anything any more.
    pub(crate) async fn run(mut self) {
        let mut pause = limits::RETRY_FIRST;
        loop {
            let ended = match self.open() {
                Ok(desk) => {
                    pause = limits::RETRY_FIRST;
                    self.serve(desk).await
                }
                Err(why) => Ended::Absent(why),
            };
            match ended {
                Ended::Stopped => return,
                Ended::Absent(why) => {
                    self.shown.now().module.forget_network();
                    self.trouble("absent", why);
                }
            }
            if self.pause(clock_now() + pause).await.is_err() {
                return;
            }
            pause = (pause * 2).min(limits::RETRY_LAST);
        }
    }

    fn open(&self) -> Result<Desk, String> {
        let setup = self.config.setup().map_err(|error| error.to_string())?;
        let config = &self.config;
        let serial = Serial::open(&config.device, &config.settings(), &config.lock_policy())
            .map_err(|error| error.to_string())?;
        let tries = Tries::new(self.state.clone(), config);
        Ok(Desk::new(Module::new(setup), serial, tries))
    }

    /// Waits without a port. Whoever wants to dial meanwhile is told that it can't be.
    async fn pause(&mut self, until: Instant) -> Result<(), Stopped> {
        let end = sleep_until(timer_at(until));
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Ok(()),
                order = self.orders.recv() => match order {
                    None => return Err(Stopped),
                    Some(Order::Dial { reply, .. }) => drop(reply.send(Err(Cause::ModemFailed))),
                    Some(Order::Ask { reply, .. }) => drop(reply.send(Told::Nothing)),
                    Some(Order::HangUp) => {}
                },
            }
        }
    }

    /// Says once why the module can't be used; in the log a second time only if that changes.
    fn trouble(&self, state: &'static str, why: String) {
        let mut now = self.shown.now();
        now.state = state;
        if now.trouble.as_ref() != Some(&why) {
            warn!(module = self.config.name, "{why}");
            now.trouble = Some(why);
        }
    }

    async fn serve(&mut self, desk: Desk) -> Ended {
        let mut duty = Duty::new(desk);
        duty.start();
        loop {
            self.shown.now().state = duty.desk.module().doing();
            duty.dial();
            match duty.turn(&mut self.orders).await {
                Turn::Heard(Heard::Lost(why)) => {
                    let lost = Reason::Silent("AT".to_owned());
                    self.over(&lost);
                    if let Some(party) = duty.lost(lost.clone()) {
                        self.shown.call(party, Outcome::Failed(lost));
                    }
                    self.shown.now().party = None;
                    return Ended::Absent(why);
                }
                Turn::Heard(Heard::Said(line)) => {
                    debug!(module = self.config.name, "{line}");
                    self.shown.said(line);
                }
                Turn::Heard(Heard::Event(Event::Power)) => {
                    self.config.power.cycle(&self.config.name).await;
                    duty.desk.order(Do::Powered);
                }
                Turn::Heard(Heard::Event(event)) => self.event(&mut duty, event),
                Turn::GivenUp => duty.given_up(),
                Turn::PickedUp(reply) => duty.picked_up(reply),
                Turn::Again => duty.start(),
                Turn::Ordered(Some(order)) => {
                    if matches!(order, Order::HangUp) && duty.desk.has_call() {
                        self.over(&Reason::HungUp);
                    }
                    duty.obey(order);
                }
                Turn::Ordered(None) => {
                    duty.hang_up();
                    self.stop(&mut duty.desk).await;
                    return Ended::Stopped;
                }
            }
        }
    }

    fn event(&self, duty: &mut Duty, event: Event) {
        let module = &self.config.name;
        match event {
            Event::Ready => {
                duty.is_well();
                if !duty.desk.has_call() {
                    self.over(&Reason::LocalHangUp);
                }
                self.ready(duty.desk.module().status());
            }
            Event::Trouble(reason) => {
                let (desk, driven) = (&duty.desk, duty.desk.module());
                self.shown.now().module = driven.status().clone();
                self.trouble(driven.doing(), desk.trouble(&reason));
                if driven.is_dead() && !reason.is_final() {
                    duty.try_later();
                }
            }
            Event::Connected => match duty.take_waiting() {
                Some((party, reply)) => self.connected(&mut duty.desk, party, reply),
                // Whoever has given up in this moment has no use for it.
                None => duty.desk.hang_up(),
            },
            Event::NoCall(reason) => {
                if let Some((party, reply)) = duty.take_waiting() {
                    info!(module, "no call to {party}: {reason}");
                    let _ = reply.send(Err(reason.cause()));
                    self.shown.call(party, Outcome::Failed(reason));
                }
            }
            Event::Ended(reason) => {
                let reason = duty.desk.why(reason);
                self.over(&reason);
                duty.desk.ended(reason);
            }
            Event::Caller(from) => match self.visited(from) {
                Some(caller) => duty.rings_for(caller),
                None => duty.desk.order(Do::HangUp),
            },
            Event::CallerGone => duty.caller_gone(),
            Event::Told(_, told) => duty.told(told),
            Event::Status => self.shown.now().module = duty.desk.module().status().clone(),
            Event::Message(message) => self.message(&message),
            // The desk and `serve` have dealt with these.
            Event::Stopped | Event::Power | Event::PinSaid(_) | Event::PinTaken => {}
        }
    }

    /// The call is over, if that isn't known yet.
    fn over(&self, reason: &Reason) {
        if let Some(party) = self.shown.over(reason) {
            let module = &self.config.name;
            info!(module, party, cause = reason.cause().code(), "the call is over: {reason}");
        }
    }

    fn ready(&self, status: &gsm::Status) {
        let mut now = self.shown.now();
        now.party = None;
        if now.trouble.take().is_some() || now.module != *status {
            info!(
                module = self.config.name,
                dialect = status.dialect,
                operator = status.operator,
                network = status.registration.word(),
                dbm = status.signal,
                "ready"
            );
        }
        now.module = status.clone();
    }

    /// What somebody has sent; its text may be a secret that was mistyped.
    fn message(&self, message: &gsm::Message) {
        let (module, from) = (&self.config.name, &message.from);
        let Some(wake) = &self.config.wake else { return };
        match (wake.read(module, message), self.alarm.get()) {
            (Ok(Some(woken)), Some(alarm)) => {
                match &woken.whom {
                    Sleeper::Line(line, _) => info!(module, from, line, "a message wakes the line"),
                    Sleeper::Station => info!(module, from, "a message wakes the station"),
                }
                alarm(woken);
            }
            (Ok(_), _) => warn!(module, from, "a message that wakes nobody was deleted"),
            (Err(error), _) => warn!(module, from, "a message wakes nobody: {error}"),
        }
    }

    /// Somebody calls the module: the line that rings for it, or whom it calls in its turn.
    fn visited(&self, from: Option<SocketAddr>) -> Option<Caller> {
        let (module, listen) = (&self.config.name, self.config.listen.as_ref()?);
        let party = from.map_or_else(|| "unknown".to_owned(), |from| from.ip().to_string());
        if let Some(call) = &listen.call {
            info!(module, from = party, line = listen.line, "a call wakes the line");
            let whom = Sleeper::Line(listen.line.clone(), call.0.0.clone());
            self.alarm.get()?(Woken { module: module.clone(), from: party, whom });
            return None;
        }
        let (pickup, taken) = oneshot::channel();
        let (here, gone) = oneshot::channel();
        let line = listen.line.clone();
        info!(module, from = party, line, "a call");
        let visitor = Visitor { module: module.clone(), from, line, pickup, here: gone };
        self.bell.get()?(visitor);
        Some(Caller { party, pickup: taken, _here: here })
    }

    /// Ends the session.
    async fn stop(&self, desk: &mut Desk) {
        let module = &self.config.name;
        let leave = desk.leave(|line| debug!(module, "{line}"));
        let _: Result<(), _> = timeout(limits::STOPPING, leave).await;
        if desk.module().may_have_session() {
            warn!(module, "it is left, and its data session may still be up");
        }
    }

    fn connected(&self, desk: &mut Desk, party: String, reply: Reply) {
        let module = &self.config.name;
        let (ours, theirs) = match UnixStream::pair() {
            Ok(pair) => pair,
            Err(error) => {
                warn!(module, "no call: {error}");
                let _ = reply.send(Err(carrier::cause_of(&error)));
                return desk.hang_up();
            }
        };
        let (held, is_held) = oneshot::channel();
        let end = End::default();
        desk.begin(Theirs::new(theirs, end.clone(), is_held));
        // The one before, if it was left a moment ago.
        self.over(&Reason::LocalHangUp);
        info!(module, party, "connected");
        self.shown.now().party = Some(party.clone());
        self.shown.call(party.clone(), Outcome::Lasts);
        let ours = Ours { stream: ours, end, name: module.clone(), party, held: Some(held) };
        let codec = telnet::Options::client(telnet::Mode::Off);
        // Whoever has given up in this moment drops the call, which hangs up.
        let _ = reply.send(Ok(Call::over(Box::new(ours), codec)));
    }
}

/// Nobody orders anything any more.
struct Stopped;

/// How long a dial may take where who dials doesn't say.
pub(crate) const DIAL: Duration = Duration::from_secs(300);
