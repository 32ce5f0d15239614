use std::time::Duration;

use at::result::Cause;
use rack::{Group, Service, WhenBusy};
use settings::HuntOrder;

use crate::stage::{Modem, Stage};

fn group(order: HuntOrder, when_busy: WhenBusy) -> Group {
    Group { name: "out".into(), members: vec!["a".into(), "b".into()], order, when_busy }
}

fn connect(modem: &mut Modem) {
    modem.expect("ATDT5\r");
    modem.say("\r\nCONNECT\r\n");
}

/// Ends the call and waits for the modem to be ready again.
async fn end(stage: &Stage, modem: &mut Modem, name: &str, call: carrier::Call) {
    drop(call);
    modem.expect("ATH0\r");
    modem.say("\r\nOK\r\n");
    modem.obey_init();
    stage.until(name, "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_free_modem_is_taken_and_when_all_are_taken_the_call_is_refused() {
    let (stage, mut modems) =
        Stage::with_group(&["a", "b"], group(HuntOrder::Linear, WhenBusy::Refuse)).await;
    let first = stage.dial("modem:out/5");
    connect(&mut modems[0]);
    let first = first.await.unwrap().unwrap();
    assert_eq!(first.peer().to_string(), "modem:a/5");
    let second = stage.dial("modem:out/5");
    connect(&mut modems[1]);
    let _second = second.await.unwrap().unwrap();
    let third = stage.dial("modem:out/5").await.unwrap().unwrap_err();
    assert_eq!(third.cause(), Cause::LineInUse);
    end(&stage, &mut modems[0], "a", first).await;
    let fourth = stage.dial("modem:out/5");
    connect(&mut modems[0]);
    fourth.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_may_wait_for_a_modem_and_not_for_ever() {
    let patience = WhenBusy::Wait(Duration::from_secs(20));
    let (stage, mut modems) = Stage::with_group(&["a"], group(HuntOrder::Linear, patience)).await;
    let first = stage.dial("modem:out/5");
    connect(&mut modems[0]);
    let first = first.await.unwrap().unwrap();
    let second = stage.dial("modem:out/5");
    drop(first);
    modems[0].expect("ATH0\r");
    modems[0].say("\r\nOK\r\n");
    modems[0].obey_init();
    connect(&mut modems[0]);
    let _second = second.await.unwrap().unwrap();

    let short = group(HuntOrder::Linear, WhenBusy::Wait(Duration::from_millis(50)));
    stage.rack.apply(vec![stage.config("a")], vec![short]).await;
    let third = stage.dial("modem:out/5").await.unwrap().unwrap_err();
    assert_eq!(third.cause(), Cause::QueueTimeout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_robin_goes_on_behind_the_last_call() {
    let (stage, mut modems) =
        Stage::with_group(&["a", "b"], group(HuntOrder::RoundRobin, WhenBusy::Refuse)).await;
    for (place, name) in [(0, "a"), (1, "b"), (0, "a")] {
        let dialling = stage.dial("modem:out/5");
        connect(&mut modems[place]);
        let call = dialling.await.unwrap().unwrap();
        assert_eq!(call.peer().to_string(), format!("modem:{name}/5"));
        end(&stage, &mut modems[place], name, call).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_idle_is_taken_first_though_the_other_is_behind_the_last_call() {
    let (stage, mut modems) =
        Stage::with_group(&["a", "b"], group(HuntOrder::LongestIdle, WhenBusy::Refuse)).await;
    let mut calls = Vec::new();
    for modem in &mut modems {
        let dialling = stage.dial("modem:out/5");
        connect(modem);
        calls.push(dialling.await.unwrap().unwrap());
    }
    let [first, second] = calls.try_into().expect("two calls");
    end(&stage, &mut modems[1], "b", second).await;
    end(&stage, &mut modems[0], "a", first).await;
    let dialling = stage.dial("modem:out/5");
    connect(&mut modems[1]);
    assert_eq!(dialling.await.unwrap().unwrap().peer().to_string(), "modem:b/5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_out_of_service_are_skipped_and_so_are_those_that_say_busy_not() {
    let (stage, mut modems) =
        Stage::with_group(&["a", "b"], group(HuntOrder::Linear, WhenBusy::Refuse)).await;
    stage.rack.set_service("a", Service::BusiedOut);
    let dialling = stage.dial("modem:out/5");
    modems[1].expect("ATDT5\r");
    modems[1].say("\r\nBUSY\r\n");
    // The far end is as busy for every modem.
    assert_eq!(dialling.await.unwrap().unwrap_err().cause(), Cause::Busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_get_a_modem_each_or_none() {
    let (stage, mut modems) =
        Stage::with_group(&["a", "b"], group(HuntOrder::Linear, WhenBusy::Refuse)).await;
    let dialling: Vec<_> = (0..50).map(|_| stage.dial("modem:out/5")).collect();
    modems.iter_mut().for_each(connect);
    let mut calls = Vec::new();
    for dialled in dialling {
        match dialled.await.unwrap() {
            Ok(call) => calls.push(call.peer().to_string()),
            Err(error) => assert_eq!(error.cause(), Cause::LineInUse),
        }
    }
    calls.sort();
    assert_eq!(calls, ["modem:a/5", "modem:b/5"]);
}
