//! All real modules of a process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use at::result::Cause;
use carrier::{Address, Asking, Call, DialError, Dialling, Trunks};
use gsm::{Question, Target, Told};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::GsmConfig;
use crate::door::Bell;
use crate::limits;
use crate::shown::{Shown, Status};
use crate::task::{DIAL, Order, Task};
use crate::wake::Alarm;

/// All real modules of a process. A handle: clones are the same modules.
#[derive(Clone, Default)]
pub struct Modules {
    running: Arc<Mutex<BTreeMap<String, Running>>>,
    alarm: Arc<OnceLock<Alarm>>,
    bell: Arc<OnceLock<Bell>>,
    /// Where is kept what outlives the process.
    state: Option<PathBuf>,
}

struct Running {
    config: Arc<GsmConfig>,
    shown: Arc<Shown>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Modules {
    /// No modules yet. What must outlive the process is kept in `state`: that a card has refused its PIN.
    pub fn new(state: Option<PathBuf>) -> Self {
        Self { state, ..Self::default() }
    }

    /// Runs these modules and no others from now on. Modules that stay as they are keep their calls; others
    /// hang up and begin anew. Must be called inside the runtime that is to carry them.
    pub async fn apply(&self, configs: Vec<GsmConfig>) {
        let before = std::mem::take(&mut *self.running());
        let (kept, ended): (BTreeMap<_, _>, BTreeMap<_, _>) =
            before.into_iter().partition(|(name, running)| {
                configs.iter().any(|config| config.name == *name && *config == *running.config)
            });
        *self.running() = kept;
        // A new module may want an old one's port.
        end(ended).await;
        for config in configs {
            let mut running = self.running();
            if !running.contains_key(&config.name) {
                running.insert(config.name.clone(), self.start(config));
            }
        }
    }

    /// Has lines woken by `alarm`. Said once, before the first module runs.
    pub fn wake_by(&self, alarm: Alarm) {
        let _ = self.alarm.set(alarm);
    }

    /// Has lines rung by `bell` for those who call a module. Said once, before the first module runs.
    pub fn ring_by(&self, bell: Bell) {
        let _ = self.bell.set(bell);
    }

    /// How all modules stand, by name.
    pub fn status(&self) -> Vec<Status> {
        let device = |running: &Running| running.config.device.display().to_string();
        let running = self.running();
        running.iter().map(|(name, one)| one.shown.status(name, &device(one))).collect()
    }

    /// What was said lately between here and a module. None when there is no such module.
    pub fn conversation(&self, module: &str) -> Option<Vec<String>> {
        let running = self.running();
        let said = &running.get(module)?.shown.now().said;
        Some(said.iter().cloned().collect())
    }

    /// Ends the call of a module. False when there is no such module.
    pub fn hang_up(&self, module: &str) -> bool {
        // A module with a full box has been asked that before.
        self.running().get(module).map(|one| one.orders.try_send(Order::HangUp)).is_some()
    }

    /// Hangs up, ends the sessions, and leaves all ports.
    pub async fn shut_down(&self) {
        let modules = std::mem::take(&mut *self.running());
        end(modules).await;
    }

    async fn dial(
        &self,
        name: &str,
        target: Target,
        within: Option<Duration>,
    ) -> Result<Call, Cause> {
        let orders = self.running().get(name).map(|one| one.orders.clone());
        let orders = orders.ok_or(Cause::NoSuchCarrier)?;
        let (reply, outcome) = oneshot::channel();
        if orders.try_send(Order::Dial { target, reply }).is_err() {
            return Err(Cause::LineInUse);
        }
        match timeout(within.unwrap_or(DIAL), outcome).await {
            Ok(outcome) => outcome.unwrap_or(Err(Cause::ModemFailed)),
            Err(_) => Err(Cause::TimedOut),
        }
    }

    fn start(&self, config: GsmConfig) -> Running {
        let (orders, inbox) = mpsc::channel(limits::ORDERS);
        let (config, shown) = (Arc::new(config), Arc::<Shown>::default());
        let task = Task {
            config: Arc::clone(&config),
            shown: Arc::clone(&shown),
            orders: inbox,
            alarm: Arc::clone(&self.alarm),
            bell: Arc::clone(&self.bell),
            state: self.state.clone(),
        };
        let task = tokio::spawn(task.run());
        Running { config, shown, orders, task }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends modules; all of them at the same time.
async fn end(modules: BTreeMap<String, Running>) {
    let mut tasks = Vec::new();
    for Running { orders, task, .. } in modules.into_values() {
        // The task ends when nobody can order anything any more.
        drop(orders);
        tasks.push(task);
    }
    for mut task in tasks {
        if timeout(limits::STOPPING * 2, &mut task).await.is_err() {
            task.abort();
        }
    }
}

impl Trunks for Modules {
    fn call(&self, address: &Address, within: Option<Duration>) -> Option<Dialling> {
        let Address::Gsm { name, host, port } = address else { return None };
        let (modules, name) = (self.clone(), name.clone());
        let target = Target { host: host.to_string(), port: *port };
        let place = address.to_string();
        Some(Box::pin(async move {
            modules
                .dial(&name, target, within)
                .await
                .map_err(|cause| DialError::NoTrunk { place, cause })
        }))
    }

    fn ask(&self, module: &str, question: Question) -> Option<Asking> {
        let orders = self.running().get(module).map(|one| one.orders.clone())?;
        let (reply, told) = oneshot::channel();
        // A module with a full box has no time for questions.
        let _ = orders.try_send(Order::Ask { question, reply });
        Some(Box::pin(async move { told.await.unwrap_or(Told::Nothing) }))
    }
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.running().keys()).finish()
    }
}
