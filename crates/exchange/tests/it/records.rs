//! What the exchange tells whoever keeps records.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use carrier::Counts;
use exchange::{CallRecord, CallStatus, Kept, NotKept, OpenRecord, RecordKeeper, Unheard};
use tokio::sync::watch;

use crate::harness::{House, PATIENCE, Setup, rtu};

/// A keeper whose disk the test works.
#[derive(Debug)]
struct Keeper {
    disk: watch::Sender<Disk>,
    notes: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    Slow,
    Fine,
    Full,
}

#[derive(Debug)]
struct Open {
    disk: watch::Receiver<Disk>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Keeper {
    fn new(disk: Disk) -> Arc<Self> {
        Arc::new(Self { disk: watch::Sender::new(disk), notes: Arc::default() })
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().expect("notes").clone()
    }

    fn house(self: &Arc<Self>, text: &str) -> House {
        let keeper: Arc<dyn RecordKeeper> = self.clone();
        Setup::new(text).start_with_records(Some(keeper))
    }
}

impl RecordKeeper for Keeper {
    fn begin(&self, call: &CallStatus) -> Result<Box<dyn OpenRecord>, NotKept> {
        if *self.disk.borrow() == Disk::Full {
            return Err(NotKept);
        }
        let notes = Arc::clone(&self.notes);
        notes.lock().expect("notes").push(format!("begin over {}", call.over));
        Ok(Box::new(Open { disk: self.disk.subscribe(), notes }))
    }

    fn turned_away(&self, caller: &Unheard<'_>) {
        self.notes.lock().expect("notes").push(format!("away {}: {}", caller.from, caller.why));
    }
}

impl Open {
    fn note(&self, text: String) {
        self.notes.lock().expect("notes").push(text);
    }
}

impl OpenRecord for Open {
    fn kept(&mut self) -> Kept {
        let mut disk = self.disk.clone();
        Box::pin(async move {
            let settled = disk.wait_for(|disk| *disk != Disk::Slow).await;
            match settled.map(|disk| *disk) {
                Ok(Disk::Fine) => Ok(()),
                _ => Err(NotKept),
            }
        })
    }

    fn travels(&self, over: &str) {
        self.note(format!("over {over}"));
    }

    fn logged_in(&self, account: &str, _: SystemTime) {
        self.note(format!("login {account}"));
    }

    fn started(&self, _: SystemTime) {
        self.note("started".into());
    }

    fn count(&self, _: Counts) {}

    fn end(self: Box<Self>, record: &CallRecord) {
        self.note(format!("end {} tried {:?}", record.end.code(), record.tried));
    }
}

const CAT: &[&str] = &["/bin/cat"];

#[tokio::test]
async fn a_call_is_told_of_from_begin_to_end() {
    let keeper = Keeper::new(Disk::Fine);
    let house = keeper.house(&rtu("pipe", CAT));
    let mut caller = house.rtu().await;
    caller.finish().await;
    caller.rest().await;
    let record = house.record().await;
    assert!(record.call.login >= Some(record.call.since));
    assert!(record.call.started >= record.call.login);
    assert!(record.round_trip.is_some());
    assert_eq!(
        keeper.notes(),
        ["begin over tcp", "login rtu", "started", "end program-ended tried None"]
    );
}

#[tokio::test]
async fn nothing_is_shown_before_the_call_is_on_record() {
    let keeper = Keeper::new(Disk::Slow);
    let house = keeper.house(&rtu("pipe", CAT));
    let mut caller = house.raw().await;
    // It can't be seen that nothing comes; but the call is there, and its prompt comes only afterwards.
    let waiting = async {
        while house.exchange.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("a call");
    assert_eq!(house.exchange.calls()[0].sent, 0);
    keeper.disk.send_replace(Disk::Fine);
    caller.expect("login: ").await;
}

#[tokio::test]
async fn a_call_that_can_not_be_put_on_record_is_told_that_it_is_busy() {
    for disk in [Disk::Full, Disk::Slow] {
        let keeper = Keeper::new(disk);
        let house = keeper.house(&rtu("pipe", CAT));
        let caller = house.raw().await;
        if disk == Disk::Slow {
            let begun = async {
                while keeper.notes().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, begun).await.expect("a begin");
            keeper.disk.send_replace(Disk::Full);
        }
        assert_eq!(caller.rest().await, b"BUSY\r\n");
        assert_eq!(house.record().await.end.code(), "unrecorded");
        assert!(keeper.notes().iter().all(|note| !note.starts_with("end")), "{disk:?}");
    }
}

#[tokio::test]
async fn a_name_is_on_record_only_if_it_is_an_accounts() {
    let keeper = Keeper::new(Disk::Fine);
    let house = keeper.house(&rtu("pipe", CAT));
    for (name, tried) in [("rtu", "Some(\"rtu\")"), ("hunter2", "None")] {
        let mut caller = house.raw().await;
        for _ in 0..3 {
            caller.give(name, "wrong").await;
        }
        caller.rest().await;
        let told = format!("end login-tries tried {tried}");
        let ended = async {
            while !keeper.notes().contains(&told) {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, ended).await.is_ok(), "{:?}", keeper.notes());
    }
    assert!(!keeper.notes().iter().any(|note| note.contains("hunter2")));
}

#[tokio::test]
async fn callers_turned_away_are_told_of() {
    let keeper = Keeper::new(Disk::Fine);
    let text = "[[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccess = \"deny any\"\n";
    let house = keeper.house(&format!("{text}{}", rtu("pipe", CAT)));
    let _ = tokio::net::TcpStream::connect(house.address()).await;
    let told = async {
        while keeper.notes().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("told");
    assert_eq!(keeper.notes(), ["away 127.0.0.1: not allowed by the access rules"]);
}
