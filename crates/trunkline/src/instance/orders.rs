//! Orders to a running instance: from its control socket, and by SIGHUP.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Instance;
use crate::config;
use crate::control::{Control, Outcome, Socket};
use crate::style::Style;
use crate::systemd;

/// Where an instance takes its orders from.
#[derive(Default)]
pub(crate) struct Orders {
    file: Option<PathBuf>,
    socket: Option<Socket>,
    control: Option<Control>,
}

/// What SIGHUP means.
pub(super) enum HungUp {
    /// The end: the terminal has gone, and there is nothing to reload.
    End,
    /// That the configuration was read again.
    Reloaded,
}

impl Orders {
    /// A reload reads `file`; without one there is nothing to reload. `socket` takes orders.
    pub(crate) fn new(file: Option<PathBuf>, socket: Option<Socket>) -> Self {
        Self { file, socket, control: None }
    }

    /// Serves those who knock at the socket, for `instance`.
    pub(super) fn serve(&mut self, instance: &Arc<Instance>) {
        if let Some(socket) = self.socket.take() {
            tracing::info!("taking orders at {}", socket.path().display());
            self.control = Some(socket.serve(instance));
        }
    }

    /// The next order. May be dropped and called again.
    pub(super) async fn next(&mut self) -> oneshot::Sender<Outcome> {
        if let Some(control) = &mut self.control
            && let Some(order) = control.order().await
        {
            return order.done;
        }
        std::future::pending().await
    }

    /// Does what was ordered, and tells how it went.
    pub(super) async fn obey(&self, done: oneshot::Sender<Outcome>, instance: &Arc<Instance>) {
        let outcome = match &self.file {
            Some(file) => reload(instance, file).await,
            None => Err(
                "this instance was started without a configuration, so there is nothing to reload"
                    .into(),
            ),
        };
        // The asker may have gone meanwhile; what he asked for is done.
        let _ = done.send(outcome);
    }

    pub(super) async fn hang_up(&self, instance: &Arc<Instance>) -> HungUp {
        let Some(file) = &self.file else { return HungUp::End };
        // Everybody who can be told has been, in the log.
        let _ = reload(instance, file).await;
        HungUp::Reloaded
    }
}

/// Reads the configuration again. A wrong one is refused whole, and what runs goes on as it is.
async fn reload(instance: &Arc<Instance>, file: &std::path::Path) -> Outcome {
    systemd::reloading();
    let outcome = match config::load(file) {
        Ok(config) => {
            let applied = instance.apply(config.plan).await.map(|changes| changes.to_string());
            if let (Ok(_), Some(filter)) = (&applied, config.log) {
                crate::log::change(filter);
            }
            applied
        }
        Err(mistakes) => Err(config::show_all(&mistakes, Style::Plain)),
    };
    match &outcome {
        Ok(changes) => {
            tracing::info!("reloaded {}: {}", file.display(), changes.replace('\n', "; "));
        }
        Err(error) => {
            tracing::error!("{} is refused, and nothing has changed", file.display());
            error.lines().for_each(|line| tracing::error!("{line}"));
        }
    }
    systemd::notify(&format!("READY=1\nSTATUS={}", instance.summary()));
    outcome
}
