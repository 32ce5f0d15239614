//! A store in a folder of its own, and calls to put in it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use store::{CallBegan, CallEnded, CallRow, Direction, Filter, Place, Settings, Store, Ticket};

/// Longer than any of this takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("trunkline.db")
    }

    pub(crate) fn open(&self) -> Store {
        self.open_with(&Settings::default())
    }

    pub(crate) fn open_with(&self, settings: &Settings) -> Store {
        Store::open(&self.path(), settings).expect("a store")
    }
}

pub(crate) fn began(number: &str) -> CallBegan {
    CallBegan {
        number: number.into(),
        place: Place::Exchange,
        direction: Direction::In,
        line: "0.0.0.0:8023".into(),
        party: "192.0.2.7:40112".into(),
        over: "tcp".into(),
        rang: SystemTime::now(),
    }
}

pub(crate) fn ended(cause: &str) -> CallEnded {
    CallEnded {
        cause: cause.into(),
        words: cause.replace('-', " "),
        ended: SystemTime::now(),
        lasted: Duration::from_secs(3),
        ..CallEnded::default()
    }
}

/// A call that is on record.
pub(crate) async fn begin(store: &Store, number: &str) -> Ticket {
    let mut ticket = store.call_began(began(number)).expect("not refused");
    ticket.kept().await.expect("kept");
    ticket
}

pub(crate) fn all(store: &Store) -> Vec<CallRow> {
    list(store, Filter::default())
}

pub(crate) fn list(store: &Store, filter: Filter) -> Vec<CallRow> {
    store.calls(filter).expect("a list").collect::<Result<_, _>>().expect("rows")
}

pub(crate) fn numbers(calls: &[CallRow]) -> Vec<&str> {
    calls.iter().map(|call| call.number.as_str()).collect()
}
