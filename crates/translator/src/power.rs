//! The program that switches a module's power.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::config::Power;
use crate::limits;

impl Power {
    /// Runs the program, if there is one, and waits for it. What goes wrong is logged.
    ///
    /// One for which nobody waits any more goes on: a module whose power is off must not stay so. For the same reason
    /// it isn't in the group to which a terminal's Ctrl-C goes.
    pub async fn cycle(&self, module: &str) {
        let Some((file, arguments)) = self.0.split_first() else { return };
        info!(module, program = file, "switches the power off and on");
        let mut command = Command::new(file);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.process_group(0);
        let failed = |error| warn!(module, program = file, "can't switch the power: {error}");
        let mut running = match command.spawn() {
            Ok(running) => running,
            Err(error) => return failed(error),
        };
        match timeout(limits::POWER, running.wait()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => warn!(module, program = file, "can't switch the power: {status}"),
            Ok(Err(error)) => failed(error),
            Err(_) => {
                warn!(module, program = file, "did not switch the power in time");
                let _ = running.kill().await;
            }
        }
    }
}
