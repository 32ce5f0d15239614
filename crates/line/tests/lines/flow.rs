//! XON/XOFF from equipment that has stopped the modem.

use std::time::Duration;

use crate::equipment::{Far, Watch, plug};

#[tokio::test]
async fn xoff_stops_the_data_and_xon_lets_them_go_on() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"&K4\"").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.say(b"\x13stopped").await;
    peer.hear("stopped").await;
    peer.say("kept back").await;
    while plugged.line.status().call.is_none_or(|call| call.received == 0) {
        tokio::task::yield_now().await;
    }
    plugged.dte.say(b"\x11").await;
    plugged.dte.hear("kept back").await;
}

#[tokio::test]
async fn xon_is_heard_behind_more_answers_than_may_wait() {
    let mut plugged = plug("init = \"&K4E0\"").await;
    let mut watch = Watch::begin(&plugged.line);
    plugged.dte.say(b"\x13").await;
    plugged.dte.say("AT&V\r".repeat(40)).await;
    watch.until_said_so_much(10_000).await;
    plugged.dte.say("ATS7?\r\x11").await;
    plugged.dte.hear_until("\r\n060\r\n\r\nOK\r\n").await;
}

#[tokio::test]
async fn xon_is_heard_behind_data_that_the_far_end_does_not_take() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"&K4E0\"").await;
    plugged.dte.say(format!("ATDT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.say(b"\x13").await;
    // A far end that writes before it reads, as a program without threads does.
    peer.say("before I read").await;
    let chunk = vec![b'x'; 16 * 1024];
    let mut said = 0;
    loop {
        plugged.dte.say(&chunk).await;
        said += chunk.len() as u64;
        let taken = async {
            while plugged.line.status().call.is_none_or(|call| call.sent < said) {
                tokio::task::yield_now().await;
            }
        };
        // Full is when no more is taken after a moment.
        if tokio::time::timeout(Duration::from_millis(300), taken).await.is_err() {
            break;
        }
    }
    plugged.dte.say(b"\x11").await;
    plugged.dte.hear("before I read").await;
}

#[tokio::test(start_paused = true)]
async fn switching_flow_control_off_lets_stopped_answers_go() {
    let mut plugged = plug("init = \"&K4E0\"").await;
    plugged.dte.say(b"\x13AT\rAT&K0\r").await;
    // The signal waits for the bytes before it, but not for ever, and nobody sends an XON.
    plugged.dte.hear("\r\nOK\r\n\r\nOK\r\n").await;
}
