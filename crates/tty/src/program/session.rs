//! All processes of a session, found in `/proc`. Costly where thousands run, so only for the last word.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Kills what is left of these sessions: process groups of their own that shells made for their jobs.
pub(super) fn kill(sessions: &[Pid]) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for entry in processes.flatten() {
        let pid =
            entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(pid) = pid else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if session_of(&stat).is_some_and(|session| sessions.contains(&session)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The session in a line of `/proc/…/stat`. The name before it may contain anything, also `)`.
fn session_of(stat: &str) -> Option<Pid> {
    let (_name, rest) = stat.rsplit_once(')')?;
    // State, parent and process group come first.
    Pid::from_raw(rest.split_whitespace().nth(3)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_behind_any_name() {
        let stat = "4242 (a) S 1 2 3 (x) S 17 4240 4239 34816 4242 4194304 1 0";
        assert_eq!(session_of(stat), Pid::from_raw(4239));
        assert_eq!(session_of(""), None);
        assert_eq!(session_of("1 (x) S 1"), None);
    }
}
