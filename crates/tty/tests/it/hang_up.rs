use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use tty::{Grace, On, Program, Running};

use crate::client::{FAILURE_BOUND, soon};
use crate::program::{pty, read_until, shell};

/// Never reached where the program does as it is told.
const PATIENT: Grace = Grace { hup: FAILURE_BOUND, term: FAILURE_BOUND };
const IMPATIENT: Grace = Grace { hup: Duration::from_millis(20), term: Duration::from_millis(20) };

/// The processes of a session; of the dead only the leader, whom nobody but us can bury.
fn session(leader: u32) -> Vec<String> {
    let stats = fs::read_dir("/proc").unwrap().flatten();
    let stats = stats.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let (pid, after_name) =
                (stat.split_once(' ').unwrap().0, stat.rsplit_once(')').unwrap().1);
            let fields: Vec<&str> = after_name.split_whitespace().collect();
            let leader = leader.to_string();
            fields[3] == leader && (fields[0] != "Z" || pid == leader)
        })
        .collect()
}

async fn nothing_is_left_of(leader: u32) {
    soon(async {
        while !session(leader).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn start(program: &Program) -> (Running, u32) {
    let mut running = program.spawn().unwrap();
    read_until(&mut running.io, "ready").await;
    let pid = running.child.pid();
    (running, pid)
}

/// Ready when it has its own signal handlers: between fork and exec a shell's child has the shell's.
const SLEEPER: &str = "sh -c 'echo ready; exec sleep 1000'";
const DEAF: &str = "trap '' HUP TERM; echo ready; while :; do sleep 1000; done";

#[tokio::test]
async fn a_program_that_hears_sighup_says_how_it_ended() {
    for on in [pty(), On::Pipes] {
        let script = format!("trap 'exit 7' HUP; {SLEEPER} & wait");
        let (running, pid) = start(&shell(&script, on)).await;
        assert_eq!(soon(running.hang_up(PATIENT)).await.unwrap().code(), Some(7));
        assert!(session(pid).is_empty());
    }
}

#[tokio::test]
async fn a_program_deaf_to_sighup_hears_sigterm() {
    for on in [pty(), On::Pipes] {
        let script = format!("trap '' HUP; trap 'exit 9' TERM; {SLEEPER} & wait");
        let (running, pid) = start(&shell(&script, on)).await;
        let grace = Grace { hup: Duration::from_millis(20), term: FAILURE_BOUND };
        assert_eq!(soon(running.hang_up(grace)).await.unwrap().code(), Some(9));
        assert!(session(pid).is_empty());
    }
}

#[tokio::test]
async fn a_program_deaf_to_both_is_killed() {
    for on in [pty(), On::Pipes] {
        let (running, pid) = start(&shell(DEAF, on)).await;
        assert_eq!(soon(running.hang_up(IMPATIENT)).await.unwrap().signal(), Some(9));
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_stopped_program_is_ended_too() {
    for on in [pty(), On::Pipes] {
        let (running, pid) =
            start(&shell("trap 'exit 3' HUP; echo ready; kill -STOP $$", on)).await;
        soon(async {
            while !session(pid).iter().any(|stat| stat.contains(") T ")) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(soon(running.hang_up(PATIENT)).await.unwrap().code(), Some(3));
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_program_that_only_reads_finds_its_input_at_an_end() {
    for on in [pty(), On::Pipes] {
        let script = "trap '' HUP TERM; echo ready; cat >/dev/null; exit 4";
        let (running, pid) = start(&shell(script, on)).await;
        assert_eq!(soon(running.hang_up(PATIENT)).await.unwrap().code(), Some(4));
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_program_in_the_middle_of_a_long_word_is_not_killed_by_our_deafness() {
    let script = "trap '' HUP; echo ready; seq 1 200000; exit 6";
    let (running, pid) = start(&shell(script, On::Pipes)).await;
    assert_eq!(soon(running.hang_up(PATIENT)).await.unwrap().code(), Some(6));
    nothing_is_left_of(pid).await;
}

#[tokio::test]
async fn what_a_program_leaves_in_its_group_ends_with_it() {
    for on in [pty(), On::Pipes] {
        let script = "(trap '' HUP TERM; sleep 1000) & echo ready; exit 0";
        let (mut running, pid) = start(&shell(script, on)).await;
        assert!(soon(running.child.wait()).await.unwrap().success());
        assert!(!session(pid).is_empty());
        assert!(soon(running.hang_up(IMPATIENT)).await.unwrap().success());
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_foreground_job_of_a_shell_ends_with_the_shell() {
    let script = "set -m; sh -c \"trap '' HUP TERM; echo ready; sleep 1000\"; exit 0";
    for grace in [IMPATIENT, Grace { hup: Duration::ZERO, term: Duration::ZERO }] {
        let (running, pid) = start(&shell(&format!("trap '' HUP TERM; {script}"), pty())).await;
        soon(running.hang_up(grace)).await.unwrap();
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_foreground_job_hears_sigterm_too() {
    let job = "trap '' HUP; trap 'exit 5' TERM; sh -c 'echo ready; exec sleep 1000' & wait";
    let script = format!("trap : HUP TERM; set -m; sh -c \"{job}\"; exit 0");
    let (running, pid) = start(&shell(&script, pty())).await;
    let grace = Grace { hup: Duration::from_millis(20), term: FAILURE_BOUND };
    // Not killed: the shell went on when its job had ended.
    assert_eq!(soon(running.hang_up(grace)).await.unwrap().signal(), None);
    nothing_is_left_of(pid).await;
}

#[tokio::test]
async fn an_exit_that_was_before_the_hang_up_comes_at_once() {
    let (mut running, pid) = start(&shell("echo ready; exit 11", pty())).await;
    soon(running.child.wait()).await.unwrap();
    assert_eq!(soon(running.hang_up(PATIENT)).await.unwrap().code(), Some(11));
    assert!(session(pid).is_empty());
}

#[tokio::test]
async fn a_dropped_program_is_gone_with_all_its_jobs_and_no_zombie_stays() {
    for on in [pty(), On::Pipes] {
        let script = format!("set -m; sh -c \"{DEAF}\" & {DEAF}");
        let (running, pid) = start(&shell(&script, on)).await;
        drop(running);
        nothing_is_left_of(pid).await;
    }
}

#[tokio::test]
async fn a_hang_up_that_is_given_up_kills() {
    let (running, pid) = start(&shell(DEAF, pty())).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(1), running.hang_up(PATIENT)).await.is_err()
    );
    nothing_is_left_of(pid).await;
}

#[tokio::test]
async fn a_program_dropped_after_its_end_leaves_no_zombie() {
    let (mut running, pid) = start(&shell("echo ready", On::Pipes)).await;
    soon(running.child.wait()).await.unwrap();
    drop(running);
    assert!(session(pid).is_empty());
}

#[test]
fn a_runtime_that_ends_takes_its_programs_along() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (running, pid) = runtime.block_on(start(&shell(DEAF, pty())));
    runtime.spawn(running.hang_up(PATIENT));
    drop(runtime);
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    waiting.block_on(nothing_is_left_of(pid));
}
