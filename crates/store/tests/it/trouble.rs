//! A disk that is full.

use std::time::SystemTime;

use store::{AccountRow, Refused, Settings, Ticket};

use crate::stage::{LONG, Stage, all, began, begin, ended};

/// A file as large as this many pages is a full disk; an empty store has about half of them.
fn small() -> Settings {
    Settings { most_pages: Some(40), ..Settings::default() }
}

/// Calls until the disk is full.
async fn fill(store: &store::Store) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for n in 0.. {
        let Ok(mut ticket) = store.call_began(began(&n.to_string())) else { break };
        if ticket.kept().await.is_err() {
            break;
        }
        tickets.push(ticket);
    }
    tickets
}

#[tokio::test]
async fn a_full_disk_refuses_calls_and_keeps_the_ends_of_those_that_there_are() {
    let stage = Stage::new();
    let store = stage.open_with(&small());
    let tickets = fill(&store).await;
    let count = tickets.len();
    assert!(count > 10, "{count}");
    // Refused at once now, without a try.
    assert_eq!(store.call_began(began("late")).expect_err("refused"), Refused::Trouble);
    tickets.into_iter().for_each(|ticket| ticket.end(ended("caller-hung-up")));
    // Nobody makes room, so there is nothing to wait for.
    store.close(std::time::Duration::ZERO);
    drop(store);

    // With room again, all is as if nothing had been.
    let store = stage.open();
    let calls = all(&store);
    assert_eq!(calls.len(), count);
    // An end that found no room when the store was closed is a cut call's.
    for call in calls {
        let cause = call.cause.expect("a cause");
        assert!(["caller-hung-up", "crash"].contains(&cause.as_str()), "{cause}");
    }
}

#[tokio::test]
async fn when_there_is_room_again_the_ends_are_written_and_calls_are_taken() {
    let stage = Stage::new();
    let store = stage.open_with(&Settings { most_pages: Some(240), ..Settings::default() });
    let large = AccountRow {
        name: "large".into(),
        kind: "machine".into(),
        verifier: "x".repeat(800_000),
        settings: Vec::new(),
        keys: Vec::new(),
        certificates: Vec::new(),
        created: SystemTime::now(),
        changed: SystemTime::now(),
    };
    store.add_account(large).expect("added");
    let tickets = fill(&store).await;
    let count = tickets.len();
    tickets.into_iter().for_each(|ticket| ticket.end(ended("caller-hung-up")));

    // Somebody makes room.
    store.remove_account("large").expect("removed");
    assert!(store.settle(LONG), "the ends are written without anybody asking");
    let calls = all(&store);
    assert_eq!(calls.len(), count);
    assert!(calls.iter().all(|call| call.cause.as_deref() == Some("caller-hung-up")));
    begin(&store, "again").await;
}
