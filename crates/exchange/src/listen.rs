//! Listening for callers: who may come in.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use carrier::{AccessList, Caller, Listener, clock_now};
use clock::Instant;
use tokio::sync::watch;

use crate::call::{CallCount, CallEnd};
use crate::config::ListenConfig;
use crate::crowd::{Queue, Seat};
use crate::login::{Guest, Told};
use crate::manners::{Heard, ListenerFault, Manners};
use crate::origin::{self, Origin};
use crate::records::Unheard;
use crate::registry::Entry;
use crate::shared::{Direction, Shared};
use crate::source::Source;
use crate::ssh;
use crate::wait::{First, first};

/// A `[[exchange.listen]]` table at work.
#[derive(Debug)]
pub(crate) struct Reception {
    access: AccessList,
    manners: Arc<Manners>,
    queue: Arc<Queue>,
}

/// Takes callers, each in a task of its own, by the rules that are in force when he calls.
pub(crate) async fn receive_callers(
    mut listener: Listener,
    receptions: watch::Receiver<Arc<Reception>>,
    shared: Arc<Shared>,
) {
    let mut turned_away = TurnedAway::default();
    let mut called = None;
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
            Ok((seat, number)) => {
                let origin = Origin::between(caller.peer(), &caller.local());
                let origin = origin.sharing(&mut called);
                let entry = shared.register(origin, seat, number);
                let manners = Arc::clone(&reception.manners);
                let caller = Box::new(caller);
                let receiving = receive(manners, Arc::clone(&shared), caller, entry);
                tokio::spawn(InTurn::Receiving(Box::pin(receiving)));
            }
            // Nothing was done for him yet, and a reset leaves nothing behind.
            Err(why) => {
                let (line, from) = (listener.local().to_string(), origin::number(caller.peer()));
                shared.turned_away(&Unheard { line: &line, from: &from, over: "tcp", why });
                turned_away.log(&caller, why);
                caller.refuse();
            }
        }
    }
}

impl Reception {
    /// A place with these rules; its certificates are read.
    pub(crate) fn new(config: &ListenConfig) -> Result<Self, ListenerFault> {
        let manners = Arc::new(Manners::of(config)?);
        let queue = Queue::new(config.unauthenticated);
        Ok(Self { access: config.access.clone(), manners, queue })
    }

    /// The same place with the rules of `new`; those who are in keep their places in the queue.
    pub(crate) fn changed(&self, new: Self, config: &ListenConfig) -> Self {
        self.queue.set_limit(config.unauthenticated);
        Self { queue: Arc::clone(&self.queue), ..new }
    }

    fn admit(&self, shared: &Shared, caller: &Caller) -> Result<(Seat, CallCount), &'static str> {
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
        if shared.is_barred(source) {
            return Err("too many mistakes from this source");
        }
        shared.admit(source, Some(&self.queue)).map_err(|many| many.words())
    }
}

/// One caller, from his first bytes to his call's line in the log.
///
/// A future that awaits another keeps its own memory meanwhile. A call lasts for days, so how it was
/// received is dropped before it begins.
enum InTurn {
    Receiving(Pin<Box<dyn Future<Output = Option<Running>> + Send>>),
    Running(Running),
}

/// A call, from its greeting on.
pub(crate) type Running = Pin<Box<dyn Future<Output = CallEnd> + Send>>;

impl Future for InTurn {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            match this {
                Self::Receiving(receiving) => match ready!(receiving.as_mut().poll(cx)) {
                    Some(running) => *this = Self::Running(running),
                    None => return Poll::Ready(()),
                },
                Self::Running(running) => return running.as_mut().poll(cx).map(drop),
            }
        }
    }
}

/// Finds out what a caller speaks. No more comes of one who isn't heard.
async fn receive(
    manners: Arc<Manners>,
    shared: Arc<Shared>,
    caller: Box<Caller>,
    mut entry: Box<Entry>,
) -> Option<Running> {
    let ordered = poll_fn(|cx| entry.poll_order(cx));
    let heard = match first(ordered, manners.hear(caller)).await {
        First::One(order) => Heard::Nothing(order),
        First::Other(heard) => heard,
    };
    let end = match heard {
        Heard::Words { caller, mode, over } => {
            if over != entry.over_what() {
                entry.travels(over);
            }
            match caller.answer(&manners.options(mode)).map(Box::new) {
                Ok(call) => {
                    // Whose certificate opens an account has nothing to type.
                    return Some(match shared.identify_by_credentials(&entry, &call) {
                        Some(who) => {
                            let guest = Box::new(Guest::identified(who, Told::default()));
                            Box::pin(shared.run_identified(call, guest, entry))
                        }
                        None => {
                            let direction = Direction::In;
                            Box::pin(shared.run(call, manners.login_parity, entry, direction))
                        }
                    });
                }
                Err(_) => CallEnd::LineLost,
            }
        }
        // Boxed: other callers need no room for it.
        Heard::Ssh(caller) => {
            let options = manners.ssh_options();
            return Box::pin(ssh::receive(shared, caller, entry, options)).await;
        }
        Heard::Nothing(end) => end,
    };
    shared.offended(&shared.settings(), entry.origin(), end);
    entry.file(entry.over(end));
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, D, E, F>(_: fn(A, B, C, D, E) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_course_of_a_call_is_small() {
        let size = size_of_future(Shared::run);
        assert!(size <= 80, "{size} bytes");
    }

    /// Tokio adds 104 bytes and rounds up to whole pairs of cache lines: one byte more costs 128.
    #[test]
    fn a_call_fits_a_task_of_128_bytes() {
        assert!(size_of::<InTurn>() <= 128 - 104, "{} bytes", size_of::<InTurn>());
    }
}
