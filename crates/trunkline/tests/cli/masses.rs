//! Very many callers: those who say nothing, and those who are all cut off at once.

use std::collections::HashSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use rustix::process::Signal;

use crate::crowd::{call_from, echoed, log_in, make_room, test_number};
use crate::stage::{PATIENCE, Stage, call, hear};

/// How many say nothing.
const SILENT: usize = 10_000;

/// The value of a member of a line of JSON, up to the comma or brace behind it.
fn member<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next()
}

/// Waits until there is what is asked for.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "no {what} in sight");
        thread::yield_now();
    }
}

/// Goes round all of the callers with data, until one of them is cut off.
fn keep_talking(mut callers: Vec<TcpStream>, rounds: &AtomicUsize) {
    let piece = [0x5A; 1024];
    let mut heard = [0; 1024];
    loop {
        for caller in &mut callers {
            if caller.write_all(&piece).is_err() || caller.read_exact(&mut heard).is_err() {
                return;
            }
            assert_eq!(heard, piece);
        }
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls again and again, until nobody answers; those who saw the prompt are kept, and all are counted.
fn keep_calling(exchange: SocketAddr, greeted: &AtomicUsize) -> (Vec<TcpStream>, usize) {
    let mut callers = Vec::new();
    let mut tried = 0;
    while tried < 500 {
        // Who is cut off while connecting may have been taken already.
        tried += 1;
        let Ok(mut caller) = TcpStream::connect(exchange) else { break };
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut prompt = [0; 7];
        if caller.read_exact(&mut prompt).is_err() {
            break;
        }
        assert_eq!(&prompt, b"login: ");
        greeted.fetch_add(1, Ordering::Relaxed);
        callers.push(caller);
    }
    (callers, tried)
}

#[test]
fn a_thousand_calls_that_are_cut_off_by_a_kill_in_full_traffic_are_all_on_record() {
    const CALLS: usize = 1000;
    const OVER: usize = 50;
    let _alone = make_room(2 * CALLS);
    let limits = "[exchange.limits]\nunauthenticated = 4000\nunauthenticated-per-source = 4000\n\
                  calls-per-source = 4000\n";
    let (mut stage, secret) = test_number(limits);
    let exchange = stage.exchange();
    let mut callers: Vec<TcpStream> = (0..CALLS).map(|_| call(exchange)).collect();
    log_in(&mut callers, &secret);
    // Some are over in time.
    drop(callers.split_off(CALLS - OVER));
    let over = ["calls", "--json", "--limit", "all", "--cause", "caller-hung-up"];
    until("end", || stage.ask(&over).lines().count() == OVER);

    // Then all others talk, and new ones come, at the moment of the end.
    let rest = callers.split_off(callers.len() / 2);
    let (rounds, greeted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tried = thread::scope(|scope| {
        let talking = [callers, rest].map(|half| scope.spawn(|| keep_talking(half, &rounds)));
        let calling = scope.spawn(|| keep_calling(exchange, &greeted));
        until("traffic", || {
            rounds.load(Ordering::Relaxed) >= 4 && greeted.load(Ordering::Relaxed) >= 3
        });
        stage.signal(Signal::KILL);
        assert_eq!(stage.ended().signal(), Some(9));
        talking.into_iter().for_each(|talking| talking.join().unwrap());
        calling.join().unwrap().1
    });
    let greeted = greeted.into_inner();

    let check = |stage: &Stage| {
        let calls = stage.ask(&["calls", "--json", "--limit", "all"]);
        let numbers: HashSet<_> = calls.lines().filter_map(|call| member(call, "call")).collect();
        assert_eq!(numbers.len(), calls.lines().count(), "each call once");
        // Whoever saw a prompt was on record before; who was cut off before it may be, or not.
        let known = CALLS + greeted..=CALLS + tried;
        assert!(known.contains(&numbers.len()), "{} of {known:?}", numbers.len());
        let with = |cause: &str| {
            let cause = format!("\"cause\":\"{cause}\"");
            calls.lines().filter(|call| call.contains(&cause)).count()
        };
        assert_eq!(with("caller-hung-up"), OVER);
        assert_eq!(with("crash"), numbers.len() - OVER, "every call has its cause");
        let logged_in = calls.lines().filter(|call| call.contains("\"account\":\"guest\"")).count();
        assert_eq!(logged_in, CALLS, "who they were is on record too");
        numbers.len()
    };
    // Known even before the next start, and the same after it.
    let before = check(&stage);
    stage.start(&["run"]);
    assert_eq!(check(&stage), before);
    let mut again = [call(stage.exchange())];
    log_in(&mut again, &secret);
    echoed(&mut again[0], "and on it goes");
}

/// Memory of the instance that belongs to nobody else, in KiB.
fn private_kib(stage: &mut Stage) -> usize {
    let path = format!("/proc/{}/smaps_rollup", stage.child().id());
    let text = std::fs::read_to_string(path).unwrap();
    let kib = |name: &str| -> usize {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    kib("Private_Dirty:") + kib("Private_Clean:")
}

/// The callers of all sources that the house knows, by the cause of their end.
fn counted(stage: &Stage, cause: &str) -> usize {
    let calls = stage.ask(&["calls", "--json", "--limit", "all", "--cause", cause]);
    let count = |call| member(call, "count").map_or(1, |count| count.parse().unwrap());
    calls.lines().map(count).sum()
}

#[test]
fn ten_thousand_connects_without_a_byte_keep_nobody_else_out() {
    let _alone = make_room(SILENT);
    let (mut stage, secret) = test_number("");
    let exchange = stage.exchange();
    let mut staying = [call(exchange)];
    log_in(&mut staying, &secret);
    let before = private_kib(&mut stage);

    // Forty places with 250 each, all at their limit at once.
    let mut silent = Vec::with_capacity(SILENT);
    for round in 0..SILENT / 40 {
        for source in 0..40 {
            let source = Ipv4Addr::new(127, 1, 0, source);
            match call_from(source, exchange) {
                Ok(caller) => silent.push(caller),
                // Turned away before connecting was over; he is on record as all are.
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
        echoed(&mut staying[0], &format!("still there in round {round}"));
    }
    let mut newcomer = [call_from(Ipv4Addr::new(127, 2, 0, 1), exchange).unwrap()];
    log_in(&mut newcomer, &secret);
    echoed(&mut newcomer[0], "good evening");
    let grown = private_kib(&mut stage).saturating_sub(before);
    assert!(grown < 24 * 1024, "{grown} KiB for those who were let in");

    // Everybody is on record, in one way or another.
    drop(silent);
    // Who leaves the prompt unread breaks the connection off.
    let causes = ["turned-away", "made-room", "caller-hung-up", "line-lost"];
    until("end of all", || {
        causes.map(|cause| counted(&stage, cause)).into_iter().sum::<usize>() == SILENT
    });
    echoed(&mut staying[0], "and still there");
}

#[test]
fn ten_thousand_silent_calls_at_once_cost_little_and_end_at_their_deadline() {
    let _alone = make_room(SILENT);
    let limits = "[exchange.login]\ndeadline = \"20s\"\n[exchange.limits]\ncalls = 20000\n\
                  calls-per-source = 20000\nunauthenticated = 20000\nunauthenticated-per-source = 20000\n";
    let (mut stage, secret) = test_number(limits);
    let exchange = stage.exchange();
    let mut staying = [call(exchange)];
    log_in(&mut staying, &secret);
    let before = private_kib(&mut stage);
    let mut silent = Vec::with_capacity(SILENT);
    for _ in 0..SILENT / 500 {
        silent.extend((0..500).map(|_| call(exchange)));
        echoed(&mut staying[0], "still there");
    }
    silent.iter_mut().for_each(|silent| hear(silent, "login: "));
    let each = (private_kib(&mut stage).saturating_sub(before) * 1024) / SILENT;
    assert!(each < 10 * 1024, "{each} bytes for each of them");
    echoed(&mut staying[0], "still there");
    silent.iter_mut().for_each(|silent| hear(silent, "Login timed out\r\n"));
    until("record of all", || counted(&stage, "login-deadline") == SILENT);
    echoed(&mut staying[0], "and still there");
}
