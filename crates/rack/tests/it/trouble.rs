use std::time::Duration;

use at::result::Cause;
use carrier::Received;
use settings::Span;

use crate::stage::{Modem, PATIENCE, Stage, received};

/// How long a modem is waited for that says nothing.
const SILENCE: Span = Span(Duration::from_millis(600));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_says_nothing_is_told_of_and_tried_again_until_it_does() {
    let stage = Stage::new();
    let mut modem = Modem::plug_in(&stage.link("a"));
    let config = rack::ModemConfig { reply_within: SILENCE, ..stage.config("a") };
    stage.rack.apply(vec![config], Vec::new()).await;
    let status = stage.until("a", "silent").await;
    assert!(status.trouble.unwrap().contains("does not answer"));
    let error = stage.dial("modem:a/5").await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::ModemFailed);
    // It is tried anew from the beginning.
    modem.expect("\x10\x03");
    modem.expect("ATH0\r");
    modem.expect("ATZ\r");
    modem.say("\r\nOK\r\n");
    assert_eq!(stage.until_obeyed(&mut modem).await.trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_string_is_told_by_name() {
    let stage = Stage::new();
    let mut modem = Modem::plug_in(&stage.link("a"));
    stage.rack.apply(vec![stage.config("a")], Vec::new()).await;
    modem.expect("ATZ\r");
    modem.say("\r\nERROR\r\n");
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.expect("ATZ\r");
    modem.say("\r\nERROR\r\n");
    let trouble = stage.until("a", "silent").await.trouble.unwrap();
    assert!(trouble.contains("`ATZ` with ERROR"), "{trouble}");
    assert_eq!(stage.rack.failures(), [("silent", 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_unplugged_in_a_call_ends_it_and_is_waited_for() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
    let mut call = dialling.await.unwrap().unwrap();
    modem.unplug();
    let lost = tokio::time::timeout(PATIENCE, call.receive(&mut [0; 16])).await.unwrap();
    assert_eq!(carrier::cause_of_end(&lost.unwrap_err()), Cause::DeviceLost);
    drop(call);
    stage.until("a", "absent").await;
    assert_eq!(stage.rack.calls(), [("out", "device-lost", 1)]);
    assert!(stage.rack.failures().contains(&("lost", 1)));
    let mut modem = Modem::plug_in(&stage.link("a"));
    modem.obey_init();
    assert_eq!(stage.until("a", "idle").await.trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_comes_late_is_waited_for_and_one_without_a_port_disturbs_no_other() {
    let stage = Stage::new();
    let mut modem = Modem::plug_in(&stage.link("a"));
    stage.rack.apply(vec![stage.config("a"), stage.config("b")], Vec::new()).await;
    modem.obey_init();
    stage.until("a", "idle").await;
    assert!(stage.until("b", "absent").await.trouble.unwrap().contains("cannot open"));
    let mut late = Modem::plug_in(&stage.link("b"));
    late.obey_init();
    stage.until("b", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_modem_is_asked_whether_it_is_still_there() {
    let (stage, mut modem) =
        Stage::with_one(|config| config.check_every = Span(Duration::from_millis(50))).await;
    for _ in 0..2 {
        modem.expect("AT\r");
        modem.say("\r\nOK\r\n");
    }
    assert_eq!(stage.status("a").trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_modem_that_does_not_answer_is_reset() {
    let stage = Stage::new();
    let mut modem = Modem::plug_in(&stage.link("a"));
    let check_every = Span(Duration::from_millis(50));
    let config = rack::ModemConfig { reply_within: SILENCE, check_every, ..stage.config("a") };
    stage.rack.apply(vec![config], Vec::new()).await;
    stage.until_obeyed(&mut modem).await;
    modem.expect("AT\r");
    assert_eq!(modem.expect("ATZ\r"), b"");
    modem.say("\r\nOK\r\n");
    stage.until_obeyed(&mut modem).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_is_taken_off_the_list_hangs_up_first() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
    let mut call = dialling.await.unwrap().unwrap();
    let reading = tokio::spawn(async move {
        let end = received(&mut call, &mut [0; 16]).await;
        drop(call);
        end
    });
    let rack = stage.rack.clone();
    let ending = tokio::spawn(async move { rack.apply(Vec::new(), Vec::new()).await });
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.obey_init();
    ending.await.unwrap();
    assert_eq!(reading.await.unwrap(), Received::End);
    assert!(stage.rack.status().is_empty());
}
