//! The task of one modem: from its port to its calls, and back.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use at::client::{Client, Connect, Event, Failure, NoCall, Order as Do};
use at::result::Cause;
use carrier::{Call, Peer, clock_now, timer_at};
use clock::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::bell::{Bell, Verdict};
use crate::config::{LockConfig, ModemConfig, OnRing, Reserve};
use crate::counted::{Counted, Way};
use crate::desk::{Desk, Heard};
use crate::limits;
use crate::port::{self, NoPort, Pauses, Stir};
use crate::rack::{Answer, Answered, Outside, RungBy};
use crate::status::{Dialling, News, Service, Shown};
use crate::stream::{Cut, Ends, Home, Left, Stream};

/// What is asked of a modem.
pub(crate) enum Order {
    /// To dial. Who asks may have gone when it is done.
    Dial { number: String, within: Duration, reply: Reply },
    /// To end its call.
    HangUp,
}

/// Where the call, or the reason for none, is awaited.
pub(crate) type Reply = oneshot::Sender<Result<Call, Cause>>;

/// The task's own.
pub(crate) struct Modem {
    config: Arc<ModemConfig>,
    shown: Arc<Shown>,
    orders: mpsc::Receiver<Order>,
    answer: Answer,
    rung: Arc<OnceLock<RungBy>>,
    counted: Arc<Counted>,
    bell: Bell,
    /// Who has rung and isn't answered; it is told of once the modem is free.
    wished: Option<String>,
    /// When such a ring was last told of.
    told: Option<Instant>,
}

/// Why a port is not used any more.
enum Ended {
    /// Nobody wants the modem any more.
    Stopped,
    /// The port is gone.
    Lost,
    /// It isn't there, or can't be used.
    Absent(String),
    /// Another program uses it.
    Lent,
    /// The modem doesn't answer.
    Silent(Failure),
}

/// What to do with the modem next.
enum Next {
    /// Wait until it is ready.
    Settle,
    /// Wait for something to happen.
    Idle,
    /// Listen to what it says unasked.
    Listen,
    /// Take the call that rings.
    Answer,
    /// Call somebody.
    Dial {
        number: String,
        within: Duration,
        reply: Reply,
    },
    End(Ended),
}

/// How long a modem that has begun to say something is listened to when it doesn't ring.
const MUTTERING: Duration = Duration::from_secs(2);

impl Modem {
    pub(crate) fn new(
        config: Arc<ModemConfig>,
        shown: Arc<Shown>,
        orders: mpsc::Receiver<Order>,
        outside: Outside,
    ) -> Self {
        let bell = config.bell();
        let Outside { answer, rung, counted } = outside;
        Self { config, shown, orders, answer, rung, counted, bell, wished: None, told: None }
    }

    /// Runs until nobody can order anything any more.
    pub(crate) async fn run(mut self) {
        let mut pauses = Pauses::new();
        loop {
            let ended = match port::open(&self.config) {
                Ok(serial) => {
                    let client = Client::new(self.config.manners());
                    self.serve(Desk::new(client, serial), &mut pauses).await
                }
                Err(NoPort::Lent(why)) => {
                    debug!(modem = self.config.name, "{why}");
                    Ended::Lent
                }
                Err(NoPort::Absent(why)) => Ended::Absent(why),
            };
            self.shown.claim();
            let (pause, refusal) = match ended {
                Ended::Stopped => return,
                Ended::Lent => {
                    self.shown.state("lent");
                    (limits::LOCK_LOOK, Cause::LineInUse)
                }
                Ended::Lost => {
                    self.counted.failure("lost");
                    self.trouble("absent", "the port is gone".to_owned());
                    (pauses.next(), Cause::ModemFailed)
                }
                Ended::Absent(why) => {
                    self.counted.failure("absent");
                    self.trouble("absent", why);
                    (pauses.next(), Cause::ModemFailed)
                }
                Ended::Silent(failure) => {
                    self.counted.failure("silent");
                    self.trouble("silent", failure.to_string());
                    (pauses.next(), Cause::ModemFailed)
                }
            };
            if self.pause(pause, refusal).await == Wanted::No {
                return;
            }
        }
    }

    /// Says once why the modem can't be used; in the log a second time only if that changes.
    fn trouble(&self, state: &'static str, why: String) {
        self.shown.state(state);
        if self.shown.trouble(Some(why.clone())) == News::New {
            warn!(modem = self.config.name, "{why}; trying again");
        }
    }

    /// Waits without a port. Whoever wants to dial meanwhile, or had just begun to, is told why it can't be.
    async fn pause(&mut self, span: Duration, refusal: Cause) -> Wanted {
        let end = sleep(span);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Wanted::Yes,
                order = self.orders.recv() => match order {
                    None => return Wanted::No,
                    Some(order) => refuse(order, refusal),
                },
            }
        }
    }

    async fn serve(&mut self, mut desk: Desk, pauses: &mut Pauses) -> Ended {
        self.shown.state("initialising");
        desk.order(Do::Reset);
        let mut next = Next::Settle;
        loop {
            next = match next {
                Next::Settle => match self.settle(&mut desk).await {
                    Next::Idle => {
                        *pauses = Pauses::new();
                        self.is_ready();
                        Next::Idle
                    }
                    other => other,
                },
                Next::Idle => self.idle(&mut desk).await,
                Next::Listen => self.listen(&mut desk).await,
                Next::Answer => self.answer(&mut desk).await,
                Next::Dial { number, within, reply } => {
                    self.dial(&mut desk, &number, within, reply).await
                }
                Next::End(ended) => return ended,
            };
        }
    }

    fn is_ready(&self) {
        if self.shown.trouble(None) == News::New {
            info!(modem = self.config.name, "ready again");
        } else {
            debug!(modem = self.config.name, "ready");
        }
    }

    /// Waits until the modem is ready for the next call.
    async fn settle(&mut self, desk: &mut Desk) -> Next {
        loop {
            tokio::select! {
                heard = desk.next() => match heard {
                    Heard::Event(Event::Ready) => return Next::Idle,
                    Heard::Event(Event::Failed(failure)) => return Next::End(Ended::Silent(failure)),
                    Heard::Lost => return Next::End(Ended::Lost),
                    // Somebody calls while the modem is being initialised: it goes on ringing.
                    Heard::Event(_) => {}
                },
                order = self.orders.recv() => match order {
                    Some(order) => refuse(order, Cause::LineInUse),
                    None => {
                        // A call may still have to be hung up.
                        let _ = timeout(limits::STOPPING, settled(desk)).await;
                        return Next::End(Ended::Stopped);
                    }
                },
            }
        }
    }

    /// The modem has nothing to do; its port is anybody's, if it is shared.
    async fn idle(&mut self, desk: &mut Desk) -> Next {
        let shared = self.config.lock == LockConfig::Shared;
        if let Some(serial) = desk.serial()
            && shared
            && let Err(error) = serial.share()
        {
            debug!(modem = self.config.name, %error, "the port can't be shared");
        }
        let next = loop {
            self.offer();
            self.tell_of_ring();
            let Some(serial) = desk.serial() else { return Next::End(Ended::Lost) };
            tokio::select! {
                stir = port::quiet(serial, self.config.lock) => match stir {
                    Stir::Readable => break Next::Listen,
                    Stir::Lent => break Next::End(Ended::Lent),
                },
                () = sleep(self.config.check_every.0) => break Next::Settle,
                () = self.shown.changed.notified() => {}
                order = self.orders.recv() => match order {
                    None => return Next::End(Ended::Stopped),
                    Some(Order::HangUp) => {}
                    // He has given up already.
                    Some(Order::Dial { reply, .. }) if reply.is_closed() => {}
                    Some(Order::Dial { number, within, reply }) => {
                        break Next::Dial { number, within, reply };
                    }
                },
            }
        };
        self.shown.claim();
        if let Next::End(Ended::Lent) = next {
            return self.lent(desk);
        }
        if let Some(serial) = desk.serial()
            && shared
            && serial.claim().is_err()
        {
            if let Next::Dial { reply, .. } = next {
                let _ = reply.send(Err(Cause::LineInUse));
            }
            return self.lent(desk);
        }
        if matches!(next, Next::Settle) {
            desk.order(Do::Check);
        }
        next
    }

    /// Lets others dial with the modem, if it is for that.
    fn offer(&self) {
        let is_for_dialling = self.config.reserve != Reserve::Incoming;
        self.shown.idle(match is_for_dialling && self.shown.service() == Service::In {
            true => Dialling::Offered,
            false => Dialling::Closed,
        });
    }

    /// Another program has the port: it is left as that program has set it.
    fn lent(&self, desk: &mut Desk) -> Next {
        let user = desk.serial().and_then(|serial| serial.user()).flatten();
        let by = user.map_or(String::new(), |pid| format!(" (process {pid})"));
        debug!(modem = self.config.name, "another program{by} uses the port");
        desk.leave();
        Next::End(Ended::Lent)
    }

    /// The modem has said something unasked: rings are counted, the rest passes.
    async fn listen(&mut self, desk: &mut Desk) -> Next {
        let muttering_until = clock_now() + MUTTERING;
        loop {
            let until = self.bell.silent_at().unwrap_or(muttering_until);
            tokio::select! {
                heard = desk.next() => match heard {
                    Heard::Event(Event::Ring) => {
                        self.shown.state("ringing");
                        let verdict = self.ring(desk);
                        match (verdict, self.config.on_ring) {
                            (Verdict::LetRing, _) => {}
                            (Verdict::Answer, OnRing::Answer | OnRing::Station) => return Next::Answer,
                            (Verdict::Answer, OnRing::CallCentre) => {
                                let number = desk.client().caller().number.clone();
                                self.wished = Some(number);
                            }
                        }
                    }
                    Heard::Event(Event::Failed(failure)) => return Next::End(Ended::Silent(failure)),
                    Heard::Event(_) => {}
                    Heard::Lost => return Next::End(Ended::Lost),
                },
                () = sleep_until(timer_at(until)) => {
                    self.bell.pause(clock_now());
                    return Next::Idle;
                }
                order = self.orders.recv() => match order {
                    None => return Next::End(Ended::Stopped),
                    Some(order) => refuse(order, Cause::LineInUse),
                },
            }
        }
    }

    fn ring(&mut self, desk: &Desk) -> Verdict {
        let modem = &self.config.name;
        let number = &desk.client().caller().number;
        // A modem that only dials does so, too, when it is rung.
        let closed = self.config.reserve == Reserve::Outgoing
            && self.config.on_ring == OnRing::Answer
            || self.shown.service() == Service::BusiedOut
            || self.config.busy_file.as_deref().is_some_and(std::path::Path::exists);
        let verdict = self.bell.ring(clock_now(), number);
        debug!(modem, number, "rings");
        if closed { Verdict::LetRing } else { verdict }
    }

    /// The caller has given up: whoever wants to know of him may dial with the modem now.
    fn tell_of_ring(&mut self) {
        let Some(number) = self.wished.take() else { return };
        let modem = &self.config.name;
        let now = clock_now();
        if self.told.is_some_and(|told| now.since(told) < limits::RUNG_AGAIN) {
            return debug!(modem, number, "it was rung a moment ago");
        }
        self.told = Some(now);
        info!(modem, number, "it was rung, and nobody is answered");
        if let Some(rung) = self.rung.get() {
            rung(modem, &number);
        }
    }

    async fn answer(&mut self, desk: &mut Desk) -> Next {
        self.bell.forget();
        self.shown.state("answering");
        let caller = desk.client().caller().clone();
        info!(
            modem = self.config.name,
            number = caller.number,
            name = caller.name,
            "answers a call"
        );
        desk.order(Do::Answer);
        let connect = match self.outcome(desk, None).await {
            Outcome::Connected(connect) => connect,
            Outcome::None(none) => {
                info!(modem = self.config.name, "no call came about: {}", none.cause().words());
                self.counted.call(Way::In, none.cause().code());
                return self.reset(desk, left_by(none));
            }
            Outcome::Else(next) => {
                self.counted.call(Way::In, cause_of(&next).code());
                return next;
            }
            Outcome::GivenUp => {
                self.counted.call(Way::In, Cause::LocalHangUp.code());
                return self.reset(desk, Left::Up);
            }
        };
        let number = if caller.number.is_empty() { "unknown" } else { &caller.number };
        let (number, answered) = (
            number.to_owned(),
            Answered {
                modem: self.config.name.clone(),
                device: self.config.port_name(),
                caller: caller.clone(),
                connect: connect.clone(),
                on_ring: self.config.on_ring,
            },
        );
        let Some((call, held)) = self.call(desk, &number, &connect) else {
            return Next::End(Ended::Lost);
        };
        tokio::spawn((self.answer)(call, answered));
        self.until_home(desk, held, Way::In).await
    }

    async fn dial(
        &mut self,
        desk: &mut Desk,
        number: &str,
        within: Duration,
        mut reply: Reply,
    ) -> Next {
        self.shown.state("dialling");
        self.shown.party(Some(number.to_owned()));
        debug!(modem = self.config.name, number, "dials");
        desk.order(Do::Dial(number, within));
        let outcome = self.outcome(desk, Some(&mut reply)).await;
        let (cause, next) = match outcome {
            Outcome::Connected(connect) => {
                let Some((call, held)) = self.call(desk, number, &connect) else {
                    return Next::End(Ended::Lost);
                };
                // Whoever has given up in this moment drops the call, and the port comes home.
                let _ = reply.send(Ok(call));
                return self.until_home(desk, held, Way::Out).await;
            }
            // The caller rings on.
            Outcome::None(NoCall::Collision) => (NoCall::Collision.cause(), Next::Listen),
            Outcome::None(none) => (none.cause(), self.reset(desk, left_by(none))),
            Outcome::GivenUp => (Cause::DteAbort, self.reset(desk, Left::Up)),
            Outcome::Else(next) => (cause_of(&next), next),
        };
        self.shown.party(None);
        self.counted.call(Way::Out, cause.code());
        // Whoever has gone doesn't ask any more.
        let _ = reply.send(Err(cause));
        next
    }

    /// What comes of dialling or answering.
    async fn outcome(&mut self, desk: &mut Desk, mut reply: Option<&mut Reply>) -> Outcome {
        loop {
            let given_up = async {
                match &mut reply {
                    Some(reply) => reply.closed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                heard = desk.next() => match heard {
                    Heard::Event(Event::Connected(connect)) => return Outcome::Connected(connect),
                    Heard::Event(Event::NoCall(none)) => return Outcome::None(none),
                    Heard::Event(Event::Failed(failure)) => {
                        return Outcome::Else(Next::End(Ended::Silent(failure)));
                    }
                    Heard::Event(Event::Ready | Event::Ring | Event::CallerId) => {}
                    Heard::Lost => return Outcome::Else(Next::End(Ended::Lost)),
                },
                () = given_up => return Outcome::GivenUp,
                order = self.orders.recv() => match order {
                    None => return Outcome::Else(Next::End(Ended::Stopped)),
                    Some(Order::HangUp) => return Outcome::GivenUp,
                    Some(order) => refuse(order, Cause::LineInUse),
                },
            }
        }
    }

    /// Makes a call of the port.
    fn call(&self, desk: &mut Desk, number: &str, connect: &Connect) -> Option<(Call, Held)> {
        let (serial, early) = desk.lend()?;
        info!(modem = self.config.name, number, "CONNECT {}", connect.text);
        self.shown.state("online");
        self.shown.party(Some(number.to_owned()));
        let name = &self.config.name;
        let ends = Ends {
            peer: Peer::Modem(format!("modem:{name}/{number}")),
            local: Peer::Modem(format!("modem:{name}")),
        };
        let (stream, comes_home, cut) = Stream::new(serial, self.config.loss, early, ends);
        let codec = telnet::Options::client(telnet::Mode::Off);
        Some((Call::over(Box::new(stream), codec), Held { comes_home, cut: Some(cut) }))
    }

    /// Waits until the call is over, and hangs up.
    async fn until_home(&mut self, desk: &mut Desk, mut held: Held, way: Way) -> Next {
        let home = loop {
            tokio::select! {
                home = &mut held.comes_home => break home,
                order = self.orders.recv(), if held.cut.is_some() => match order {
                    Some(Order::Dial { reply, .. }) => drop(reply.send(Err(Cause::LineInUse))),
                    // Settling notices that nobody orders anything any more.
                    Some(Order::HangUp) | None => {
                        if let Some(cut) = held.cut.take() {
                            let _ = cut.send(Cut);
                        }
                    }
                },
            }
        };
        self.shown.call_ended(clock_now());
        let left = home.as_ref().map_or(Left::Lost, |home| home.left);
        self.counted.call(way, ended_by(left).code());
        let Ok(Home { serial, left }) = home else { return Next::End(Ended::Lost) };
        debug!(modem = self.config.name, ?left, "the call is over");
        desk.take_back(serial);
        if left == Left::Up
            && let Some(serial) = desk.serial()
        {
            // What was said last is to arrive; a modem that takes nothing has its time.
            let drained = std::future::poll_fn(|cx| serial.poll_drained(cx));
            let _ = timeout(limits::LAST_BYTES, drained).await;
        }
        self.reset(desk, left)
    }

    /// Hangs up, and makes the modem ready again.
    fn reset(&self, desk: &mut Desk, left: Left) -> Next {
        if left == Left::Lost {
            return Next::End(Ended::Lost);
        }
        self.shown.state("hanging up");
        let order = match desk.has_lines() || left == Left::Down {
            true => Do::Reset,
            false => Do::Rescue,
        };
        desk.order(order);
        Next::Settle
    }
}

/// A call that has the port.
struct Held {
    comes_home: oneshot::Receiver<Home>,
    /// Until the order has been given.
    cut: Option<oneshot::Sender<Cut>>,
}

enum Outcome {
    Connected(Connect),
    None(NoCall),
    GivenUp,
    Else(Next),
}

/// Whether anybody still wants the modem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Yes,
    No,
}

/// A modem that was waited for in vain is still busy with it.
fn left_by(none: NoCall) -> Left {
    match none {
        NoCall::TimedOut => Left::Up,
        _ => Left::Down,
    }
}

/// Why a call is over.
fn ended_by(left: Left) -> Cause {
    match left {
        Left::Up => Cause::LocalHangUp,
        Left::Down => Cause::RemoteHangUp,
        Left::Lost => Cause::DeviceLost,
    }
}

/// Why nothing was dialled.
fn cause_of(next: &Next) -> Cause {
    match next {
        Next::End(Ended::Lost) => Cause::DeviceLost,
        Next::End(Ended::Stopped) => Cause::ShuttingDown,
        _ => Cause::ModemFailed,
    }
}

fn refuse(order: Order, cause: Cause) {
    if let Order::Dial { reply, .. } = order {
        let _ = reply.send(Err(cause));
    }
}

async fn settled(desk: &mut Desk) {
    while !matches!(desk.next().await, Heard::Lost | Heard::Event(Event::Ready | Event::Failed(_)))
    {
    }
}
