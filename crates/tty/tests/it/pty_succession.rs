//! One client takes the place of another.

use std::future::poll_fn;
use std::io::{ErrorKind, Read as _, Write as _};
use std::task::Poll;

use tty::{Ferry, PtyEvent};

use crate::client::{change, event, fill, open, open_non_blocking, receive, send, soon};
use crate::pty::{offer, settings};

#[tokio::test]
async fn who_opens_before_the_last_close_was_seen_is_answered_all_the_same() {
    let (mut end, path) = offer();
    let leaving = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    change(&leaving, |termios| termios.set_speed(0).unwrap());
    assert!(settings(&mut end).await.hung_up);
    send(&mut end, b"stale").await.unwrap();
    drop(leaving);
    let mut next = open_non_blocking(&path);
    next.write_all(b"AT\r").unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Replaced);
    assert!(!settings(&mut end).await.hung_up, "the newcomer has dropped no DTR");
    assert_eq!(event(&mut end).await.1, b"AT\r");
    send(&mut end, b"OK").await.unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert!(!end.settings().hung_up);
    let mut heard = [0; 16];
    let length = next.read(&mut heard).unwrap();
    assert_eq!(heard[..length].escape_ascii().to_string(), "OK");
}

#[tokio::test]
async fn what_a_client_leaves_unread_is_not_there_for_the_next() {
    let (mut end, path) = offer();
    for stale in [Some(1), Some(4000), Some(8000), None] {
        let client = open(&path);
        assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
        match stale {
            Some(length) => send(&mut end, &vec![b'S'; length]).await.unwrap(),
            None => drop(fill(&mut end).await),
        }
        drop(client);
        assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
        let mut next = open_non_blocking(&path);
        assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
        let found = next.read(&mut [0; 4096]).map_err(|error| error.kind());
        assert_eq!(found, Err(ErrorKind::WouldBlock), "after {stale:?}");
        drop(next);
        assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    }
}

#[tokio::test]
async fn what_is_written_for_a_client_that_was_replaced_is_not_for_the_next() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    send(&mut end, b"stale").await.unwrap();
    client.write_all(b"last").unwrap();
    drop(client);
    soon(poll_fn(|cx| end.poll_left(cx))).await;
    let mut next = open_non_blocking(&path);
    next.write_all(b"first").unwrap();
    send(&mut end, b"after").await.unwrap();
    let mut heard = [0; 16];
    let length = next.read(&mut heard).unwrap_or(0);
    assert!(!heard[..length].ends_with(b"after"), "{}", heard[..length].escape_ascii());
    assert_eq!(event(&mut end).await.0, PtyEvent::Replaced);
    assert_eq!(next.read(&mut heard).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    assert_eq!(receive(&mut end, 9).await, b"lastfirst", "nothing tells them apart");
    send(&mut end, b"answer").await.unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let length = next.read(&mut heard).unwrap();
    assert_eq!(heard[..length].escape_ascii().to_string(), "answer");
}

#[tokio::test]
async fn who_opens_in_the_moment_of_the_last_close_is_a_client_of_his_own() {
    let (mut end, path) = offer();
    for stale in [1, 4000, 8000] {
        let leaving = open(&path);
        assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
        send(&mut end, &vec![b'S'; stale]).await.unwrap();
        drop(leaving);
        let mut next = open_non_blocking(&path);
        assert_eq!(event(&mut end).await.0, PtyEvent::Replaced);
        assert_eq!(event(&mut end).await.0, PtyEvent::Closed, "nothing was written");
        assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
        let found = next.read(&mut [0; 4096]).map_err(|error| error.kind());
        assert_eq!(found, Err(ErrorKind::WouldBlock), "after {stale}");
        send(&mut end, b"fresh").await.unwrap();
        assert_eq!(next.read(&mut [0; 16]).unwrap(), 5);
        drop(next);
        assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    }
}

#[tokio::test]
async fn an_owner_who_waits_hears_that_one_client_has_taken_the_place_of_another() {
    let (mut end, path) = offer();
    let leaving = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let waiting = tokio::spawn(async move {
        let event = event(&mut end).await.0;
        (end, event)
    });
    tokio::task::yield_now().await;
    drop(leaving);
    let _next = open(&path);
    assert_eq!(soon(waiting).await.unwrap().1, PtyEvent::Replaced);
}

#[tokio::test]
async fn who_reads_nothing_hears_it_too_and_what_is_written_then_vanishes() {
    let (mut end, path) = offer();
    let leaving = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    drop(leaving);
    let mut next = open_non_blocking(&path);
    soon(poll_fn(|cx| end.poll_left(cx))).await;
    send(&mut end, b"stale").await.unwrap();
    let found = next.read(&mut [0; 16]).map_err(|error| error.kind());
    assert_eq!(found, Err(ErrorKind::WouldBlock));
}

#[tokio::test]
async fn programs_that_come_and_go_beside_one_that_stays_take_nobodys_place() {
    let (mut end, path) = offer();
    let (mut stays, beside) = (open_non_blocking(&path), open(&path));
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    send(&mut end, b"for all").await.unwrap();
    // As a script does: `cat <DEV & echo AT >DEV; stty -F DEV; ...`, all of it between two looks.
    drop(beside);
    for _ in 0..3 {
        drop(open(&path));
        let (one, other) = (open(&path), open(&path));
        drop((one, other));
    }
    stays.write_all(b"x").unwrap();
    assert_eq!(event(&mut end).await.1, b"x");
    assert_eq!(stays.read(&mut [0; 16]).unwrap(), 7);
    drop(stays);
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn what_another_thread_writes_for_a_client_that_was_replaced_is_not_for_the_next() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let berth = poll_fn(|cx| Poll::Ready(end.lend(cx))).await.unwrap().unwrap();
    let (from, _far) = std::os::unix::net::UnixStream::pair().unwrap();
    from.set_nonblocking(true).unwrap();
    let ferry = Ferry::new(from.into(), None, berth, Vec::new());
    let lease = ferry.lease();
    std::thread::spawn(|| ferry.run());
    drop(client);
    soon(poll_fn(|cx| end.poll_left(cx))).await;
    assert!(lease.is_recalled(), "though nobody takes an event");
}

#[tokio::test]
async fn more_comings_and_goings_than_the_kernel_keeps_take_nobodys_place() {
    let (mut end, path) = offer();
    let mut stays = open_non_blocking(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    send(&mut end, b"for all").await.unwrap();
    // Each is told four times, and 16,384 times are kept.
    for _ in 0..6000 {
        drop(open(&path));
    }
    stays.write_all(b"x").unwrap();
    assert_eq!(event(&mut end).await.1, b"x");
    assert_eq!(stays.read(&mut [0; 16]).unwrap(), 7);
    drop(stays);
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    let _next = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
}
