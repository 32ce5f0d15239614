//! Whatever goes wrong at whichever step, on real pseudo-terminals: whoever dials is told, and the next call works.
//!
//! At the other end of the cable is a script that follows what the makers' documents say, and has a fault at one step.

mod cable;
#[path = "../../../gsm/tests/gsm/tables.rs"]
#[allow(dead_code)]
mod tables;

use std::sync::Arc;
use std::time::Duration;

use carrier::{Address, Call, Received, Trunks};
use settings::Span;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use translator::{FlowConfig, GsmConfig, LockConfig, Modules};

use crate::cable::{Cable, Fault};

/// No step may take longer than this, whatever goes wrong; a machine with eight builds on two cores is slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// Cables at a time: more would make each other late.
const AT_ONCE: usize = 40;

/// A module behind a cable, and the process that calls through it.
struct Stage {
    cable: Cable,
    modules: Modules,
}

impl Stage {
    async fn new(dialect: &'static str) -> Self {
        let (cable, device) = Cable::new(dialect);
        let span = |ms| Span(Duration::from_millis(ms));
        let config = GsmConfig {
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
        };
        let modules = Modules::default();
        modules.apply(vec![config]).await;
        Self { cable, modules }
    }

    async fn dial(&self) -> Option<Call> {
        let address: Address = "gsm:north/192.0.2.1:8023".parse().unwrap();
        let dialling = self.modules.call(&address, None).unwrap();
        timeout(PATIENCE, dialling).await.expect("who dials is told").ok()
    }

    /// Calls until it works, as equipment does, and exchanges data.
    async fn works(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(mut call) = self.dial().await
                && echoes(&mut call).await
            {
                call.hang_up(Duration::from_secs(5)).await;
                return;
            }
            assert!(Instant::now() < end, "the next call doesn't work: {:#?}", self.said());
            // As equipment does that dials again.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn said(&self) -> Vec<String> {
        self.modules.conversation("north").unwrap_or_default()
    }
}

/// Whether the far end gives back all values.
async fn echoes(call: &mut Call) -> bool {
    let all: Vec<u8> = (0..=255).collect();
    let mut heard = Vec::new();
    let exchange = async {
        if call.send(&all).await.is_err() {
            return;
        }
        let mut buf = [0; 512];
        while heard.len() < all.len() {
            match call.receive(&mut buf).await {
                Ok(Received::Data(count)) => heard.extend_from_slice(&buf[..count]),
                Ok(Received::Event(_)) => {}
                Ok(Received::End) | Err(_) => return,
            }
        }
    };
    let _ = timeout(Duration::from_secs(3), exchange).await;
    heard == all
}

/// The steps from the first command to the end of a call.
async fn steps(dialect: &'static str) -> usize {
    let stage = Stage::new(dialect).await;
    stage.works().await;
    stage.works().await;
    let count = stage.cable.steps();
    stage.modules.shut_down().await;
    count / 2
}

async fn every_step_goes_wrong(dialect: &'static str) {
    let count = timeout(PATIENCE, steps(dialect)).await.expect("a call without faults works");
    assert!(count > 8, "{dialect} has {count} steps");
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tries = JoinSet::new();
    for at in 0..count + 4 {
        for fault in Fault::ALL {
            let gate = Arc::clone(&gate);
            tries.spawn(async move {
                let _turn = gate.acquire_owned().await.unwrap();
                let stage = Stage::new(dialect).await;
                stage.cable.fault(at, fault);
                if let Some(mut call) = stage.dial().await {
                    echoes(&mut call).await;
                    call.hang_up(Duration::from_secs(5)).await;
                }
                let works = timeout(PATIENCE, stage.works()).await;
                assert!(works.is_ok(), "{dialect}: {fault:?} at {at}: {:#?}", stage.said());
                assert!(stage.cable.steps() > at, "{dialect}: {fault:?} at {at} never came");
                stage.modules.shut_down().await;
            });
        }
    }
    while let Some(tried) = tries.join_next().await {
        tried.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simcom() {
    every_step_goes_wrong("simcom").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quectel() {
    every_step_goes_wrong("quectel").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wavecom() {
    every_step_goes_wrong("wavecom").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edsoft() {
    every_step_goes_wrong("edsoft").await;
}
