//! Equipment dials out.

use crate::equipment::{Dead, Far, Wire, payload, plug, start, switchboard};

#[tokio::test]
async fn equipment_dials_an_address_and_all_bytes_pass_both_ways() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATDT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear(format!("ATDT{}\r\r\nCONNECT 9600\r\n", far.address())).await;
    plugged.dte.say(payload()).await;
    peer.hear(payload()).await;
    peer.say(payload()).await;
    plugged.dte.hear(payload()).await;
}

#[tokio::test]
async fn all_data_arrive_before_no_carrier() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let data = payload().repeat(2000);
    let sent = data.clone();
    let sending = tokio::spawn(async move { peer.say(sent).await });
    plugged.dte.hear(&data).await;
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    sending.await.unwrap();
    assert_eq!(plugged.line.calls()[0].received, data.len() as u64);
    assert_eq!(plugged.line.calls()[0].cause.code(), "remote-hang-up");
}

#[tokio::test]
async fn what_the_equipment_sent_before_it_hung_up_still_arrives() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"S12=0&D2\"").await;
    plugged.dte.say(format!("ATDT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let data = vec![b'x'; 1 << 20];
    plugged.dte.say(&data).await;
    drop(plugged.dte);
    assert_eq!(peer.rest().await.len(), data.len());
}

#[tokio::test]
async fn a_refused_call_is_busy_and_the_next_one_works() {
    let mut plugged = plug("").await;
    let dead = Dead::bind();
    plugged.dte.say(format!("ATE0DT{}\r", dead.address())).await;
    plugged.dte.hear_until("\r\nBUSY\r\n").await;
    let far = Far::listen().await;
    plugged.dte.say(format!("ATDT{}\r", far.address())).await;
    plugged.dte.hear("\r\nCONNECT 9600\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "refused");
}

#[tokio::test]
async fn a_number_nobody_has_ends_with_no_carrier_and_its_reason() {
    let mut plugged = plug("").await;
    plugged.dte.say("ATE0DT5551212\r").await;
    plugged.dte.hear_until("\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "unknown-number");
}

#[tokio::test]
async fn the_access_list_judges_the_resolved_address() {
    let far = Far::listen().await;
    let mut plugged = plug("dial-access = [\"deny 127.0.0.0/8\"]").await;
    let port = far.address().rsplit_once(':').unwrap().1.to_owned();
    plugged.dte.say(format!("ATE0DTlocalhost:{port}\r")).await;
    plugged.dte.hear_until("\r\nNO CARRIER\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "denied");
}

#[tokio::test]
async fn the_phonebook_fails_over_and_says_which_speed_to_report() {
    let far = Far::listen().await;
    let board = switchboard();
    let closed = Dead::bind();
    let (dead, alive) = (closed.address(), far.address());
    let book =
        format!("\"555-1212\" = {{ call = [\"tcp://{dead}\", \"tcp://{alive}\"], speed = 2400 }}");
    board.set_phonebook(toml::from_str(&book).unwrap());
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say("ATE0DT5551212\r").await;
    dte.hear_until("\r\nCONNECT 2400\r\n").await;
    far.answer().await;
}

#[tokio::test]
async fn a_telnet_server_is_recognised_and_its_bytes_are_unescaped() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    // WILL ECHO, then data with a doubled FF.
    peer.say(b"\xFF\xFB\x01a\xFF\xFFb").await;
    plugged.dte.hear(b"a\xFFb").await;
    plugged.dte.say(b"\xFF").await;
    let mut heard = Vec::new();
    while !heard.ends_with(b"\xFF\xFF") {
        use tokio::io::AsyncReadExt;
        heard.push(peer.0.read_u8().await.unwrap());
    }
    assert!(heard.starts_with(b"\xFF\xFD\x01"), "DO ECHO comes first: {}", heard.escape_ascii());
}

#[tokio::test]
async fn the_owners_settings_survive_the_reset_that_programs_begin_with() {
    let mut plugged = plug("init = \"S0=3\"").await;
    plugged.dte.say("ATZ\r").await;
    plugged.dte.hear_until("OK\r\n").await;
    plugged.dte.say("AT&FE0\r").await;
    plugged.dte.hear_until("OK\r\n").await;
    plugged.dte.say("ATS0?\r").await;
    plugged.dte.hear("\r\n003\r\n\r\nOK\r\n").await;
}

#[tokio::test]
async fn data_that_is_echoed_comes_back_without_waiting_for_anything_else() {
    let far = Far::listen().await;
    let mut plugged = plug("persona = \"comip\"").await;
    plugged.dte.say(format!("ATE0F1DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("\r\nCONNECT").await;
    plugged.dte.hear_until("\r\n").await;
    for _ in 0..3 {
        plugged.dte.say("hello").await;
        plugged.dte.hear("hello").await;
        peer.hear("hello").await;
    }
}
