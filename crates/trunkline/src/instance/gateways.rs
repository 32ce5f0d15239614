//! The gateways of an instance.

use std::sync::{Arc, Mutex};

use gateway::{Gateway, GatewayConfig};
use tokio::sync::Notify;

use super::{Instance, lock};

/// What is to run, and what does.
#[derive(Default)]
pub(super) struct Gateways {
    wanted: Mutex<Vec<GatewayConfig>>,
    running: tokio::sync::Mutex<Vec<Gateway>>,
    /// What stands in the way of some, as it was said last.
    troubles: Mutex<Vec<String>>,
    /// There is something to try again.
    troubled: Notify,
}

impl Gateways {
    /// Runs these, and tries again those that could not listen.
    pub(super) async fn keep(&self, wanted: Vec<GatewayConfig>) {
        self.set(wanted).await;
        loop {
            // An instance that has nothing to try again is not to wake for it.
            self.troubled.notified().await;
            tokio::time::sleep(crate::limits::RETRY).await;
            self.settle().await;
        }
    }

    /// Runs these from now on. Those that are the same aren't touched.
    pub(super) async fn set(&self, wanted: Vec<GatewayConfig>) {
        *lock(&self.wanted) = wanted;
        self.settle().await;
    }

    /// Ends all of them.
    pub(super) async fn stop(&self) {
        self.set(Vec::new()).await;
    }

    async fn settle(&self) {
        let mut running = self.running.lock().await;
        let wanted = lock(&self.wanted).clone();
        let (kept, ended): (Vec<_>, Vec<_>) =
            running.drain(..).partition(|gateway| wanted.contains(gateway.config()));
        for gateway in ended {
            gateway.shut_down().await;
        }
        *running = kept;
        let mut troubles = Vec::new();
        for config in wanted {
            if running.iter().any(|gateway| *gateway.config() == config) {
                continue;
            }
            let name = config.name.clone();
            match Gateway::start(config).await {
                Ok(gateway) => {
                    tracing::info!(gateway = %name, "listens at {:?}", gateway.addresses());
                    running.push(gateway);
                }
                Err(error) => troubles.push(crate::failure::chain(&error)),
            }
        }
        let mut known = lock(&self.troubles);
        // The same complaint every few seconds is no news.
        for trouble in troubles.iter().filter(|trouble| !known.contains(trouble)) {
            tracing::error!(
                "{trouble}; trying again every {}",
                crate::time::span(crate::limits::RETRY)
            );
        }
        if !troubles.is_empty() {
            self.troubled.notify_one();
        }
        *known = troubles;
    }
}

impl Instance {
    /// Has the gateways run.
    pub(super) fn begin_gateways(&self, wanted: Vec<GatewayConfig>) {
        let gateways = Arc::clone(&self.gateways);
        tokio::spawn(async move { gateways.keep(wanted).await });
    }
}
