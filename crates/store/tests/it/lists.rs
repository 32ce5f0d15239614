//! Which calls a list shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::{CallBegan, CallEnded, Direction, Filter, Outcome, Settings, Store};

use crate::stage::{LONG, Stage, began, ended, list, numbers};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

/// Ten calls, a second apart.
async fn ten(store: &Store) {
    for n in 0..10_u64 {
        let mut ticket = store
            .call_began(CallBegan {
                rang: at(n),
                party: format!("192.0.2.{n}:4000"),
                direction: if n % 2 == 0 { Direction::In } else { Direction::Out },
                line: if n < 5 { "low".into() } else { "high".into() },
                ..began(&n.to_string())
            })
            .expect("not refused");
        ticket.kept().await.expect("kept");
        if n % 3 == 0 {
            ticket.logged_in("site", at(n));
            ticket.started(at(n));
        }
        let cause = if n == 4 { "line-lost" } else { "caller-hung-up" };
        ticket.end(CallEnded { ended: at(n + 1), ..ended(cause) });
    }
    assert!(store.settle(LONG));
}

#[tokio::test]
async fn a_list_shows_what_was_asked_for() {
    let stage = Stage::new();
    let store = stage.open_with(&Settings { keep: None, ..Settings::default() });
    ten(&store).await;
    let any = Filter::default;
    let cases = [
        (Filter { limit: Some(3), ..any() }, "9 8 7"),
        (Filter { account: Some("site".into()), ..any() }, "9 6 3 0"),
        (Filter { line: Some("low".into()), ..any() }, "4 3 2 1 0"),
        (Filter { party: Some("192.0.2.7".into()), ..any() }, "7"),
        (Filter { since: Some(at(7)), ..any() }, "9 8 7"),
        (Filter { until: Some(at(2)), ..any() }, "2 1 0"),
        (Filter { since: Some(at(99)), ..any() }, ""),
        (Filter { cause: Some("line-lost".into()), ..any() }, "4"),
        (Filter { direction: Some(Direction::Out), ..any() }, "9 7 5 3 1"),
        (Filter { outcome: Outcome::Failed, ..any() }, "8 7 5 4 2 1"),
        (Filter { account: Some("' OR 1=1; --".into()), ..any() }, ""),
        (Filter { limit: Some(0), ..any() }, ""),
    ];
    for (filter, expected) in cases {
        let shown = list(&store, filter.clone());
        assert_eq!(numbers(&shown).join(" "), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_hides_no_call() {
    let stage = Stage::new();
    let store = stage.open_with(&Settings { keep: None, ..Settings::default() });
    for (number, seconds) in [("before", 100), ("stepped", 50), ("after", 60)] {
        let call = CallBegan { rang: at(seconds), ..began(number) };
        store.call_began(call).expect("not refused").kept().await.expect("kept");
    }
    assert!(store.settle(LONG));
    let since = |seconds| list(&store, Filter { since: Some(at(seconds)), ..Filter::default() });
    assert_eq!(numbers(&since(55)), ["after", "before"]);
    assert_eq!(numbers(&since(100)), ["before"]);
}

#[tokio::test]
async fn a_long_list_is_read_in_pages_and_may_grow_meanwhile() {
    let stage = Stage::new();
    let store = stage.open();
    for n in 0..1_234 {
        drop(store.call_began(began(&n.to_string())).expect("not refused"));
    }
    assert!(store.settle(LONG));
    let mut calls = store.calls(Filter::default()).expect("a list");
    let first: Vec<_> = calls.by_ref().take(10).collect::<Result<_, _>>().expect("rows");
    drop(store.call_began(began("late")).expect("not refused"));
    assert!(store.settle(LONG));
    let rest: Vec<_> = calls.collect::<Result<_, _>>().expect("rows");
    assert_eq!(first.len() + rest.len(), 1_234);
    assert_eq!(first[0].number, "1233");
    assert_eq!(rest.last().map(|call| call.number.as_str()), Some("0"));
}
