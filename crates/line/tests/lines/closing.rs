//! Lines end: asked to, or with their equipment.

use std::time::Duration;

use tokio::time::timeout;

use crate::equipment::{Far, Watch, Wire, plug, start, switchboard, until};

/// Much for a busy machine, and less than what would be waited for otherwise.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_line_that_waits_for_a_caller_is_stopped_at_once() {
    let mut plugged = plug("listen = \"127.0.0.1:0\"\npersona = \"dart\"").await;
    plugged.dte.say("ATA\r").await;
    until(|| plugged.line.status().state == "answering").await;
    let stopped = plugged.board.stop("a");
    timeout(SOON, stopped).await.expect("it waits for nobody");
}

#[tokio::test]
async fn equipment_that_goes_on_dialling_doesnt_keep_a_line_from_being_stopped() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"&K4\"").await;
    let mut watch = Watch::begin(&plugged.line);
    // Stopped by XOFF, the last words are still on their way while the next command comes in.
    plugged.dte.say(b"\x13ATE0\r").await;
    watch.until_said("OK\r\n").await;
    let mut stopped = std::pin::pin!(plugged.board.stop("a"));
    tokio::select! {
        biased;
        () = &mut stopped => panic!("the last words can't be out yet"),
        () = async {} => {}
    }
    plugged.dte.say(format!("ATDT{}\r\x11", far.address())).await;
    plugged.dte.hear_until("OK\r\n").await;
    timeout(SOON, stopped).await.expect("it closes");
    assert!(plugged.line.calls().is_empty(), "nothing was dialled any more");
}

#[tokio::test]
async fn those_who_wait_for_a_line_are_turned_away_when_it_is_stopped() {
    let settings = "listen = \"127.0.0.1:0\"\ninit = \"S0=1\"\nsecond-caller = \"queue\"";
    let mut plugged = plug(settings).await;
    let mut first = Wire::connect(&plugged.line.listens()[0]).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = Wire::connect(&plugged.line.listens()[0]).await;
    second.say("my turn?").await;
    plugged.board.stop("a").await;
    assert_eq!(first.rest().await, b"");
    assert_eq!(second.rest().await, b"");
    assert_eq!(plugged.line.calls().len(), 1, "the second one never rang");
}

#[tokio::test]
async fn callers_are_not_handed_to_a_line_that_has_ended() {
    let settings =
        "listen = \"127.0.0.1:0\"\nsecond-caller = \"hunt\"\nhunt = [\"b\"]\ninit = \"S0=1\"";
    let mut plugged = plug(settings).await;
    let _other = start(&plugged.board, "b", "init = \"&D0\"");
    plugged.board.stop("b").await;
    let _first = Wire::connect(&plugged.line.listens()[0]).await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut second = Wire::connect(&plugged.line.listens()[0]).await;
    assert_eq!(second.rest().await, b"");
}

#[tokio::test]
async fn a_line_without_equipment_is_stopped_and_its_address_is_free() {
    let board = switchboard();
    let line = start(&board, "a", "");
    let place = line.place().to_owned();
    board.stop("a").await;
    let again = start(&board, "a", &format!("tcp = \"{place}\""));
    assert_eq!(again.place(), place);
}

#[tokio::test]
async fn a_line_whose_end_is_waited_for_can_still_be_stopped() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let mut ended = std::pin::pin!(plugged.board.ended("a"));
    tokio::select! {
        biased;
        () = &mut ended => panic!("it hasn't ended"),
        () = async {} => {}
    }
    let hangs_up = async move {
        assert_eq!(peer.rest().await, b"");
    };
    tokio::join!(plugged.board.shut_down(Duration::from_secs(5)), hangs_up);
    timeout(SOON, ended).await.expect("it has ended");
    assert_eq!(plugged.dte.rest().await, b"\r\nNO CARRIER\r\n");
    assert_eq!(plugged.line.calls()[0].cause.code(), "shutting-down");
}
