//! The loop of a running instance: signals, orders, and lines to be tried again.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::Instance;
use crate::cli::Exit;
use crate::config;
use crate::control::{Control, Outcome};
use crate::style::Style;
use crate::systemd;

/// How long an instance runs, and where it takes its orders from.
#[derive(Default)]
pub(crate) struct Keep {
    /// The configuration that a reload reads; without one there is nothing to reload.
    pub(crate) file: Option<PathBuf>,
    /// The control socket.
    pub(crate) control: Option<Control>,
    /// A line with whose end everything ends.
    pub(crate) until: Option<String>,
}

/// Runs until it is told to end.
pub(crate) async fn serve(instance: Arc<Instance>, mut keep: Keep) -> Exit {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = signals else {
        crate::failure::complain("can't wait for signals");
        return Exit::Failed;
    };
    let summary = instance.summary();
    tracing::info!("ready: {summary}");
    systemd::notify(&format!("READY=1\nSTATUS={summary}"));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => drop(reload(&instance, &keep).await),
            order = next_order(&mut keep.control) => {
                let outcome = reload(&instance, &keep).await;
                // The asker may have gone meanwhile; what he asked for is done.
                let _ = order.send(outcome);
            }
            () = ended(&instance, keep.until.as_deref()) => break,
            () = tokio::time::sleep(crate::limits::RETRY), if !instance.waiting().is_empty() => instance.retry(),
        }
    }
    systemd::notify("STOPPING=1");
    tracing::info!("ending; calls are hung up");
    tokio::select! {
        () = instance.stop() => tracing::info!("ended"),
        () = second(&mut terminate, &mut interrupt) => tracing::warn!("ended at once; calls are cut"),
    }
    Exit::Done
}

async fn next_order(control: &mut Option<Control>) -> oneshot::Sender<Outcome> {
    if let Some(control) = control
        && let Some(order) = control.order().await
    {
        return order.done;
    }
    std::future::pending().await
}

async fn ended(instance: &Instance, line: Option<&str>) {
    match line {
        Some(line) => instance.board.ended(line).await,
        None => std::future::pending().await,
    }
}

async fn second(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Reads the configuration again. A wrong one is refused whole, and what runs goes on as it is.
async fn reload(instance: &Instance, keep: &Keep) -> Outcome {
    let Some(file) = &keep.file else {
        return Err(
            "this instance was started without a configuration, so there is nothing to reload"
                .to_owned(),
        );
    };
    systemd::reloading();
    let outcome = match config::load(file) {
        Ok(config) => instance.apply(config).await.map(|changes| changes.to_string()),
        Err(mistakes) => Err(config::show_all(&mistakes, Style::Plain)),
    };
    match &outcome {
        Ok(changes) => {
            tracing::info!("reloaded {}: {}", file.display(), changes.replace('\n', "; "))
        }
        Err(error) => {
            tracing::error!("{} is refused, and nothing has changed", file.display());
            error.lines().for_each(|line| tracing::error!("{line}"));
        }
    }
    systemd::notify(&format!("READY=1\nSTATUS={}", instance.summary()));
    outcome
}
