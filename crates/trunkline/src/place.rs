//! The folders that belong to this program on this system.

use std::env;
use std::path::{Path, PathBuf};

/// The path as seen from the root, so that it holds wherever it is used.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Where lines keep their stored profiles if the configuration doesn't say: the folder that systemd made, the
/// system's for root, the user's own otherwise.
pub(crate) fn state() -> Option<PathBuf> {
    if let Some(folder) = folder("STATE_DIRECTORY") {
        return Some(folder);
    }
    if rustix::process::geteuid().is_root() {
        return Some("/var/lib/trunkline".into());
    }
    let own = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(own.join("trunkline"))
}

/// Where things go that are gone after a restart of the machine: the folder that systemd made, the user's own, or
/// the one we are in.
pub(crate) fn runtime() -> PathBuf {
    folder("RUNTIME_DIRECTORY")
        .or_else(|| folder("XDG_RUNTIME_DIR"))
        .unwrap_or_else(|| absolute(".".as_ref()))
}

/// A folder from the environment. systemd may name several; the first is ours.
fn folder(variable: &str) -> Option<PathBuf> {
    let value = env::var_os(variable)?;
    let first = value
        .to_str()
        .map_or(value.as_os_str(), |text| text.split(':').next().unwrap_or_default().as_ref());
    (!first.is_empty()).then(|| first.into())
}
