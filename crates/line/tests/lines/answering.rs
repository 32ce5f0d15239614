//! Callers ring.

use crate::equipment::{Far, Plugged, Wire, payload, plug, start, until};

const LISTEN: &str = "listen = \"127.0.0.1:0\"\n";

async fn caller(plugged: &Plugged) -> Wire {
    Wire::connect(&plugged.line.listens()[0]).await
}

#[tokio::test]
async fn a_caller_rings_ata_answers_and_what_he_said_before_is_not_lost() {
    let mut plugged = plug(LISTEN).await;
    let mut caller = caller(&plugged).await;
    caller.say("early").await;
    plugged.dte.hear("\r\nRING\r\n").await;
    plugged.dte.say("ATE0A\r").await;
    plugged.dte.hear_until("\r\nCONNECT 9600\r\n").await;
    plugged.dte.hear("early").await;
    caller.say(payload()).await;
    plugged.dte.hear(payload()).await;
    plugged.dte.say(payload()).await;
    caller.hear(payload()).await;
}

#[tokio::test]
async fn s0_answers_by_itself() {
    let mut plugged = plug(&format!("{LISTEN}init = \"S0=1\"")).await;
    let mut caller = caller(&plugged).await;
    plugged.dte.hear_until("\r\nRING\r\n").await;
    plugged.dte.hear_until("\r\nCONNECT 9600\r\n").await;
    plugged.dte.say("hello").await;
    caller.hear("hello").await;
}

#[tokio::test]
async fn a_caller_who_left_is_no_longer_there_to_be_answered() {
    let mut plugged = plug(LISTEN).await;
    let caller = caller(&plugged).await;
    plugged.dte.hear("\r\nRING\r\n").await;
    drop(caller);
    while plugged.line.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(plugged.line.calls()[0].cause.code(), "caller-gone");
    plugged.dte.say("ATE0A\r").await;
    plugged.dte.hear_until("NO CARRIER\r\n").await;
}

#[tokio::test]
async fn a_second_caller_is_busy_and_the_first_call_is_untouched() {
    let mut plugged = plug(&format!("{LISTEN}init = \"S0=1\"")).await;
    let mut first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = caller(&plugged).await;
    assert_eq!(second.rest().await, b"");
    first.say("still here").await;
    plugged.dte.hear("still here").await;
}

#[tokio::test]
async fn a_second_caller_can_be_told() {
    let settings = format!(
        "{LISTEN}init = \"S0=1\"\nsecond-caller = \"message\"\nbusy-message = \"call later\""
    );
    let mut plugged = plug(&settings).await;
    let _first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = caller(&plugged).await;
    second.hear("\r\ncall later\r\n").await;
}

#[tokio::test]
async fn a_second_caller_can_wait_for_his_turn() {
    let mut plugged = plug(&format!("{LISTEN}init = \"S0=1\"\nsecond-caller = \"queue\"")).await;
    let first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = caller(&plugged).await;
    second.say("my turn").await;
    drop(first);
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.hear("my turn").await;
}

#[tokio::test]
async fn a_second_caller_can_hunt_for_another_line() {
    let mut plugged =
        plug(&format!("{LISTEN}init = \"S0=1\"\nsecond-caller = \"hunt\"\nhunt = [\"b\"]")).await;
    let other = start(&plugged.board, "b", "init = \"S0=1\"");
    let mut dte = Wire::connect(other.place()).await;
    while !other.status().dtr {
        tokio::task::yield_now().await;
    }
    let _first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = caller(&plugged).await;
    dte.hear_until("CONNECT 9600\r\n").await;
    second.say("found you").await;
    dte.hear("found you").await;
    let mut third = caller(&plugged).await;
    assert_eq!(third.rest().await, b"", "all lines are busy now");
}

#[tokio::test]
async fn a_forbidden_caller_never_rings() {
    let mut plugged = plug(&format!("{LISTEN}answer-access = \"default deny\"")).await;
    let mut caller = caller(&plugged).await;
    assert_eq!(caller.rest().await, b"");
    plugged.dte.say("ATE0\r").await;
    assert_eq!(plugged.dte.hear_until("OK\r\n").await, "ATE0\r\r\nOK\r\n");
}

#[tokio::test]
async fn nobody_rings_at_equipment_that_is_not_there() {
    let board = crate::equipment::switchboard();
    let line = start(&board, "a", LISTEN);
    let mut caller = Wire::connect(&line.listens()[0]).await;
    assert_eq!(caller.rest().await, b"");
}

#[tokio::test]
async fn those_who_leave_the_queue_make_room_in_it() {
    let settings = format!("{LISTEN}init = \"S0=1\"\nsecond-caller = \"queue\"");
    let mut plugged = plug(&settings).await;
    let first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut queue = Vec::new();
    for _ in 0..line::limits::QUEUE {
        queue.push(caller(&plugged).await);
    }
    assert_eq!(caller(&plugged).await.rest().await, b"", "the queue is full");
    drop(queue);
    let mut patient = caller(&plugged).await;
    patient.say("still here").await;
    drop(first);
    plugged.dte.hear("\r\nNO CARRIER\r\n\r\nRING\r\n\r\nCONNECT 9600\r\nstill here").await;
}

#[tokio::test]
async fn two_callers_at_a_time_hunt_for_two_lines() {
    let settings =
        format!("{LISTEN}init = \"S0=1\"\nsecond-caller = \"hunt\"\nhunt = [\"b\", \"c\"]");
    let mut plugged = plug(&settings).await;
    let mut others = Vec::new();
    for name in ["b", "c"] {
        let other = start(&plugged.board, name, "init = \"S0=1\"");
        let dte = Wire::connect(other.place()).await;
        until(|| other.status().dtr).await;
        others.push(dte);
    }
    let _first = caller(&plugged).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    // Without the runtime, so that the line finds both at its door.
    let place = plugged.line.listens()[0].clone();
    let _both = [(); 2].map(|()| std::net::TcpStream::connect(&place).unwrap());
    for mut dte in others {
        dte.hear_until("CONNECT 9600\r\n").await;
    }
}

#[tokio::test]
async fn new_access_rules_are_for_the_next_call() {
    let far = Far::listen().await;
    let mut plugged = plug(LISTEN).await;
    plugged.dte.say(format!("ATE0&D0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let nobody = || line::Access("default deny".parse().unwrap());
    plugged.line.set_access(nobody(), nobody());
    peer.say("goes on").await;
    plugged.dte.hear("goes on").await;
    drop(peer);
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    plugged.dte.say(format!("ATDT{}\r", far.address())).await;
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "denied");
    assert_eq!(caller(&plugged).await.rest().await, b"");
    assert_eq!(plugged.line.calls().len(), 2, "nobody rang");
}

#[tokio::test]
async fn a_scanner_is_let_go_before_the_bell_and_a_silent_caller_rings() {
    let mut plugged = plug(&format!("{LISTEN}gate = \"scanners\"\n")).await;
    for first in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"SSH-2.0-x\r\n", b"\x16\x03\x01\x02\x00\x01"] {
        let mut scanner = caller(&plugged).await;
        scanner.say(first).await;
        assert_eq!(scanner.rest().await, b"");
    }
    let mut person = caller(&plugged).await;
    // The first thing that the equipment hears is the person's call.
    plugged.dte.hear("\r\nRING\r\n").await;
    plugged.dte.say("ATE0A\r").await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    person.say("hello").await;
    plugged.dte.hear("hello").await;
    assert_eq!(plugged.line.calls().len(), 0, "scanners are no calls");
}

#[tokio::test]
async fn equipment_that_speaks_at_once_passes_the_gate_and_nothing_of_it_is_lost() {
    let mut plugged = plug(&format!("{LISTEN}init = \"S0=1\"\ngate = \"scanners\"\n")).await;
    let mut caller = caller(&plugged).await;
    caller.say("\x01\x03early").await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.hear("\x01\x03early").await;
}

#[tokio::test]
async fn a_gate_may_want_silence() {
    let mut plugged = plug(&format!("{LISTEN}gate = {{ silence = \"200ms\" }}\n")).await;
    let mut hasty = caller(&plugged).await;
    hasty.say("hello").await;
    assert_eq!(hasty.rest().await, b"");
    let _patient = caller(&plugged).await;
    plugged.dte.hear("\r\nRING\r\n").await;
}
