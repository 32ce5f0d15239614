//! Calls from begin to end, through crashes and restarts.

use std::time::{Duration, Instant, SystemTime};

use store::{CallEnded, Durability, Place, Settings, Store, TurnedAway};

use crate::stage::{LONG, Stage, all, began, begin, ended, numbers};

/// The files as they are now, as a process that is killed leaves them.
fn killed(stage: &Stage) -> Stage {
    let after = Stage::new();
    for entry in std::fs::read_dir(stage.folder.path()).expect("a folder") {
        let from = entry.expect("an entry").path();
        // The shared memory is gone with its process.
        if from.extension().is_none_or(|extension| extension != "db-shm") {
            let name = from.file_name().expect("a name");
            std::fs::copy(&from, after.folder.path().join(name)).expect("copied");
        }
    }
    after
}

#[tokio::test]
async fn a_record_tells_a_call_from_begin_to_end() {
    let stage = Stage::new();
    let store = stage.open();
    let ticket = begin(&store, "1").await;
    let now = SystemTime::now();
    ticket.logged_in("site-0042", now);
    ticket.started(now + Duration::from_secs(1));
    ticket.travels_over("telnet");
    ticket.end(CallEnded {
        received: 12,
        sent: 34,
        status: "signal 15".into(),
        round_trip: Some(Duration::from_micros(1_500)),
        ..ended("caller-hung-up")
    });
    assert!(store.settle(LONG));
    let calls = all(&store);
    let [call] = calls.as_slice() else { panic!("one call: {calls:?}") };
    assert_eq!((call.place, call.line.as_str()), (Place::Exchange, "0.0.0.0:8023"));
    assert_eq!(call.account.as_deref(), Some("site-0042"));
    assert_eq!(call.over, "telnet");
    assert!(call.login.is_some() && call.started > call.login && call.ended.is_some());
    assert_eq!((call.received, call.sent), (12, 34));
    assert_eq!(call.cause.as_deref(), Some("caller-hung-up"));
    assert_eq!(call.words.as_deref(), Some("caller hung up"));
    assert_eq!(call.status.as_deref(), Some("signal 15"));
    assert_eq!(call.lasted, Duration::from_secs(3));
    assert_eq!(call.round_trip, Some(Duration::from_micros(1_500)));
}

#[tokio::test]
async fn calls_that_a_crash_has_cut_show_as_such() {
    let stage = Stage::new();
    let store = stage.open();
    let over = begin(&store, "over").await;
    over.end(ended("program-ended"));
    let cut = begin(&store, "cut").await;
    cut.logged_in("site-0042", SystemTime::now());
    assert!(store.settle(LONG));

    let after = killed(&stage);
    let store = after.open();
    let calls = all(&store);
    assert_eq!(numbers(&calls), ["cut", "over"]);
    assert_eq!(calls[0].cause.as_deref(), Some("crash"));
    assert_eq!(calls[0].words.as_deref(), Some("cut off by a crash or power loss"));
    assert_eq!(calls[0].account.as_deref(), Some("site-0042"));
    assert!(calls[0].ended.is_some_and(|ended| ended >= calls[0].rang));
    assert_eq!(calls[1].cause.as_deref(), Some("program-ended"));
}

#[tokio::test]
async fn a_begin_is_on_disk_before_anybody_goes_on() {
    let stage = Stage::new();
    let store = stage.open();
    let _ticket = begin(&store, "1").await;
    // Nothing was waited for after the begin.
    assert_eq!(numbers(&all(&killed(&stage).open())), ["1"]);
}

#[tokio::test]
async fn a_task_that_is_dropped_leaves_an_end() {
    let stage = Stage::new();
    let store = stage.open();
    let ticket = begin(&store, "1").await;
    ticket.count(5, 6);
    drop(ticket);
    // Not even waited for.
    drop(store.call_began(began("2")).expect("not refused"));
    assert!(store.settle(LONG));
    let calls = all(&store);
    assert_eq!(numbers(&calls), ["2", "1"]);
    assert!(calls.iter().all(|call| call.cause.as_deref() == Some("abandoned")));
    assert_eq!((calls[1].received, calls[1].sent), (5, 6));
}

#[tokio::test]
async fn what_waits_is_written_when_the_store_is_closed() {
    let stage = Stage::new();
    let store = stage.open();
    begin(&store, "1").await.end(ended("program-ended"));
    store.close(LONG);
    assert!(store.call_began(began("2")).is_err());
    drop(store);
    let calls = all(&stage.open());
    assert_eq!(calls[0].cause.as_deref(), Some("program-ended"));
}

#[tokio::test]
async fn places_are_not_used_again() {
    let stage = Stage::new();
    let first = begin(&stage.open(), "1").await.row();
    assert!(begin(&stage.open(), "2").await.row() > first);
}

#[tokio::test]
async fn callers_turned_away_become_one_record_for_each_source() {
    let stage = Stage::new();
    let store = stage.open();
    let away = |from: &str| TurnedAway {
        place: Place::Exchange,
        line: "0.0.0.0:8023".into(),
        from: from.into(),
        over: "tcp".into(),
        cause: "turned-away".into(),
        words: "too many calls".into(),
    };
    (0..500).for_each(|_| store.turned_away(away("192.0.2.1")));
    store.turned_away(away("192.0.2.2"));
    assert!(store.settle(LONG));
    (0..500).for_each(|_| store.turned_away(away("192.0.2.1")));
    assert!(store.settle(LONG));
    let mut calls = all(&store);
    calls.sort_by(|a, b| a.party.cmp(&b.party));
    let told: Vec<_> = calls.iter().map(|call| (call.party.as_str(), call.count)).collect();
    assert_eq!(told, [("192.0.2.1", 1_000), ("192.0.2.2", 1)]);
    assert!(calls.iter().all(|call| call.ended.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_are_all_on_record() {
    let stage = Stage::new();
    let store = stage.open();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..2_000 {
        let store: Store = store.clone();
        tasks.spawn(async move {
            let ticket = begin(&store, &n.to_string()).await;
            ticket.logged_in("site", SystemTime::now());
            ticket.count(n, n);
            ticket.end(CallEnded { received: n, sent: n, ..ended("program-ended") });
        });
    }
    tasks.join_all().await;
    assert!(store.settle(LONG));
    let calls = all(&store);
    assert_eq!(calls.len(), 2_000);
    for call in calls {
        assert_eq!(call.number, call.received.to_string());
        assert_eq!(call.cause.as_deref(), Some("program-ended"));
        assert_eq!(call.account.as_deref(), Some("site"));
    }
}

#[tokio::test]
async fn other_settings_hold_from_when_they_are_changed() {
    let stage = Stage::new();
    let store = stage.open();
    for number in 0..10 {
        begin(&store, &number.to_string()).await.end(ended("caller-hung-up"));
    }
    assert!(store.settle(LONG));
    assert_eq!(all(&store).len(), 10);
    let settings = Settings { most: Some(3), durability: Durability::Crash, ..Settings::default() };
    store.change(settings).expect("not closed");
    let end = Instant::now() + LONG;
    while all(&store).len() != 3 {
        assert!(Instant::now() < end, "{} are left", all(&store).len());
    }
    assert_eq!(numbers(&all(&store)), ["9", "8", "7"]);
}
