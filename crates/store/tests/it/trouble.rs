//! A disk that is full.

use std::time::SystemTime;

use store::{AccountRow, Refused, SampleBatch, SampleRow, SampleValue, Settings, Ticket, quality};

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

#[tokio::test]
async fn a_full_disk_refuses_samples_and_takes_the_same_ones_once_there_is_room() {
    let stage = Stage::new();
    let store = stage.open_with(&Settings { most_pages: Some(80), ..Settings::default() });
    let batch = |n: u64| SampleBatch {
        site: "pump".into(),
        source: "boot".into(),
        samples: (n * 500..(n + 1) * 500)
            .map(|seq| SampleRow {
                point: "level".into(),
                seq: seq + 1,
                at: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seq),
                value: SampleValue::Number(1.0),
                quality: quality::GOOD,
            })
            .collect(),
    };
    let mut kept = 0;
    for n in 0.. {
        let Ok(storing) = store.put_samples(batch(n)) else { break };
        let Ok(stored) = storing.await else { break };
        kept = stored.upto;
    }
    assert!(kept > 0);
    assert_eq!(store.upto("pump", "boot").expect("read"), kept, "whole batches or nothing");
    store.close(std::time::Duration::ZERO);
    drop(store);

    let store = stage.open();
    let again = kept / 500 - 1;
    let known = store.put_samples(batch(again)).expect("taken").await.expect("stored");
    assert_eq!((known.fresh, known.known), (0, 500));
    let fresh = store.put_samples(batch(again + 1)).expect("taken").await.expect("stored");
    assert_eq!((fresh.fresh, fresh.upto), (500, kept + 500));
    let span = (SystemTime::UNIX_EPOCH, SystemTime::now());
    assert_eq!(store.count_samples(("pump", "level"), span).expect("read"), kept + 500);
    // The sums of hours tell the same, though some were refused half-way.
    let series = store.series(("pump", "level"), span, 10).expect("drawn");
    assert_eq!(series.iter().map(|bucket| bucket.count).sum::<u64>(), kept + 500);
}
