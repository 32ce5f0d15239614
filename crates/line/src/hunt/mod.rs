//! Hunt groups: callers of one number, and the lines that they may ring on.
//!
//! A group has a task of its own. It claims a free line for each caller and hands him over; a line that was
//! faster (its equipment has just dialled, say) hands him back, and the next one is tried.

mod config;
mod handed;

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{AccessList, CallOptions, Caller, ListenError, clock_now, timer_at};
use clock::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use tracing::{info, warn};

pub use self::config::{HuntConfig, WhenBusy};
pub(crate) use self::handed::Handed;
use crate::doors::Doors;
use crate::limits;
use crate::placing;
use crate::switchboard::Board;

/// A running group; its listeners close with it.
pub(crate) struct Running {
    pub(crate) config: HuntConfig,
    places: Vec<String>,
    door: mpsc::Sender<Caller>,
    task: JoinHandle<()>,
}

/// Where lines of this process call a group.
#[derive(Clone)]
#[cfg_attr(not(feature = "configuration"), allow(dead_code))]
pub(crate) struct Entrance {
    pub(crate) group: String,
    access: AccessList,
    door: mpsc::Sender<Caller>,
}

#[cfg(feature = "configuration")]
impl Entrance {
    /// Lets a caller of this process in.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn enter(&self, caller: Caller) -> Result<(), Cause> {
        self.access.check_unix().map_err(|_| Cause::Denied)?;
        self.door.try_send(caller).map_err(|_| Cause::LineInUse)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Opens the group's listeners and waits for callers.
    pub(crate) fn start(config: HuntConfig, board: Arc<Board>) -> Result<Self, ListenError> {
        let doors = Doors::open(&config.listen.0)?;
        let places = doors.places();
        let (back, returned) = mpsc::channel(limits::HUNTED);
        let door = back.clone();
        let hunt = Hunt {
            config: config.clone(),
            board,
            doors,
            waiting: VecDeque::new(),
            back,
            returned,
            last: None,
        };
        Ok(Self { config, places, door, task: tokio::spawn(hunt.run()) })
    }

    /// Where lines of this process call it.
    pub(crate) fn entrance(&self) -> Entrance {
        let (group, access) = (self.config.name.clone(), self.config.answer_access.0.clone());
        Entrance { group, access, door: self.door.clone() }
    }

    /// Where callers arrive, with the ports that were free.
    pub(crate) fn places(&self) -> &[String] {
        &self.places
    }
}

struct Hunt {
    config: HuntConfig,
    board: Arc<Board>,
    doors: Doors,
    waiting: VecDeque<Waiting>,
    back: mpsc::Sender<Caller>,
    returned: mpsc::Receiver<Caller>,
    /// The member that had the last call.
    last: Option<usize>,
}

/// A caller in the queue.
struct Waiting {
    caller: Caller,
    until: Instant,
}

/// What a group has waited for.
enum News {
    Arrived(Caller),
    Returned(Caller),
    LineFree,
}

impl Hunt {
    async fn run(mut self) {
        let board = Arc::clone(&self.board);
        loop {
            // Before the lines are looked at, so that none becomes free in between unseen.
            let freed = board.freed().notified();
            self.serve_queue();
            let look_again = self.look_again();
            let mut freed = std::pin::pin!(freed);
            let next = poll_fn(|cx| {
                if let Poll::Ready(Some(caller)) = self.returned.poll_recv(cx) {
                    return Poll::Ready(News::Returned(caller));
                }
                if let Poll::Ready(caller) = self.poll_accept(cx) {
                    return Poll::Ready(News::Arrived(caller));
                }
                if self.waiting.is_empty() {
                    return Poll::Pending;
                }
                let before = self.waiting.len();
                self.waiting.retain_mut(|waiting| waiting.caller.poll_gone(cx).is_pending());
                let changed = self.waiting.len() != before;
                match freed.as_mut().poll(cx).is_ready() || changed {
                    true => Poll::Ready(News::LineFree),
                    false => Poll::Pending,
                }
            });
            let news = match look_again {
                None => next.await,
                Some(at) => timeout_at(timer_at(at), next).await.unwrap_or(News::LineFree),
            };
            match news {
                News::Arrived(caller) => self.arrived(caller),
                News::Returned(caller) => self.offer(caller),
                News::LineFree => {}
            }
        }
    }

    /// When the queue is looked at whatever happens: somebody has waited long enough, or a line is free
    /// again without a word.
    fn look_again(&self) -> Option<Instant> {
        let first = self.waiting.iter().map(|waiting| waiting.until).min()?;
        Some(first.min(clock_now() + limits::QUEUE_LOOK))
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Caller> {
        let group = &self.config.name;
        self.doors.poll_caller(cx, |listener, error| {
            warn!(group, "{} takes no more calls: {error}", listener.local());
        })
    }

    fn arrived(&mut self, caller: Caller) {
        let access = &self.config.answer_access.0;
        let allowed = match caller.peer().socket_addr() {
            Some(address) => access.check(address),
            None => access.check_unix(),
        };
        match allowed {
            Ok(()) => self.offer(caller),
            Err(_) => self.board.turn_away(&self.config.name, Cause::Denied, caller),
        }
    }

    /// Rings on a member, or does what is done while all are taken.
    fn offer(&mut self, caller: Caller) {
        let Some(caller) = self.ring(caller) else { return };
        let group = &self.config.name;
        match self.config.busy {
            WhenBusy::Busy => self.board.turn_away(group, Cause::LineInUse, caller),
            WhenBusy::Message => {
                let text = self.config.busy_message.as_deref();
                placing::tell_busy(&self.board, group, text, CallOptions::default(), caller);
            }
            WhenBusy::Queue if self.waiting.len() >= limits::HUNTED => {
                self.board.turn_away(group, Cause::LineInUse, caller);
            }
            WhenBusy::Queue => {
                info!(group, "{} waits for a line", caller.peer());
                let until = clock_now() + self.config.queue_for.0;
                self.waiting.push_back(Waiting { caller, until });
            }
        }
    }

    /// Gives the lines that are free to those who wait, and ends the wait of those who waited enough.
    fn serve_queue(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            if let Some(caller) = self.ring(waiting.caller) {
                self.waiting.push_front(Waiting { caller, ..waiting });
                break;
            }
        }
        let now = clock_now();
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waiting| waiting.until <= now);
        self.waiting = waiting;
        let over: VecDeque<Waiting> = over;
        for waiting in over {
            self.board.turn_away(&self.config.name, Cause::QueueTimeout, waiting.caller);
        }
    }

    /// Hands a caller to the first free member; gives him back if there is none.
    fn ring(&mut self, caller: Caller) -> Option<Caller> {
        let members = &self.config.members;
        let idle_since = |place: usize| {
            members.get(place).and_then(|name| self.board.idle_since(name)).unwrap_or_default()
        };
        let order = self.config.order.sequence(members.len(), self.last, idle_since);
        let mut caller = caller;
        for place in order {
            let Some(name) = members.get(place) else { continue };
            let from = caller.peer().to_string();
            match self.board.hand(name, Handed::from_group(caller, &self.back)) {
                Ok(()) => {
                    info!(group = self.config.name, "{from} rings on {name}");
                    self.last = Some(place);
                    return None;
                }
                Err(handed) => match handed.take() {
                    Some(back) => caller = back,
                    None => return None,
                },
            }
        }
        Some(caller)
    }
}
