//! Listening for callers: who may come in, and what he speaks.

use std::sync::Arc;
use std::time::Duration;

use carrier::{AccessList, CallOptions, Caller, Greeting, Listener, clock_now};
use clock::Instant;
use telnet::Mode;
use tokio::sync::watch;

use crate::call::CallEnd;
use crate::config::{Kind, ListenConfig, Parity, Profile};
use crate::crowd::{Queue, Seat};
use crate::exchange::Shared;
use crate::limits;
use crate::origin::Origin;
use crate::registry::Entry;
use crate::source::Source;

/// A `[[exchange.listen]]` table at work.
#[derive(Debug)]
pub(crate) struct Reception {
    access: AccessList,
    manners: Arc<Manners>,
    queue: Arc<Queue>,
}

/// How callers of one listener are received.
#[derive(Debug)]
struct Manners {
    accepts: Accepts,
    profile: Profile,
    login_parity: Parity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepts {
    Telnet,
    Raw,
    Both,
}

/// What a caller's first bytes, or their absence, have decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Mode(Mode),
    /// Something that isn't accepted here.
    Foreign,
    /// Nothing any more: he has left.
    Gone,
}

/// Takes callers, each in a task of its own, by the rules that are in force when he calls.
pub(crate) async fn receive_callers(
    mut listener: Listener,
    receptions: watch::Receiver<Arc<Reception>>,
    shared: Arc<Shared>,
) {
    let mut turned_away = TurnedAway::default();
    loop {
        let caller = match listener.accept().await {
            Ok(caller) => caller,
            Err(error) => {
                tracing::error!(%error, address = %listener.local(), "can't accept callers any more");
                return;
            }
        };
        let reception = Arc::clone(&receptions.borrow());
        match reception.admit(&shared, &caller) {
            Ok(seat) => {
                let origin = Origin::between(caller.peer(), &caller.local());
                let entry = shared.register(&origin);
                let manners = Arc::clone(&reception.manners);
                tokio::spawn(manners.receive(Arc::clone(&shared), caller, origin, entry, seat));
            }
            // Nothing was done for him yet, and a reset leaves nothing behind.
            Err(why) => {
                turned_away.log(&caller, why);
                caller.refuse();
            }
        }
    }
}

impl Reception {
    pub(crate) fn new(config: &ListenConfig) -> Self {
        Self::with_queue(config, Queue::new(config.unauthenticated))
    }

    /// The same place with other rules; those who are in keep their places in the queue.
    pub(crate) fn changed(&self, config: &ListenConfig) -> Self {
        self.queue.set_limit(config.unauthenticated);
        Self::with_queue(config, Arc::clone(&self.queue))
    }

    fn with_queue(config: &ListenConfig, queue: Arc<Queue>) -> Self {
        Self { access: config.access.clone(), manners: Arc::new(Manners::of(config)), queue }
    }

    fn admit(&self, shared: &Shared, caller: &Caller) -> Result<Seat, &'static str> {
        let address = caller.peer().socket_addr();
        let allowed = match address {
            Some(address) => self.access.check(address),
            None => self.access.check_unix(),
        };
        allowed.map_err(|_| "not allowed by the access rules")?;
        if shared.is_closing() {
            return Err("the exchange is shutting down");
        }
        let source = address.map_or(Source::Local, Source::from);
        shared.crowd.enter(source, Some(&self.queue)).map_err(|many| many.words())
    }
}

impl Manners {
    fn of(config: &ListenConfig) -> Self {
        let accepts = |kind| config.accept.contains(&kind);
        Self {
            accepts: match (accepts(Kind::Telnet), accepts(Kind::Raw)) {
                (true, false) => Accepts::Telnet,
                (false, true) => Accepts::Raw,
                (true, true) | (false, false) => Accepts::Both,
            },
            profile: config.profile,
            login_parity: config.login_parity,
        }
    }

    async fn receive(
        self: Arc<Self>,
        shared: Arc<Shared>,
        mut caller: Caller,
        origin: Origin,
        entry: Entry,
        seat: Seat,
    ) {
        let end = match self.listen_to(&mut caller).await {
            Speaks::Mode(mode) => match caller.answer(&self.options(mode)) {
                Ok(call) => {
                    shared.run(call, origin, self.login_parity, entry, seat).await;
                    return;
                }
                Err(_) => CallEnd::LineLost,
            },
            Speaks::Foreign => {
                caller.refuse();
                CallEnd::NotAccepted
            }
            Speaks::Gone => CallEnd::CallerHungUp,
        };
        entry.file(entry.over(end));
    }

    /// Tells from a caller's first bytes what he speaks, where there is a choice.
    async fn listen_to(&self, caller: &mut Caller) -> Speaks {
        match self.accepts {
            Accepts::Telnet => Speaks::Mode(Mode::On),
            Accepts::Raw => Speaks::Mode(Mode::Off),
            Accepts::Both => self.judge(caller.sniff(limits::FIRST_BYTES).await),
        }
    }

    fn judge(&self, greeting: Greeting) -> Speaks {
        match (greeting, self.profile) {
            (Greeting::Telnet, _) | (Greeting::Silent, Profile::Human) => Speaks::Mode(Mode::On),
            // Many telnet clients wait for us to begin; such a one is recognised by a later
            // negotiation.
            (Greeting::Silent, Profile::Machine) => Speaks::Mode(Mode::Auto),
            (Greeting::Raw, _) => Speaks::Mode(Mode::Off),
            (Greeting::Tls | Greeting::Ssh, _) => Speaks::Foreign,
            (Greeting::Gone, _) => Speaks::Gone,
        }
    }

    fn options(&self, mode: Mode) -> CallOptions {
        let profile = match self.profile {
            Profile::Machine => telnet::Profile::Machine,
            Profile::Human => telnet::Profile::Human,
        };
        CallOptions { telnet: Some(mode), profile, terminal: None, ..CallOptions::default() }
    }
}

/// Callers turned away, of whom only some are logged: a flood of callers must not be a flood of
/// lines.
#[derive(Debug, Default)]
struct TurnedAway {
    last: Option<Instant>,
    unmentioned: u64,
}

impl TurnedAway {
    fn log(&mut self, caller: &Caller, why: &'static str) {
        let now = clock_now();
        if self.last.is_some_and(|last| now.since(last) < Duration::from_secs(1)) {
            self.unmentioned += 1;
            return;
        }
        self.last = Some(now);
        let others = std::mem::take(&mut self.unmentioned);
        tracing::info!(from = %caller.peer(), why, others, "caller turned away");
    }
}
