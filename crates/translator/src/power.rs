//! The program that switches a module's power.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::config::Power;
use crate::limits;

impl Power {
    /// Runs the program, if there is one, and waits for it. What goes wrong is logged.
    pub async fn cycle(&self, module: &str) {
        let Some((file, arguments)) = self.0.split_first() else { return };
        info!(module, program = file, "switches the power off and on");
        let mut command = Command::new(file);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true);
        match timeout(limits::POWER, command.status()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => warn!(module, program = file, "can't switch the power: {status}"),
            Ok(Err(error)) => warn!(module, program = file, "can't switch the power: {error}"),
            Err(_) => warn!(module, program = file, "did not switch the power in time"),
        }
    }
}
