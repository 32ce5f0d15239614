//! Calls that end in this process: other lines, programs, the exchange.

use std::sync::{Arc, Mutex};

use at::result::Cause;
use carrier::{Call, Received};
use line::{Answering, HuntConfig, Phonebook, Service};

use crate::equipment::{Wire, payload, plug, start, switchboard, until};

fn book(text: &str) -> Phonebook {
    toml::from_str(text).unwrap()
}

/// The user to run programs as: nobody's, where the tests are root's.
fn as_nobody() -> &'static str {
    match rustix::process::geteuid().is_root() {
        true => ", user = \"nobody\"",
        false => "",
    }
}

#[tokio::test]
async fn one_line_calls_another_and_all_bytes_pass_both_ways() {
    let board = switchboard();
    board.set_phonebook(book("\"555-0001\" = \"line:a\"\n\"555-0002\" = \"line:b\""));
    let (a, b) =
        (start(&board, "a", ""), start(&board, "b", "init = \"#CID=1\"\npersona = \"rockwell\""));
    let (mut a_dte, mut b_dte) = (Wire::connect(a.place()).await, Wire::connect(b.place()).await);
    until(|| b.status().dtr).await;
    a_dte.say("ATE0DT5550002\r").await;
    let ring = b_dte.hear_until("NMBR = a\r\n\r\nNAME = a\r\n").await;
    assert!(ring.contains("RING"), "{ring}");
    b_dte.say("ATE0A\r").await;
    b_dte.hear_until("CONNECT").await;
    a_dte.hear_until("\r\nCONNECT 9600\r\n").await;
    b_dte.hear_until("\r\n").await;
    a_dte.say(payload()).await;
    b_dte.hear(payload()).await;
    b_dte.say(payload()).await;
    a_dte.hear(payload()).await;
    drop(a_dte);
    b_dte.hear_until("\r\nNO CARRIER\r\n").await;
    until(|| !b.calls().is_empty()).await;
    assert_eq!(b.calls()[0].cause, Cause::RemoteHangUp);
    assert_eq!(b.calls()[0].party, "line:a");
}

#[tokio::test]
async fn a_line_that_is_taken_or_not_ready_is_busy_and_one_that_is_not_there_is_nobody() {
    let board = switchboard();
    board.set_phonebook(book(
        "1 = \"line:a\"\n2 = \"line:b\"\n3 = \"line:c\"\n4 = \"line:nowhere\"",
    ));
    let (a, b) = (start(&board, "a", ""), start(&board, "b", ""));
    let c = start(&board, "c", "");
    let mut a_dte = Wire::connect(a.place()).await;
    for (number, says) in [(1, "BUSY"), (2, "BUSY"), (4, "NO CARRIER")] {
        a_dte.say(format!("ATE0DT{number}\r")).await;
        let heard = a_dte.hear_until(&format!("\r\n{says}\r\n")).await;
        assert!(!heard.contains("CONNECT"), "{number}: {heard}");
    }
    let (mut b_dte, mut c_dte) = (Wire::connect(b.place()).await, Wire::connect(c.place()).await);
    until(|| b.status().dtr && c.status().dtr).await;
    b_dte.say("ATE0DT3\r").await;
    c_dte.hear_until("RING\r\n").await;
    c_dte.say("ATA\r").await;
    b_dte.hear_until("CONNECT 9600\r\n").await;
    a_dte.say("ATDT3\r").await;
    a_dte.hear("\r\nBUSY\r\n").await;
    assert_eq!(a.calls()[0].cause, Cause::LineInUse);
}

#[tokio::test]
async fn nobody_answers_a_line_within_s7_and_its_bell_stops() {
    let board = switchboard();
    board.set_phonebook(book("2 = \"line:b\""));
    let (a, b) = (start(&board, "a", "init = \"S7=1\""), start(&board, "b", ""));
    let (mut a_dte, mut b_dte) = (Wire::connect(a.place()).await, Wire::connect(b.place()).await);
    until(|| b.status().dtr).await;
    a_dte.say("ATE0DT2\r").await;
    b_dte.hear_until("RING\r\n").await;
    a_dte.hear_until("\r\nNO ANSWER\r\n").await;
    until(|| b.status().call.is_none() && !b.calls().is_empty()).await;
    assert_eq!(b.calls()[0].cause, Cause::CallerGone);
}

#[tokio::test]
async fn access_rules_hold_inside_the_process_too() {
    let board = switchboard();
    board.set_phonebook(book("2 = \"line:b\"\n3 = \"line:c\""));
    let a = start(&board, "a", "");
    let strict = "answer-access = \"default deny\"\ndial-access = \"default deny\"";
    let (b, c) = (start(&board, "b", strict), start(&board, "c", ""));
    let mut a_dte = Wire::connect(a.place()).await;
    let mut b_dte = Wire::connect(b.place()).await;
    let _c_dte = Wire::connect(c.place()).await;
    until(|| b.status().dtr && c.status().dtr).await;
    a_dte.say("ATE0DT2\r").await;
    a_dte.hear_until("\r\nBUSY\r\n").await;
    b_dte.say("ATE0DT3\r").await;
    b_dte.hear_until("\r\nNO CARRIER\r\n").await;
    assert_eq!(b.calls()[0].cause, Cause::Denied);
}

#[tokio::test]
async fn a_program_of_the_owners_is_the_far_end() {
    let mut plugged = plug("").await;
    plugged.board.set_phonebook(book(&format!(
        "cat = {{ call = \"exec:/bin/cat\"{user} }}\nwords = {{ call = \"exec:/bin/sh -c 'printf %s \\\"$TRUNKLINE_LINE $TRUNKLINE_CALLED $0\\\"; echo no >&2; exit 3' x\"{user} }}",
        user = as_nobody()
    )));
    plugged.dte.say("ATE0DTcat\r").await;
    plugged.dte.hear_until("\r\nCONNECT 9600\r\n").await;
    plugged.dte.say(payload()).await;
    plugged.dte.hear(payload()).await;
    plugged.line.hang_up();
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    plugged.dte.say("ATDTwords\r").await;
    plugged.dte.hear("\r\nCONNECT 9600\r\na words x\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause, Cause::RemoteHangUp);
}

#[tokio::test]
async fn equipment_can_not_dial_a_program() {
    let mut plugged = plug("").await;
    for dialled in ["exec:/bin/cat", "\"exec:/bin/cat\"", "exec:///bin/cat", "EXEC:/bin/cat"] {
        plugged.dte.say(format!("ATE0DT{dialled}\r")).await;
        plugged.dte.hear_until("\r\nNO CARRIER\r\n").await;
    }
}

/// Answers for the exchange.
#[derive(Debug, Default)]
struct Desk(Mutex<Vec<(Call, String)>>);

impl Answering for Desk {
    fn take(&self, call: Call, from: &str, called: &str) -> Result<(), Cause> {
        self.0.lock().unwrap().push((call, format!("{from} calls {called}")));
        Ok(())
    }
}

#[tokio::test]
async fn the_exchange_of_this_process_can_be_called() {
    let mut plugged = plug("default-call = \"exchange:\"").await;
    plugged.dte.say("ATE0D\r").await;
    plugged.dte.hear_until("\r\nNO CARRIER\r\n").await;
    let desk = Arc::new(Desk::default());
    plugged.board.set_exchange(desk.clone());
    plugged.dte.say("ATD\r").await;
    plugged.dte.hear("\r\nCONNECT 9600\r\n").await;
    let (mut call, who) = desk.0.lock().unwrap().pop().unwrap();
    assert_eq!(who, "a calls exchange:");
    call.send(b"login: ").await.unwrap();
    plugged.dte.hear("login: ").await;
    plugged.dte.say("x").await;
    assert_eq!(call.receive(&mut [0; 8]).await.unwrap(), Received::Data(1));
}

#[tokio::test]
async fn a_line_calls_a_hunt_group_and_rings_on_the_first_free_member() {
    let board = switchboard();
    board.set_phonebook(book("1 = \"line:office\""));
    let (a, b, c) = (start(&board, "a", ""), start(&board, "b", ""), start(&board, "c", ""));
    let hunt: HuntConfig =
        toml::from_str("name = \"office\"\nmembers = [\"a\", \"b\", \"c\"]").unwrap();
    board.set_hunts(vec![hunt]).unwrap();
    let (mut a_dte, mut b_dte) = (Wire::connect(a.place()).await, Wire::connect(b.place()).await);
    let mut c_dte = Wire::connect(c.place()).await;
    until(|| b.status().dtr && c.status().dtr).await;
    b.set_service(Service::BusiedOut);
    // It is a member itself, and in a call already.
    a_dte.say("ATE0DT1\r").await;
    c_dte.hear_until("RING\r\n").await;
    c_dte.say("ATE0A\r").await;
    c_dte.hear_until("CONNECT 9600\r\n").await;
    a_dte.hear_until("CONNECT 9600\r\n").await;
    a_dte.say(payload()).await;
    c_dte.hear(payload()).await;
    // All others are taken or out of service.
    b_dte.say("ATE0DT1\r").await;
    b_dte.hear_until("\r\nBUSY\r\n").await;
    drop(a_dte);
    c_dte.hear_until("\r\nNO CARRIER\r\n").await;
    assert_eq!(c.calls()[0].party, "line:a");
}

#[tokio::test]
async fn a_line_waits_for_a_member_of_a_group_and_access_rules_hold_there_too() {
    let board = switchboard();
    board.set_phonebook(book("1 = \"line:office\"\n2 = \"line:closed\""));
    let (a, b) = (start(&board, "a", ""), start(&board, "b", ""));
    let hunts = "[[hunt]]\nname = \"office\"\nmembers = [\"b\"]\nbusy = \"queue\"\n\
                 [[hunt]]\nname = \"closed\"\nmembers = [\"b\"]\nanswer-access = [\"deny unix\", \"default allow\"]\n";
    #[derive(serde::Deserialize)]
    struct Hunts {
        hunt: Vec<HuntConfig>,
    }
    board.set_hunts(toml::from_str::<Hunts>(hunts).unwrap().hunt).unwrap();
    let mut a_dte = Wire::connect(a.place()).await;
    a_dte.say("ATE0DT2\r").await;
    a_dte.hear_until("\r\nNO CARRIER\r\n").await;
    until(|| !a.calls().is_empty()).await;
    assert_eq!(a.calls()[0].cause, Cause::Denied);
    // Nobody is at the only member yet.
    a_dte.say("ATDT1\r").await;
    until(|| a.status().call.is_some()).await;
    let mut b_dte = Wire::connect(b.place()).await;
    b_dte.hear_until("RING\r\n").await;
    b_dte.say("ATE0A\r").await;
    a_dte.hear_until("CONNECT 9600\r\n").await;
}
