//! Trouble at one place stays there.

use crate::equipment::{Far, Wire, plug, start, switchboard};

#[tokio::test]
async fn equipment_that_never_reads_stops_neither_its_own_sending_nor_other_lines() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    // The far end sends until everything in between is full.
    let flood = vec![0; 1 << 16];
    while peer.0.try_write(&flood).is_ok() || still_moving(&peer).await {}
    plugged.dte.say("out all the same").await;
    peer.hear("out all the same").await;
    let other = start(&plugged.board, "b", "");
    let mut dte = Wire::connect(other.place()).await;
    dte.say("AT\r").await;
    dte.hear_until("OK\r\n").await;
}

/// Whether the socket takes more after a moment: full is when it doesn't.
async fn still_moving(peer: &Wire) -> bool {
    tokio::time::timeout(std::time::Duration::from_millis(300), peer.0.writable()).await.is_ok()
}

#[tokio::test]
async fn a_line_can_be_stopped_in_a_call_and_started_again() {
    let far = Far::listen().await;
    let board = switchboard();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    dte.hear_until("CONNECT 9600\r\n").await;
    board.stop("a").await;
    assert_eq!(dte.rest().await, b"\r\nNO CARRIER\r\n");
    assert_eq!(peer.rest().await, b"");
    assert!(board.line("a").is_none());
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say("AT\r").await;
    dte.hear_until("OK\r\n").await;
}

#[tokio::test]
async fn an_operator_ends_a_call() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    assert_eq!(plugged.line.status().call.unwrap().party, far.address());
    plugged.line.hang_up();
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    assert_eq!(peer.rest().await, b"");
    assert_eq!(plugged.line.calls()[0].cause.code(), "operator");
}

#[tokio::test]
async fn stored_numbers_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let far = Far::listen().await;
    let personas = || line::Personas::built_in().unwrap();
    let state = Some(folder.path().to_owned());
    let board = line::Switchboard::new(personas(), state.clone()).unwrap();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say(format!("AT&Z3={}\r", far.address())).await;
    dte.hear_until("OK\r\n").await;
    dte.say("ATE0S0=2&W\r").await;
    dte.hear_until("OK\r\n").await;
    board.stop("a").await;
    drop(board);
    let board = line::Switchboard::new(personas(), state).unwrap();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say("ATS0?\r").await;
    dte.hear("\r\n002\r\n\r\nOK\r\n").await;
    dte.say("ATDS=3\r").await;
    dte.hear_until("CONNECT 9600\r\n").await;
    far.answer().await;
}
