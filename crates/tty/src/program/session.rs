//! What is left of a session or process group, found in `/proc`. Costly where thousands run, so only
//! asked of programs that don't end in good order.

use std::collections::HashSet;
use std::fs;

use memchr::memrchr;
use rustix::process::{Pid, Signal, kill_process};

/// Kills what is left of these sessions: process groups of their own that shells made for their jobs.
pub(crate) fn kill(sessions: &[Pid]) {
    let mut killed = HashSet::new();
    // Again until nothing new turns up: a process may have been forked behind our back, under a number
    // that we had passed. What was killed forks no more, so this ends.
    while let Some(found) = members(sessions).filter(|found| !found.is_subset(&killed)) {
        for &pid in found.difference(&killed) {
            let _ = kill_process(pid, Signal::KILL);
        }
        killed.extend(found);
    }
}

/// Whether a process group has members that are not just waiting to be buried. Somebody else's burying
/// may take seconds: some first processes look only now and then, and some never.
pub(super) fn group_lives(group: Pid) -> bool {
    processes().is_none_or(|mut processes| {
        processes.any(|(_, place)| place.group == group && place.condition == Condition::Alive)
    })
}

/// All processes of these sessions; `None` without `/proc`.
fn members(sessions: &[Pid]) -> Option<HashSet<Pid>> {
    let members = processes()?.filter(|(_, place)| sessions.contains(&place.session));
    Some(members.map(|(pid, _)| pid).collect())
}

fn processes() -> Option<impl Iterator<Item = (Pid, Place)>> {
    Some(fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        Some((pid, Place::of(&stat)?))
    }))
}

/// Where a process belongs.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    condition: Condition,
    group: Pid,
    session: Pid,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Alive,
    Dead,
}

impl Place {
    /// From `/proc/…/stat`. The name in there may contain anything, also `)`.
    fn of(stat: &[u8]) -> Option<Self> {
        let after_name = memrchr(b')', stat)? + 1;
        let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
        let mut fields = rest.split_whitespace();
        let condition = match fields.next()? {
            "Z" | "X" => Condition::Dead,
            _ => Condition::Alive,
        };
        let _parent = fields.next()?;
        let group = Pid::from_raw(fields.next()?.parse().ok()?)?;
        let session = Pid::from_raw(fields.next()?.parse().ok()?)?;
        Some(Self { condition, group, session })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_placed_behind_any_name() {
        let pid = |number| Pid::from_raw(number).unwrap();
        let stat = b"4242 (\xff) S 1 2 3 (x) S 17 4240 4239 34816 4242 4194304 1 0";
        let place = Place { condition: Condition::Alive, group: pid(4240), session: pid(4239) };
        assert_eq!(Place::of(stat), Some(place));
        let dead = Place::of(b"7 (x) Z 1 7 7 0 -1").unwrap();
        assert_eq!(dead.condition, Condition::Dead);
    }

    #[test]
    fn a_kernel_thread_or_a_torn_line_is_nobodys() {
        for stat in [&b""[..], b"2 (kthreadd) S 0 0 0 0 -1", b"1 (x) S 1"] {
            assert_eq!(Place::of(stat), None);
        }
    }
}
