//! All real modems of a process.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use at::client::{CallerId, Connect};
use at::result::Cause;
use carrier::{Address, Call, DialError, Dialling, Trunks, clock_now};
use clock::Instant;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::{ModemConfig, OnRing, Reserve};
use crate::counted::Counted;
use crate::group::{Group, WhenBusy};
use crate::limits;
use crate::modem::{Modem, Order};
use crate::status::{Service, Shown, Status};

/// All real modems of a process. A handle: clones are the same rack.
#[derive(Clone)]
pub struct Rack(Arc<Inside>);

struct Inside {
    answer: Answer,
    rung: Arc<OnceLock<RungBy>>,
    modems: Mutex<BTreeMap<String, Running>>,
    groups: Mutex<Vec<GroupNow>>,
    /// Told whenever a modem has become free.
    freed: Arc<Notify>,
    counted: Arc<Counted>,
}

struct Running {
    handle: Handle,
    task: JoinHandle<()>,
}

/// One modem, seen from outside its task.
#[derive(Clone)]
struct Handle {
    config: Arc<ModemConfig>,
    shown: Arc<Shown>,
    orders: mpsc::Sender<Order>,
}

struct GroupNow {
    group: Group,
    /// The member that had the last call.
    last: Option<usize>,
}

/// Who takes the calls that modems answer; the future ends with the call.
pub type Answer =
    Arc<dyn Fn(Call, Answered) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Whoever is told that a modem was rung, by its name and the caller's number; it is free again by then.
pub type RungBy = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Whom a modem's task tells of what has happened.
pub(crate) struct Outside {
    pub(crate) answer: Answer,
    pub(crate) rung: Arc<OnceLock<RungBy>>,
    pub(crate) counted: Arc<Counted>,
}

/// What is known of a call that a modem has answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The modem's name.
    pub modem: String,
    /// Its port, as programs know it: `ttyS0`.
    pub device: String,
    /// Who calls.
    pub caller: CallerId,
    /// What the modem said of the call.
    pub connect: Connect,
    /// What its rings are for.
    pub on_ring: OnRing,
}

impl Rack {
    /// A rack without modems, whose calls go to `answer`.
    pub fn new(answer: Answer) -> Self {
        Self(Arc::new(Inside {
            answer,
            rung: Arc::default(),
            modems: Mutex::default(),
            groups: Mutex::default(),
            freed: Arc::default(),
            counted: Arc::default(),
        }))
    }

    /// Has `rung` told of rings that aren't to be answered, [`crate::OnRing::CallCentre`]. Said once, before the first modem
    /// runs.
    pub fn tell_of_rings(&self, rung: RungBy) {
        let _ = self.0.rung.set(rung);
    }

    /// Runs these modems and no others from now on. Modems that stay as they are keep their calls; others
    /// hang up and begin anew. Must be called inside the runtime that is to carry them.
    pub async fn apply(&self, modems: Vec<ModemConfig>, groups: Vec<Group>) {
        let stays = |name: &str, running: &Running| {
            modems.iter().any(|config| config.name == name && *config == *running.handle.config)
        };
        let before = std::mem::take(&mut *self.modems());
        let (kept, ended): (BTreeMap<_, _>, Vec<_>) = before.into_iter().fold(
            (BTreeMap::new(), Vec::new()),
            |(mut kept, mut ended), (name, running)| {
                match stays(&name, &running) {
                    true => drop(kept.insert(name, running)),
                    false => ended.push(running),
                }
                (kept, ended)
            },
        );
        *self.modems() = kept;
        // A new modem may want an old one's port.
        end(ended).await;
        for config in modems {
            let mut running = self.modems();
            if !running.contains_key(&config.name) {
                running.insert(config.name.clone(), self.start(config));
            }
        }
        let groups = groups.into_iter().map(|group| GroupNow { group, last: None });
        *self.groups() = groups.collect();
    }

    fn start(&self, config: ModemConfig) -> Running {
        let (orders, inbox) = mpsc::channel(limits::ORDERS);
        let (config, shown) = (Arc::new(config), Arc::new(Shown::new(Arc::clone(&self.0.freed))));
        let (answer, counted) = (Arc::clone(&self.0.answer), Arc::clone(&self.0.counted));
        let outside = Outside { answer, rung: Arc::clone(&self.0.rung), counted };
        let modem = Modem::new(Arc::clone(&config), Arc::clone(&shown), inbox, outside);
        let task = tokio::spawn(modem.run());
        Running { handle: Handle { config, shown, orders }, task }
    }

    /// How all modems stand, by name.
    pub fn status(&self) -> Vec<Status> {
        let modems = self.modems();
        let handles = modems.values().map(|running| &running.handle);
        handles
            .map(|handle| {
                let device = handle.config.device.display().to_string();
                handle.shown.status(&handle.config.name, &device)
            })
            .collect()
    }

    /// How many calls of all modems are over, or have failed, since the start: by who has called (`in`, `out`), and
    /// by the code of the cause.
    pub fn calls(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.0.counted.calls()
    }

    /// How many attempts to use a modem have failed since the start: its port was `absent`, it was `lost`, or the
    /// modem was `silent` while it was made ready, checked or dialled with.
    pub fn failures(&self) -> Vec<(&'static str, u64)> {
        self.0.counted.failures()
    }

    /// Takes a modem out of service, or puts it back. False when there is no such modem.
    pub fn set_service(&self, modem: &str, service: Service) -> bool {
        self.handle(modem).map(|handle| handle.shown.set_service(service)).is_some()
    }

    /// Ends the call of a modem. False when there is no such modem.
    pub fn hang_up(&self, modem: &str) -> bool {
        // A modem with a full box has been asked that before.
        self.handle(modem).map(|handle| handle.orders.try_send(Order::HangUp)).is_some()
    }

    /// Hangs up, and leaves all ports.
    pub async fn shut_down(&self) {
        let modems = std::mem::take(&mut *self.modems());
        end(modems.into_values().collect()).await;
    }

    /// Dials with a modem, or with one of a group.
    async fn dial(
        &self,
        name: &str,
        number: &str,
        within: Option<Duration>,
    ) -> Result<Call, Cause> {
        if let Some(handle) = self.handle(name) {
            self.until_settled(&handle).await;
            return handle.dial(number, within).await;
        }
        let until = within.map(|within| clock_now() + within);
        let mut waits_until = None;
        loop {
            let freed = self.0.freed.notified();
            let left = until.map(|until| until.since(clock_now()));
            let when_busy = match self.dial_group(name, number, left).await? {
                Tried::Reached(call) => return Ok(call),
                Tried::AllTaken(when_busy) => when_busy,
            };
            let WhenBusy::Wait(span) = when_busy else { return Err(Cause::LineInUse) };
            let limit = *waits_until.get_or_insert(clock_now() + span);
            let left: Duration = limit.since(clock_now());
            if tokio::time::timeout(left, freed).await.is_err() {
                return Err(Cause::QueueTimeout);
            }
        }
    }

    /// Waits a little for a modem that is just hanging up or being initialised: equipment dials again at once.
    async fn until_settled(&self, handle: &Handle) {
        let settled = async {
            loop {
                let freed = self.0.freed.notified();
                match handle.shown.status("", "").state {
                    "initialising" | "hanging up" => freed.await,
                    _ => return,
                }
            }
        };
        let _ = tokio::time::timeout(limits::SETTLING, settled).await;
    }

    /// Tries the members of a group, in its order.
    async fn dial_group(
        &self,
        name: &str,
        number: &str,
        within: Option<Duration>,
    ) -> Result<Tried, Cause> {
        let (members, order, when_busy) = {
            let groups = self.groups();
            let now = groups.iter().find(|now| now.group.name == name);
            let now = now.ok_or(Cause::NoSuchCarrier)?;
            let members: Vec<Option<Handle>> =
                now.group.members.iter().map(|member| self.handle(member)).collect();
            let idle_since = |place: usize| {
                members.get(place).and_then(Option::as_ref).map_or(0, |m| m.shown.idle_since())
            };
            let order = now.group.order.sequence(members.len(), now.last, idle_since);
            (members, order, now.group.when_busy)
        };
        let mut worst = Cause::LineInUse;
        let mut works = Works::No;
        for place in order {
            let Some(handle) = members.get(place).and_then(Option::as_ref) else { continue };
            match handle.dial(number, within).await {
                // Those fail before anything is dialled: the next one may do better.
                Err(Cause::LineInUse | Cause::Reserved) => works = Works::Yes,
                Err(cause @ (Cause::ModemFailed | Cause::DeviceLost | Cause::CarrierDown)) => {
                    worst = cause;
                }
                outcome => {
                    self.had_call(name, place);
                    return outcome.map(Tried::Reached);
                }
            }
        }
        match works {
            Works::Yes => Ok(Tried::AllTaken(when_busy)),
            Works::No => Err(worst),
        }
    }

    fn had_call(&self, name: &str, place: usize) {
        if let Some(now) = self.groups().iter_mut().find(|now| now.group.name == name) {
            now.last = Some(place);
        }
    }

    fn handle(&self, name: &str) -> Option<Handle> {
        self.modems().get(name).map(|running| running.handle.clone())
    }

    fn modems(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.0.modems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> MutexGuard<'_, Vec<GroupNow>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Tried {
    Reached(Call),
    AllTaken(WhenBusy),
}

/// Whether any member of a group works at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Works {
    Yes,
    No,
}

impl Handle {
    async fn dial(&self, number: &str, within: Option<Duration>) -> Result<Call, Cause> {
        if self.config.reserve == Reserve::Incoming {
            return Err(Cause::Reserved);
        }
        if !self.shown.take() {
            return Err(match self.shown.status("", "").trouble {
                Some(_) => Cause::ModemFailed,
                None => Cause::LineInUse,
            });
        }
        let (reply, outcome) = oneshot::channel();
        let within = within.unwrap_or(self.config.manners().dial_within);
        let order = Order::Dial { number: number.to_owned(), within, reply };
        if self.orders.try_send(order).is_err() {
            return Err(Cause::LineInUse);
        }
        outcome.await.unwrap_or(Err(Cause::ModemFailed))
    }
}

/// Ends modems; all of them at the same time.
async fn end(modems: Vec<Running>) {
    let mut tasks = Vec::new();
    for Running { handle, task } in modems {
        // The task ends when nobody can order anything any more.
        drop(handle);
        tasks.push(task);
    }
    let until: Instant = clock_now() + limits::STOPPING + limits::STOPPING;
    for mut task in tasks {
        let left = until.since(clock_now());
        if tokio::time::timeout(left, &mut task).await.is_err() {
            task.abort();
        }
    }
}

impl Trunks for Rack {
    fn call(&self, address: &Address, within: Option<Duration>) -> Option<Dialling> {
        let Address::Modem { name, number } = address else { return None };
        let (rack, name, number) = (self.clone(), name.clone(), number.clone());
        let place = address.to_string();
        Some(Box::pin(async move {
            rack.dial(&name, &number, within)
                .await
                .map_err(|cause| DialError::NoTrunk { place, cause })
        }))
    }
}

impl fmt::Debug for Rack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.modems().keys()).finish()
    }
}
