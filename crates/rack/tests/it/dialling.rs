use at::result::Cause;
use carrier::Received;

use crate::stage::{Stage, payload, read, received};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_dialled_and_every_byte_passes_until_no_carrier() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/9,5551234");
    modem.expect("ATDT9,5551234\r");
    modem.say("ATDT9,5551234\r\r\nCARRIER 33600\r\n\r\nCONNECT 115200\r\n");
    modem.say("early");
    let mut call = dialling.await.unwrap().unwrap();
    assert_eq!(call.peer().to_string(), "modem:a/9,5551234");
    assert_eq!(stage.until("a", "online").await.party.as_deref(), Some("9,5551234"));
    assert_eq!(read(&mut call, 5).await, b"early");

    let data = payload();
    modem.say(&data);
    assert_eq!(read(&mut call, data.len()).await, data);
    call.send(&data).await.unwrap();
    assert_eq!(modem.expect(&data), b"");

    modem.say("bye\r\nNO CARRIER\r\n");
    assert_eq!(read(&mut call, 5).await, b"bye\r\n");
    assert_eq!(received(&mut call, &mut [0; 16]).await, Received::End);
    drop(call);
    // It is in command state: no escape is needed.
    assert_eq!(modem.expect("ATZ\r"), b"");
    modem.say("\r\nOK\r\n");
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_on_a_port_without_dtr_has_the_modem_escape_and_hang_up() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
    let mut call = dialling.await.unwrap().unwrap();
    call.send(b"last words").await.unwrap();
    call.hang_up(std::time::Duration::from_secs(5)).await;
    modem.expect("last words");
    modem.expect("+++");
    modem.say("\r\nOK\r\n");
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.obey_init();
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_modem_says_of_a_failure_is_its_cause() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    for (answer, cause) in [
        ("BUSY", Cause::Busy),
        ("NO DIAL TONE", Cause::CarrierDown),
        ("NO ANSWER", Cause::NoAnswer),
        ("NO CARRIER", Cause::NoCarrier),
    ] {
        stage.until("a", "idle").await;
        let dialling = stage.dial("modem:a/5");
        modem.expect("ATDT5\r");
        modem.say(format!("\r\n{answer}\r\n"));
        assert_eq!(dialling.await.unwrap().unwrap_err().cause(), cause, "{answer}");
        modem.obey_init();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_echo_are_understood() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("ATDT5\r12\rdata");
    let mut call = dialling.await.unwrap().unwrap();
    assert_eq!(read(&mut call, 4).await, b"data");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connect_that_comes_byte_by_byte_is_one() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    for byte in b"\r\nCONNECT 9600/ARQ\r\n\n" {
        modem.say([*byte]);
    }
    let mut call = dialling.await.unwrap().unwrap();
    assert_eq!(read(&mut call, 1).await, b"\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialler_who_gives_up_leaves_a_modem_that_is_ready_for_the_next() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    dialling.abort();
    modem.expect("+++");
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.obey_init();
    stage.until("a", "idle").await;
    let dialling = stage.dial("modem:a/6");
    modem.expect("ATDT6\r");
    modem.say("\r\nCONNECT\r\n");
    dialling.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_was_first_is_answered_and_the_dialler_finds_the_line_busy() {
    let (mut stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nRING\r\n");
    assert_eq!(dialling.await.unwrap().unwrap_err().cause(), Cause::LineInUse);
    modem.expect("ATA\r");
    modem.say("\r\nCONNECT\r\n");
    stage.next_call().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dials_again_at_once_waits_until_the_modem_has_hung_up() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let first = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
    drop(first.await.unwrap().unwrap());
    stage.until("a", "hanging up").await;
    let second = stage.dial("modem:a/6");
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.obey_init();
    modem.expect("ATDT6\r");
    modem.say("\r\nCONNECT\r\n");
    second.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_modem_has_one_call() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let first = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    let second = stage.dial("modem:a/6").await.unwrap().unwrap_err();
    assert_eq!(second.cause(), Cause::LineInUse);
    modem.say("\r\nCONNECT\r\n");
    let _call = first.await.unwrap().unwrap();
    stage.until("a", "online").await;
    let third = stage.dial("modem:a/7").await.unwrap().unwrap_err();
    assert_eq!(third.cause(), Cause::LineInUse);
    assert_eq!(stage.dial("modem:b/7").await.unwrap().unwrap_err().cause(), Cause::NoSuchCarrier);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_for_incoming_calls_does_not_dial() {
    let (stage, _modem) = Stage::with_one(|config| config.reserve = rack::Reserve::Incoming).await;
    assert_eq!(stage.dial("modem:a/5").await.unwrap().unwrap_err().cause(), Cause::Reserved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_ends_a_call() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
    let mut call = dialling.await.unwrap().unwrap();
    stage.until("a", "online").await;
    assert!(stage.rack.hang_up("a"));
    assert_eq!(received(&mut call, &mut [0; 16]).await, Received::End);
    drop(call);
    modem.expect("ATH0\r");
    assert!(!stage.rack.hang_up("nobody"));
}
