//! The loop of a running instance: signals, orders, and lines to be tried again.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::orders::HungUp;
use super::{Instance, Orders};
use crate::cli::Exit;
use crate::systemd;

/// Runs until it is told to end, or until the line `until` has ended.
pub(crate) async fn serve(
    instance: Arc<Instance>,
    mut orders: Orders,
    until: Option<String>,
) -> Exit {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = signals else {
        crate::failure::complain("can't wait for signals");
        return Exit::Failed;
    };
    orders.serve(&instance);
    let mut watch: super::watch::Watch = Default::default();
    let summary = instance.summary();
    tracing::info!("ready: {summary}");
    systemd::notify(&format!("READY=1\nSTATUS={summary}"));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {
                if matches!(orders.hang_up(&instance).await, HungUp::End) {
                    break;
                }
            }
            look = watch.changed(&instance) => instance.take_accounts(look).await,
            order = orders.next() => orders.obey(order, &instance).await,
            () = ended(&instance, until.as_deref()) => break,
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
