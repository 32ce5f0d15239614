use std::time::Duration;

use carrier::Received;
use rack::Service;
use settings::Span;

use crate::stage::{Stage, read, received};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_answered_with_who_calls_and_what_came_of_it() {
    let (mut stage, mut modem) = Stage::with_one(|config| config.rings = Some(2)).await;
    modem.say("\r\nRING\r\n");
    modem.say("\r\nNMBR = 5551234\r\n\r\nNAME = PUMP HOUSE\r\n");
    modem.say("\r\nRING\r\n");
    modem.expect("ATA\r");
    modem.say("\r\nCONNECT 9600/ARQ/V34\r\nhello");
    let (mut call, answered) = stage.next_call().await;
    assert_eq!((&*answered.modem, &*answered.caller.number), ("a", "5551234"));
    assert_eq!(answered.caller.name, "PUMP HOUSE");
    assert_eq!(answered.connect.text, "9600/ARQ/V34");
    assert_eq!(answered.connect.rate, Some(9600));
    assert_eq!(call.peer().to_string(), "modem:a/5551234");
    assert_eq!(read(&mut call, 5).await, b"hello");
    call.send(b"login: ").await.unwrap();
    assert_eq!(modem.expect("login: "), b"");
    modem.say("\r\nNO CARRIER\r\n");
    assert_eq!(read(&mut call, 2).await, b"\r\n");
    assert_eq!(received(&mut call, &mut [0; 16]).await, Received::End);
    drop(call);
    modem.obey_init();
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_allowed_rings_in_vain() {
    let callers = toml::from_str::<rack::ModemConfig>(
        "name = \"a\"\ndevice = \"x\"\ncallers = [\"555\", \"!all\"]",
    );
    let callers = callers.unwrap().callers;
    let (mut stage, mut modem) = Stage::with_one(|config| config.callers = callers).await;
    modem.say("\r\nRING\r\nNMBR = 777\r\n\r\nRING\r\n\r\nRING\r\n");
    stage.until("a", "ringing").await;
    modem.say("\r\nNMBR = 5551234\r\n\r\nRING\r\n");
    assert_eq!(modem.expect("ATA\r"), b"");
    modem.say("\r\nCONNECT\r\n");
    assert_eq!(stage.next_call().await.1.caller.number, "5551234");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_out_of_service_lets_it_ring_and_does_not_dial() {
    let (mut stage, mut modem) = Stage::with_one(|_| {}).await;
    assert!(stage.rack.set_service("a", Service::BusiedOut));
    assert_eq!(stage.status("a").service, Service::BusiedOut);
    modem.say("\r\nRING\r\n");
    stage.until("a", "ringing").await;
    let error = stage.dial("modem:a/5").await.unwrap().unwrap_err();
    assert_eq!(error.cause(), at::result::Cause::LineInUse);
    stage.rack.set_service("a", Service::In);
    modem.say("\r\nRING\r\n");
    modem.expect("ATA\r");
    modem.say("\r\nCONNECT\r\n");
    stage.next_call().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_leaves_it_to_ring() {
    let (mut stage, mut modem) = Stage::with_one(|config| {
        config.busy_file = Some(config.lock_folder.join("nologin.a"));
    })
    .await;
    let file = stage.link("nologin.a");
    std::fs::write(&file, "").unwrap();
    modem.say("\r\nRING\r\n");
    stage.until("a", "ringing").await;
    std::fs::remove_file(&file).unwrap();
    modem.say("\r\nRING\r\n");
    modem.expect("ATA\r");
    modem.say("\r\nCONNECT\r\n");
    stage.next_call().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_to_nothing_leaves_a_modem_that_is_ready() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    modem.say("\r\nRING\r\n");
    modem.expect("ATA\r");
    modem.say("\r\nRING\r\n\r\nNO CARRIER\r\n");
    modem.obey_init();
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_comes_is_given_up() {
    let (stage, mut modem) =
        Stage::with_one(|config| config.answer_within = Span(Duration::from_millis(100))).await;
    modem.say("2\r");
    modem.expect("ATA\r");
    modem.expect("+++");
    modem.expect("ATH0\r");
    modem.say("0\r");
    modem.obey_init();
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_is_no_call() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    modem.say([b"\xff\x00RINGER\r\x7f".repeat(500), vec![b'~'; 5000]].concat());
    modem.say("\r\nRING\r\n");
    modem.expect("ATA\r");
    assert_eq!(stage.status("a").trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_that_has_the_centre_called_is_told_of_once_the_caller_has_given_up_and_never_answered()
 {
    let config = "name = \"a\"\ndevice = \"x\"\non-ring = \"call-centre\"\nrings = 2\ncallers = [\"555\", \"!all\"]";
    let like = toml::from_str::<rack::ModemConfig>(config).unwrap();
    let (stage, mut modem) = Stage::with_one(|config| {
        (config.on_ring, config.rings, config.callers) = (like.on_ring, like.rings, like.callers);
        config.reserve = rack::Reserve::Outgoing;
    })
    .await;
    let (rung, mut rings) = tokio::sync::mpsc::unbounded_channel();
    stage.rack.tell_of_rings(std::sync::Arc::new(move |modem, number| {
        rung.send((modem.to_owned(), number.to_owned())).unwrap();
    }));
    // Somebody who may not, and somebody who may, with his third ring in the bargain.
    modem.say("\r\nRING\r\nNMBR = 777\r\n\r\nRING\r\n");
    stage.until("a", "ringing").await;
    stage.until("a", "idle").await;
    assert!(rings.try_recv().is_err(), "not for everybody");
    modem.say("\r\nRING\r\nNMBR = 5551234\r\n\r\nRING\r\n\r\nRING\r\n");
    stage.until("a", "ringing").await;
    assert!(rings.try_recv().is_err(), "not before the modem is free");
    let told = tokio::time::timeout(Duration::from_secs(60), rings.recv()).await.unwrap();
    assert_eq!(told, Some(("a".to_owned(), "5551234".to_owned())));
    // It is free to be dialled with at that moment.
    let dialled = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT 9600\r\n");
    assert!(dialled.await.unwrap().is_ok());
}
