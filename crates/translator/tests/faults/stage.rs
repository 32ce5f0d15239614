//! The process that calls through the module, and the equipment's habits.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use carrier::{Address, Call, Received, Trunks};
use settings::Span;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use translator::{FlowConfig, GsmConfig, LockConfig, Modules};

use crate::plan::{Fault, Plan};

/// No step may take longer than this, whatever goes wrong; a machine with eight builds on two cores is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Cables at a time: more would make each other late.
const AT_ONCE: usize = 100;

/// A module behind a cable, and the process that calls through it.
pub(crate) struct Stage {
    pub(crate) plan: Plan,
    modules: Modules,
    address: Address,
}

/// A module whose every wait is short.
pub(crate) fn hasty(device: PathBuf, dialect: &str) -> GsmConfig {
    let span = |ms| Span(Duration::from_millis(ms));
    GsmConfig {
        apn: "internet".to_owned(),
        // One that has lost its memory can't be known by it.
        dialect: translator::gsm::Dialect::named(dialect),
        flow: FlowConfig::None,
        lock: LockConfig::Kernel,
        guard: span(60),
        boot: span(100),
        answer_within: span(1500),
        session_within: span(1500),
        open_within: span(1500),
        register_within: span(1500),
        ..GsmConfig::new("north", device)
    }
}

/// What is said in a call.
pub(crate) trait Talk: Sync {
    /// Whether everything was said and heard.
    fn with(&self, call: &mut Call) -> impl Future<Output = bool> + Send;
}

impl Stage {
    /// Calls go to `to`.
    pub(crate) async fn new(plan: Plan, config: GsmConfig, to: &str) -> Self {
        let modules = Modules::default();
        modules.apply(vec![config]).await;
        let address = format!("gsm:north/{to}").parse().unwrap();
        Self { plan, modules, address }
    }

    pub(crate) async fn dial(&self) -> Option<Call> {
        let dialling = self.modules.call(&self.address, None).unwrap();
        timeout(PATIENCE, dialling).await.expect("who dials is told").ok()
    }

    /// Calls, talks if that can be, and hangs up; whether all went well.
    pub(crate) async fn calls(&self, talk: &impl Talk) -> bool {
        let Some(mut call) = self.dial().await else { return false };
        let went_well = talk.with(&mut call).await;
        call.hang_up(Duration::from_secs(5)).await;
        went_well
    }

    /// Calls until it works, as equipment does.
    pub(crate) async fn works(&self, talk: &impl Talk) {
        let end = Instant::now() + PATIENCE;
        while !self.calls(talk).await {
            assert!(Instant::now() < end, "the next call doesn't work: {:#?}", self.said());
            // As equipment does that dials again.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn end(&self) {
        self.modules.shut_down().await;
    }

    /// What was said lately, for whoever looks for the reason of a failure.
    pub(crate) fn said(&self) -> Vec<String> {
        self.modules.conversation("north").unwrap_or_default()
    }
}

/// Sends all of `up` while it hears, until `down` has come or nothing more does; what it heard.
pub(crate) async fn exchange(call: &mut Call, up: &[u8], down: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    let exchange = async {
        if call.send(up).await.is_err() {
            return;
        }
        let mut buf = [0; 512];
        while heard.len() < down.len() {
            match call.receive(&mut buf).await {
                Ok(Received::Data(count)) => heard.extend_from_slice(&buf[..count]),
                Ok(Received::Event(_)) => {}
                Ok(Received::End) | Err(_) => return,
            }
        }
    };
    let _ = timeout(Duration::from_secs(3), exchange).await;
    heard
}

/// Has each of `faults` come at each of so many steps, many at a time.
pub(crate) async fn every_step_goes_wrong<F: Future<Output = ()> + Send + 'static>(
    steps: usize,
    faults: &[Fault],
    one: impl Fn(usize, Fault) -> F,
) {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tries = JoinSet::new();
    for at in 0..steps {
        for fault in faults {
            let (gate, one) = (Arc::clone(&gate), one(at, *fault));
            tries.spawn(async move {
                let _turn = gate.acquire_owned().await.unwrap();
                one.await;
            });
        }
    }
    let all = tries.len();
    let mut failed = 0;
    while let Some(tried) = tries.join_next().await {
        failed += usize::from(tried.is_err());
    }
    assert_eq!(failed, 0, "of {all} tries; what went wrong stands above");
}
