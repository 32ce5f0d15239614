//! The task of one module: from its port to its calls, and back.

use std::collections::VecDeque;
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
use crate::limits;
use crate::shown::Shown;
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

/// Somebody waits for a call: with whom, and where it goes.
type Waiting = Option<(String, Reply)>;

/// Somebody who calls, while he waits.
struct Caller {
    party: String,
    pickup: oneshot::Receiver<Reply>,
    /// Ends when he has left.
    _here: oneshot::Sender<()>,
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

    async fn serve(&mut self, mut desk: Desk) -> Ended {
        let mut waiting: Waiting = None;
        let mut caller: Option<Caller> = None;
        // Equipment dials again at once: the end of the call before is waited for.
        let mut next: Option<(Target, Reply)> = None;
        let mut questions: VecDeque<(Question, oneshot::Sender<Told>)> = VecDeque::new();
        let mut again: Option<Instant> = None;
        let mut pause = limits::RETRY_FIRST;
        desk.order(Do::Start);
        loop {
            self.shown.now().state = desk.module().doing();
            if !desk.has_call()
                && let Some((target, reply)) = next.take()
            {
                let party = format!("{}:{}", target.host, target.port);
                desk.order(Do::Dial(target));
                waiting = Some((party, reply));
            }
            let given_up = async {
                match &mut waiting {
                    Some((_, reply)) => reply.closed().await,
                    None => std::future::pending().await,
                }
            };
            let picked_up = async {
                match &mut caller {
                    Some(caller) => (&mut caller.pickup).await,
                    None => std::future::pending().await,
                }
            };
            let restart = async {
                match again {
                    Some(at) => sleep_until(timer_at(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                heard = desk.next() => match heard {
                    Heard::Lost(why) => {
                        let dialled = next.take().map(|(_, reply)| reply);
                        let answered = waiting.take().map(|(_, reply)| reply);
                        for reply in answered.into_iter().chain(dialled) {
                            let _ = reply.send(Err(Cause::DeviceLost));
                        }
                        desk.ended(Reason::Silent("AT".to_owned()));
                        self.shown.now().party = None;
                        return Ended::Absent(why);
                    }
                    Heard::Said(line) => {
                        debug!(module = self.config.name, "{line}");
                        self.shown.said(line);
                    }
                    Heard::Event(Event::Power) => {
                        self.config.power.cycle(&self.config.name).await;
                    }
                    Heard::Event(Event::Trouble(reason)) => {
                        self.shown.now().module = desk.module().status().clone();
                        self.trouble(desk.module().doing(), desk.trouble(&reason));
                        if desk.module().is_dead() && !reason.is_final() {
                            again = Some(clock_now() + pause);
                            pause = (pause * 2).min(limits::RETRY_LAST);
                        }
                    }
                    Heard::Event(Event::Caller(from)) => match self.visited(from) {
                        Some(visit) => caller = Some(visit),
                        None => desk.order(Do::HangUp),
                    },
                    Heard::Event(Event::CallerGone) => {
                        caller = None;
                        if let Some((_, reply)) = waiting.take() {
                            let _ = reply.send(Err(Cause::CallerGone));
                        }
                    }
                    // One is asked at a time.
                    Heard::Event(Event::Told(_, told)) => {
                        if let Some((_, reply)) = questions.pop_front() {
                            let _ = reply.send(told);
                        }
                        if let Some((question, _)) = questions.front() {
                            desk.order(Do::Ask(*question));
                        }
                    }
                    Heard::Event(event) => {
                        if event == Event::Ready {
                            pause = limits::RETRY_FIRST;
                        }
                        self.event(&mut desk, event, &mut waiting);
                    }
                },
                () = given_up => {
                    waiting = None;
                    desk.order(Do::HangUp);
                }
                picked_up = picked_up => {
                    let party = caller.take().map(|caller| caller.party).unwrap_or_default();
                    match picked_up {
                        Ok(reply) => {
                            desk.order(Do::Answer);
                            waiting = Some((party, reply));
                        }
                        // The line has turned him away.
                        Err(_) => desk.order(Do::HangUp),
                    }
                }
                () = restart => {
                    again = None;
                    desk.order(Do::Start);
                }
                order = self.orders.recv() => match order {
                    None => {
                        self.stop(&mut desk).await;
                        return Ended::Stopped;
                    }
                    Some(Order::HangUp) => {
                        if desk.has_call() {
                            desk.ended(Reason::HungUp);
                            desk.hang_up();
                        }
                    }
                    Some(Order::Ask { question, reply }) => {
                        if questions.is_empty() {
                            desk.order(Do::Ask(question));
                        }
                        questions.push_back((question, reply));
                    }
                    Some(Order::Dial { target, reply }) => {
                        let free = !desk.has_call() || desk.is_ending();
                        // Who has given up in this moment is in nobody's way.
                        if waiting.take_if(|(_, reply)| reply.is_closed()).is_some() {
                            desk.order(Do::HangUp);
                        }
                        next.take_if(|(_, reply)| reply.is_closed());
                        if waiting.is_none() && next.is_none() && free {
                            next = Some((target, reply));
                        } else {
                            let _ = reply.send(Err(Cause::LineInUse));
                        }
                    }
                },
            }
        }
    }

    fn event(&self, desk: &mut Desk, event: Event, waiting: &mut Waiting) {
        let module = &self.config.name;
        match event {
            Event::Ready => {
                let mut now = self.shown.now();
                now.party = None;
                let status = desk.module().status();
                if now.trouble.take().is_some() || now.module != *status {
                    info!(
                        module,
                        dialect = status.dialect,
                        operator = status.operator,
                        network = status.registration.word(),
                        dbm = status.signal,
                        "ready"
                    );
                }
                now.module = status.clone();
            }
            Event::Connected => match waiting.take() {
                Some((party, reply)) => self.connected(desk, party, reply),
                // Whoever has given up in this moment has no use for it.
                None => desk.hang_up(),
            },
            Event::NoCall(reason) => {
                if let Some((party, reply)) = waiting.take() {
                    info!(module, "no call to {party}: {reason}");
                    let _ = reply.send(Err(reason.cause()));
                }
            }
            Event::Ended(reason) => {
                info!(module, cause = reason.cause().code(), "the call is over: {reason}");
                desk.ended(reason);
            }
            Event::Status => self.shown.now().module = desk.module().status().clone(),
            Event::Message(message) => self.message(&message),
            Event::Stopped | Event::Trouble(_) | Event::Power | Event::Told(..) => {}
            // Dealt with before.
            Event::Caller(_) | Event::CallerGone | Event::PinSaid(_) | Event::PinTaken => {}
        }
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

    /// Hangs up, and ends the session.
    async fn stop(&self, desk: &mut Desk) {
        if desk.has_call() {
            desk.ended(Reason::HungUp);
            desk.hang_up();
        }
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
        info!(module, party, "connected");
        self.shown.now().party = Some(party.clone());
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
