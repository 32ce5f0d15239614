//! Calls that break, and calls that are given up.

use std::time::Duration;

use crate::equipment::{Far, Wire, full_address, plug, until};

#[tokio::test]
async fn a_reset_is_a_reset_even_if_sending_noticed_it_first() {
    let far = Far::listen().await;
    let mut plugged = plug("telnet = \"off\"").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    // The equipment sends until everything in between is full: the line waits to be able to send.
    let flood = vec![0; 1 << 16];
    while plugged.dte.0.try_write(&flood).is_ok() || still_moving(&plugged.dte).await {}
    peer.0.set_zero_linger().unwrap();
    drop(peer);
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "reset");
}

/// Whether the socket takes more after a moment: full is when it doesn't.
async fn still_moving(wire: &Wire) -> bool {
    tokio::time::timeout(Duration::from_millis(300), wire.0.writable()).await.is_ok()
}

#[tokio::test]
async fn a_byte_typed_while_dialling_gives_up() {
    let far = full_address().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address)).await;
    until(|| plugged.line.status().state == "dialling").await;
    // What comes directly behind the command belongs to it.
    tokio::time::sleep(Duration::from_millis(150)).await;
    plugged.dte.say("x").await;
    plugged.dte.hear_until("\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "dte-abort");
    // The byte is swallowed, and the line is free for the next command.
    plugged.dte.say("ATS7?\r").await;
    plugged.dte.hear("\r\n060\r\n\r\nOK\r\n").await;
}

#[tokio::test]
async fn dtr_gives_up_dialling_too() {
    let far = full_address().await;
    let mut plugged = plug("init = \"&D2\"").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address)).await;
    until(|| plugged.line.status().state == "dialling").await;
    drop(plugged.dte);
    until(|| !plugged.line.calls().is_empty()).await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "dtr-drop");
    until(|| plugged.line.status().state == "command").await;
}

#[tokio::test]
async fn s7_ends_a_call_that_nobody_answers() {
    let far = full_address().await;
    let mut plugged = plug("").await;
    let started = tokio::time::Instant::now();
    plugged.dte.say(format!("ATE0S7=45DT{}\r", far.address)).await;
    until(|| plugged.line.status().state == "dialling").await;
    tokio::time::pause();
    while plugged.line.calls().is_empty() {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    let waited = started.elapsed().as_secs();
    // What passed before the clock stood still is the machine's; without S7 it would be a minute.
    assert!((45..58).contains(&waited), "{waited} s");
    assert_eq!(plugged.line.calls()[0].cause.code(), "timed-out");
    tokio::time::resume();
    plugged.dte.hear_until("\r\nNO ANSWER\r\n").await;
}

#[tokio::test]
async fn what_telnet_held_back_when_the_equipment_hung_up_still_arrives() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"&D2\"\ntelnet = \"on\"").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    // A far end that never answers telnet's questions: data wait for the answers, but not for ever.
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.say(b"last\x80\xFFwords\r\n").await;
    drop(plugged.dte);
    let heard = peer.rest().await;
    let heard = heard.escape_ascii().to_string();
    assert!(heard.contains("last\\x80\\xff\\xffwords"), "{heard}");
}
