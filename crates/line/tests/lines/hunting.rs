//! Hunt groups: one number, several lines.

use std::sync::atomic::{AtomicUsize, Ordering};

use line::{HuntConfig, Line, Service, Switchboard};
use tokio::io::AsyncReadExt as _;

use crate::equipment::{Wire, start, switchboard, until};

struct Group {
    board: Switchboard,
    lines: Vec<Line>,
    dtes: Vec<Wire>,
    address: String,
}

/// Lines `a`, `b`, … with their equipment plugged in, as members of a group in the order given.
async fn group(members: &[&str], settings: &str) -> Group {
    let board = switchboard();
    let (mut lines, mut dtes) = (Vec::new(), Vec::new());
    for name in members {
        let line = start(&board, name, "");
        let mut dte = Wire::connect(line.place()).await;
        dte.say("AT\r").await;
        dte.hear("AT\r\r\nOK\r\n").await;
        lines.push(line);
        dtes.push(dte);
    }
    let list = members.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let text = format!("name = \"main\"\nmembers = [{list}]\nlisten = \"127.0.0.1:0\"\n{settings}");
    let config: HuntConfig = toml::from_str(&text).unwrap();
    board.set_hunts(vec![config]).unwrap();
    let address = board.hunts()[0].1[0].clone();
    Group { board, lines, dtes, address }
}

/// Rings on the line at this place, is answered, and is told which line it is.
async fn answered_at(group: &mut Group, place: usize) -> Wire {
    let caller = Wire::connect(&group.address).await;
    group.dtes[place].hear("\r\nRING\r\n").await;
    group.dtes[place].say("ATA\r").await;
    group.dtes[place].hear_until("CONNECT").await;
    group.dtes[place].hear_until("\r\n").await;
    caller
}

/// The caller hangs up and the line is free again.
async fn hang_up(group: &mut Group, place: usize, caller: Wire) {
    drop(caller);
    group.dtes[place].hear("\r\nNO CARRIER\r\n").await;
    until(|| group.lines[place].status().call.is_none()).await;
}

#[tokio::test]
async fn callers_ring_on_the_first_free_line_and_find_it_busy_when_there_is_none() {
    let mut group = group(&["a", "b"], "").await;
    let first = answered_at(&mut group, 0).await;
    let mut second = answered_at(&mut group, 1).await;
    let mut third = Wire::connect(&group.address).await;
    assert_eq!(third.rest().await, b"");
    hang_up(&mut group, 0, first).await;
    let mut fourth = answered_at(&mut group, 0).await;
    group.dtes[1].say("two").await;
    second.hear("two").await;
    group.dtes[0].say("one").await;
    fourth.hear("one").await;
}

#[tokio::test]
async fn round_robin_begins_behind_the_last_call() {
    let mut group = group(&["a", "b", "c"], "order = \"round-robin\"").await;
    for place in [0, 1, 2, 0] {
        let caller = answered_at(&mut group, place).await;
        hang_up(&mut group, place, caller).await;
    }
}

#[tokio::test]
async fn the_longest_idle_line_comes_first() {
    let mut group = group(&["a", "b"], "order = \"longest-idle\"").await;
    for place in [0, 1, 0] {
        let caller = answered_at(&mut group, place).await;
        hang_up(&mut group, place, caller).await;
    }
}

#[tokio::test]
async fn lines_that_are_not_ready_are_skipped() {
    let mut group = group(&["a", "b", "c", "d"], "").await;
    // Off the hook; unplugged, which is DTR off; out of service; a member that isn't there is none.
    group.dtes[0].say("ATH1\r").await;
    group.dtes[0].hear_until("OK\r\n").await;
    let unplugged = Wire::connect(group.lines[2].place()).await;
    drop(std::mem::replace(&mut group.dtes[1], unplugged));
    until(|| !group.lines[1].status().dtr).await;
    group.lines[2].set_service(Service::BusiedOut);
    assert_eq!(group.lines[2].status().service, Service::BusiedOut);
    let caller = answered_at(&mut group, 3).await;
    drop(caller);
}

#[tokio::test]
async fn a_line_out_of_service_is_busy_for_its_own_callers_and_may_dial() {
    let board = switchboard();
    let line = start(&board, "a", "listen = \"127.0.0.1:0\"");
    let mut dte = Wire::connect(line.place()).await;
    line.set_service(Service::BusiedOut);
    let mut caller = Wire::connect(&line.listens()[0]).await;
    assert_eq!(caller.rest().await, b"");
    let far = crate::equipment::Far::listen().await;
    dte.say(format!("ATDT{}\r", far.address())).await;
    let _far = far.answer().await;
    dte.hear_until("CONNECT").await;
    line.set_service(Service::In);
    assert_eq!(line.status().service, Service::In);
}

#[tokio::test]
async fn a_line_kept_for_one_direction_takes_no_call_in_the_other() {
    let board = switchboard();
    let incoming = start(&board, "in", "reserve = \"incoming\"");
    let mut dte = Wire::connect(incoming.place()).await;
    let far = crate::equipment::Far::listen().await;
    dte.say(format!("ATDT{}\r", far.address())).await;
    dte.hear_until("NO CARRIER\r\n").await;
    assert_eq!(incoming.calls()[0].cause, at::result::Cause::Reserved);
    let outgoing = start(&board, "out", "reserve = \"outgoing\"\nlisten = \"127.0.0.1:0\"");
    let _dte = Wire::connect(outgoing.place()).await;
    let mut caller = Wire::connect(&outgoing.listens()[0]).await;
    assert_eq!(caller.rest().await, b"");
}

#[tokio::test]
async fn callers_wait_for_a_line_and_those_who_leave_or_wait_too_long_lose_their_place() {
    let mut group = group(&["a"], "busy = \"queue\"\nqueue-for = \"20s\"").await;
    let first = answered_at(&mut group, 0).await;
    let leaving = Wire::connect(&group.address).await;
    let mut waiting = Wire::connect(&group.address).await;
    drop(leaving);
    drop(first);
    group.dtes[0].hear("\r\nNO CARRIER\r\n\r\nRING\r\n").await;
    group.dtes[0].say("ATA\r").await;
    group.dtes[0].hear_until("CONNECT").await;
    group.dtes[0].hear_until("\r\n").await;
    waiting.say("at last").await;
    group.dtes[0].hear("at last").await;
    let mut too_long = Wire::connect(&group.address).await;
    tokio::time::pause();
    assert_eq!(too_long.rest().await, b"");
}

#[tokio::test]
async fn callers_are_told_that_all_lines_are_busy() {
    let mut group =
        group(&["a"], "busy = \"message\"\nbusy-message = \"All lines are busy\"").await;
    let _first = answered_at(&mut group, 0).await;
    let mut second = Wire::connect(&group.address).await;
    assert_eq!(second.rest().await, b"\r\nAll lines are busy\r\n");
}

#[tokio::test]
async fn who_may_not_call_is_turned_away() {
    let group = group(&["a"], "answer-access = [\"deny 127.0.0.0/8\"]").await;
    let mut caller = Wire::connect(&group.address).await;
    assert_eq!(caller.rest().await, b"");
    assert!(group.board.line("a").unwrap().calls().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_get_a_line_each_or_are_busy() {
    const LINES: usize = 8;
    let names: Vec<String> = (0..LINES).map(|n| format!("l{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut group = group(&names, "order = \"longest-idle\"").await;
    let busy = std::sync::Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (address, busy) = (group.address.clone(), std::sync::Arc::clone(&busy));
            tokio::spawn(async move {
                let mut heard = Vec::new();
                // Being turned away is a reset, even before the connection is known here.
                if let Ok(mut caller) = tokio::net::TcpStream::connect(&address).await {
                    let _ = caller.read_to_end(&mut heard).await;
                }
                if heard.is_empty() {
                    busy.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for dte in &mut group.dtes {
        dte.hear("\r\nRING\r\n").await;
        dte.say("ATA\r").await;
        dte.hear_until("CONNECT").await;
        dte.hear_until("\r\n").await;
        dte.say("yes").await;
    }
    for line in &group.lines {
        until(|| line.status().call.is_some_and(|call| call.sent == 3)).await;
        line.hang_up();
    }
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(busy.load(Ordering::Relaxed), 50 - LINES);
}
