//! Calls on record: through restarts, crashes and full disks.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;

use rustix::process::Signal;

use crate::stage::{Equipment, PATIENCE, Stage, call, hear, logged_in};

const LINE: &str = "[[line]]\nname = \"a\"\npty = \"a\"\n";

/// An exchange with a store and an account `guest`, password `secret`.
fn house() -> String {
    "[exchange]\nstore = \"calls.db\"\nroot-programs = \"allow\"\n\
     [[exchange.listen]]\naddress = \"127.0.0.1:0\"\n\
     [exchange.limits]\nunauthenticated-per-source = 200\n\
     [[account]]\nname = \"guest\"\npassword = \"file:password\"\nprogram = [\"/bin/cat\"]\non = \"pipe\"\n"
        .to_owned()
}

/// A caller whose program gives back what he sends.
fn guest(exchange: SocketAddr) -> TcpStream {
    let mut caller = logged_in(exchange, "guest", "secret");
    caller.write_all(b"hello").unwrap();
    hear(&mut caller, "hello");
    caller
}

#[test]
fn calls_outlive_the_process_on_both_of_their_sides() {
    let mut stage = Stage::run(&format!("{}{LINE}", house()));
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "guest", "secret");
    a.echoed("hello");
    stage.ask(&["hangup", "a"]);
    a.expect("NO CARRIER");
    let mut stranger = logged_in(stage.exchange(), "guest", "wrong");
    hear(&mut stranger, "incorrect\r\nlogin: ");
    drop(stranger);
    let calls = stage.ask_until(&["calls", "--json", "--failed"], "\"cause\":\"caller-hung-up\"");
    assert!(calls.contains("\"account\":\"guest\""), "the account that was tried: {calls}");
    assert!(!calls.contains("\"login\""), "{calls}");
    assert_eq!(stage.stop().code(), Some(0));

    // Nobody runs: the store itself is read.
    let calls = stage.ask(&["calls", "--json", "--account", "guest"]);
    assert_eq!(calls.lines().count(), 2, "{calls}");
    let line = stage.ask(&["calls", "--json", "--line", "a"]);
    for part in [
        "\"place\":\"line\"",
        "\"direction\":\"out\"",
        "\"cause\":\"operator\"",
        "\"words\":\"ended by the operator\"",
        "\"started\":",
        "\"received\":",
        "\"round-trip-us\":",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let store = stage.path("calls.db");
    let csv = stage.ask(&["calls", "--csv", "--store", store.to_str().unwrap()]);
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert!(rows[0].starts_with("call,place,direction,line,party,"), "{csv}");
    assert_eq!(rows.len(), 1 + 3 + 1, "{csv}");

    // And again by the next instance.
    stage.start(&["run"]);
    let calls = stage.ask(&["calls", "--cause", "operator"]);
    assert_eq!(calls.lines().count(), 2, "{calls}");
    let none = stage.ask(&["calls", "--json", "--until", "1d"]);
    assert_eq!(none, "");
    let limited = stage.ask(&["calls", "--json", "--since", "1h", "--limit", "1"]);
    assert_eq!(limited.lines().count(), 1, "{limited}");
}

#[test]
fn every_call_that_had_begun_is_on_record_after_a_kill() {
    const CALLS: usize = 30;
    let mut stage = Stage::run(&house());
    let exchange = stage.exchange();
    let mut callers: Vec<TcpStream> = (0..CALLS).map(|_| guest(exchange)).collect();
    // One is over, others have only seen the prompt, and all the rest is busy.
    drop(callers.pop());
    stage.ask_until(&["calls", "--json"], "\"cause\":\"program-ended\"");
    let mut strangers: Vec<TcpStream> = (0..5).map(|_| call(exchange)).collect();
    strangers.iter_mut().for_each(|stranger| hear(stranger, "login: "));
    for caller in &mut callers {
        caller.write_all(&[b'x'; 4096]).unwrap();
    }
    stage.signal(Signal::KILL);
    assert_eq!(stage.ended().signal(), Some(9));
    let cut = stage.ask(&["calls", "--json", "--account", "guest"]);
    assert!(cut.contains("\"cause\":\"crash\""), "known even before the next start: {cut}");

    stage.start(&["run"]);
    let calls = stage.ask(&["calls", "--json", "--limit", "all"]);
    assert_eq!(calls.lines().count(), CALLS + 5, "{calls}");
    let count = |part| calls.lines().filter(|call| call.contains(part)).count();
    assert_eq!(count("\"cause\":\"crash\""), CALLS - 1 + 5, "{calls}");
    assert_eq!(count("\"cause\":\"program-ended\""), 1, "{calls}");
    assert_eq!(count("\"words\":\"cut off by a crash or power loss\""), CALLS - 1 + 5, "{calls}");
    let logins = count("\"account\":\"guest\"");
    assert!((1..=CALLS).contains(&logins), "{calls}");
}

#[test]
fn a_second_instance_with_the_same_store_is_refused() {
    let stage = Stage::run(&house());
    let second = stage.command(&["run", "--control", "other.sock"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("is in use by another running instance (process "), "{said}");
    // The first one goes on.
    drop(guest(stage.exchange()));
}

#[test]
fn a_full_disk_refuses_calls_and_loses_no_end() {
    let stage_text = format!("{}{LINE}", house());
    let mut stage = Stage::new(&stage_text);
    let limit = stage.start_on_a_disk_that_fills();
    let exchange = stage.exchange();
    let mut staying = guest(exchange);

    limit(Some(400_000));
    // Calls come and go until the journal is as large as it may be.
    let refused = (0..5_000).any(|_| {
        let mut caller = call(exchange);
        let mut heard = [0; 6];
        let count = caller.read(&mut heard).unwrap_or_default();
        &heard[..count] == b"BUSY\r\n"
    });
    assert!(refused, "the disk is never full");
    stage.wait_for("the store can't be written, so no calls are taken until it can");

    // The equipment hears it as a busy line, and who is there isn't disturbed.
    let mut a = Equipment::open(&stage.path("a"));
    a.command(&format!("ATDT{exchange}"), "BUSY");
    staying.write_all(b"still here").unwrap();
    hear(&mut staying, "still here");
    drop(staying);
    stage.wait_for("cause=program-ended");

    limit(None);
    stage.wait_for("the store can be written again");
    drop(guest(exchange));
    let json =
        stage.ask_until(&["calls", "--json", "--account", "guest", "--limit", "all"], "cause");
    let first = json.lines().last().unwrap();
    assert!(first.contains("\"cause\":\"program-ended\""), "{json}");
    assert!(first.contains("\"received\":28"), "what it carried while the disk was full: {first}");
}

#[test]
fn callers_turned_away_share_a_record() {
    let text = house().replace("= 200\n", "= 1\n");
    let stage = Stage::run(&text);
    let mut first = call(stage.exchange());
    hear(&mut first, "login: ");
    for _ in 0..50 {
        // Reset, or closed, whichever is seen first; the reset may come before connecting is over.
        let Ok(mut caller) = TcpStream::connect(stage.exchange()) else { continue };
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = caller.read(&mut [0]);
    }
    let calls = stage.ask_until(&["calls", "--json", "--cause", "turned-away"], "\"count\":50");
    assert_eq!(calls.lines().count(), 1, "{calls}");
    assert!(calls.contains("\"party\":\"127.0.0.1\""), "{calls}");
}

#[test]
fn a_reload_changes_how_many_records_are_kept() {
    let stage = Stage::run(&house());
    for _ in 0..5 {
        drop(guest(stage.exchange()));
    }
    let all = || stage.ask(&["calls", "--json", "--cause", "program-ended"]).lines().count();
    let until = |wanted| {
        let end = std::time::Instant::now() + PATIENCE;
        while all() != wanted {
            assert!(std::time::Instant::now() < end, "there are {}, not {wanted}", all());
        }
    };
    until(5);
    stage.write("trunkline.toml", &format!("{}[exchange.records]\nmost = 2\n", house()));
    stage.ask(&["reload"]);
    until(2);
}
