//! What lines tell whoever keeps records.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use carrier::Counts;
use line::{CallNow, CallRecord, Kept, NotKept, OpenRecord, RecordKeeper, TurnedAway};
use tokio::sync::watch;

use crate::equipment::{Dead, Far, Plugged, Wire, start, switchboard, until};

const LISTEN: &str = "listen = \"127.0.0.1:0\"\n";

/// A keeper whose disk the test works.
struct Keeper {
    disk: watch::Sender<Disk>,
    notes: Notes,
}

type Notes = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    Slow,
    Fine,
    Full,
}

struct Open(watch::Receiver<Disk>, Notes);

impl RecordKeeper for Keeper {
    fn begin(&self, line: &str, call: &CallNow) -> Result<Box<dyn OpenRecord>, NotKept> {
        if *self.disk.borrow() == Disk::Full {
            return Err(NotKept);
        }
        self.notes.lock().unwrap().push(format!("{line} {}", call.direction.word()));
        Ok(Box::new(Open(self.disk.subscribe(), Arc::clone(&self.notes))))
    }

    fn turned_away(&self, caller: &TurnedAway<'_>) {
        self.notes.lock().unwrap().push(format!("away {}", caller.cause.code()));
    }
}

impl OpenRecord for Open {
    fn kept(&mut self) -> Kept {
        let mut disk = self.0.clone();
        Box::pin(async move {
            let settled = disk.wait_for(|disk| *disk != Disk::Slow).await;
            match settled.map(|disk| *disk) {
                Ok(Disk::Fine) => Ok(()),
                _ => Err(NotKept),
            }
        })
    }

    fn connected(&self, _: SystemTime, over: &str) {
        assert!(over.starts_with("127.0.0.1:"), "{over}");
        self.1.lock().unwrap().push("connected".into());
    }

    fn count(&self, _: Counts) {}

    fn end(self: Box<Self>, record: &CallRecord) {
        let transport = record.transport.unwrap_or("nothing");
        self.1.lock().unwrap().push(format!("{} over {transport}", record.cause.code()));
    }
}

/// A line whose calls are put on record.
async fn plug(disk: Disk) -> (Arc<Keeper>, Plugged) {
    let keeper = Arc::new(Keeper { disk: watch::Sender::new(disk), notes: Arc::default() });
    let board = switchboard();
    board.keep_records(keeper.clone());
    let line = start(&board, "a", LISTEN);
    let dte = Wire::connect(line.place()).await;
    (keeper, Plugged { board, line, dte })
}

impl Keeper {
    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_dialled_call_is_told_of_from_begin_to_end() {
    let (keeper, mut plugged) = plug(Disk::Fine).await;
    let far = Far::listen().await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    drop(peer);
    plugged.dte.hear_until("NO CARRIER\r\n").await;
    let dead = Dead::bind();
    plugged.dte.say(format!("ATDT{}\r", dead.address())).await;
    plugged.dte.hear_until("BUSY\r\n").await;
    until(|| keeper.notes().len() == 5).await;
    let far_end = keeper.notes().remove(2);
    assert!(["remote-hang-up over tcp", "reset over tcp"].contains(&&*far_end), "{far_end}");
    let notes = keeper.notes();
    assert_eq!([&notes[0], &notes[1], &notes[3]], ["a out", "connected", "a out"]);
    assert_eq!(notes[4], "refused over nothing");
    let record = &plugged.line.calls()[1];
    assert!(record.connected >= Some(record.since) && record.round_trip.is_some());
}

#[tokio::test]
async fn nobody_is_called_and_nothing_rings_before_it_is_on_record() {
    let (keeper, mut plugged) = plug(Disk::Slow).await;
    let far = Far::listen().await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    until(|| keeper.notes() == ["a out"]).await;
    assert_eq!(plugged.line.status().state, "dialling");
    keeper.disk.send_replace(Disk::Fine);
    let _peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;

    let (keeper, mut plugged) = plug(Disk::Slow).await;
    let mut caller = Wire::connect(&plugged.line.listens()[0]).await;
    until(|| keeper.notes() == ["a in"]).await;
    assert_eq!(plugged.line.status().state, "command");
    keeper.disk.send_replace(Disk::Fine);
    plugged.dte.hear("\r\nRING\r\n").await;
    plugged.dte.say("ATE0A\r").await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.say("hello").await;
    caller.hear("hello").await;
}

#[tokio::test]
async fn without_room_for_records_a_line_is_busy_both_ways() {
    let (keeper, mut plugged) = plug(Disk::Full).await;
    let far = Far::listen().await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    plugged.dte.hear_until("BUSY\r\n").await;
    assert_eq!(plugged.line.calls()[0].cause.code(), "unrecorded");
    let mut caller = Wire::connect(&plugged.line.listens()[0]).await;
    assert_eq!(caller.rest().await, b"");
    assert!(keeper.notes().is_empty());
    // As soon as there is room it works again.
    keeper.disk.send_replace(Disk::Fine);
    let _caller = Wire::connect(&plugged.line.listens()[0]).await;
    plugged.dte.hear("\r\nRING\r\n").await;
}

#[tokio::test]
async fn a_caller_who_leaves_before_his_record_is_kept_never_rings() {
    let (keeper, plugged) = plug(Disk::Slow).await;
    drop(Wire::connect(&plugged.line.listens()[0]).await);
    until(|| keeper.notes().iter().any(|note| note == "caller-gone over nothing")).await;
    // And one whom the line can't take, since it has a call by then.
    let _first = Wire::connect(&plugged.line.listens()[0]).await;
    until(|| keeper.notes().len() == 3).await;
    let mut second = Wire::connect(&plugged.line.listens()[0]).await;
    assert_eq!(second.rest().await, b"");
    assert!(keeper.notes().contains(&"away line-in-use".to_owned()), "{:?}", keeper.notes());
}

#[cfg(feature = "wip")]
#[tokio::test]
async fn a_modules_socket_is_opened_once_it_is_on_record_and_refused_where_it_cannot_be() {
    let keeper = Arc::new(Keeper { disk: watch::Sender::new(Disk::Slow), notes: Arc::default() });
    let board = switchboard();
    board.keep_records(keeper.clone());
    let line = start(&board, "a", "persona = \"wavecom-q26\"\n");
    let mut dte = Wire::connect(line.place()).await;
    let far = Far::listen().await;
    let address = far.address().to_string();
    let (host, port) = address.rsplit_once(':').unwrap();
    dte.say("ATE0+CMEE=1;+WIPCFG=1;+WIPBR=1,6\r").await;
    dte.hear_until("OK\r\n").await;
    dte.say("AT+WIPBR=4,6,0\r").await;
    dte.hear_until("OK\r\n").await;
    dte.say(format!("AT+WIPCREATE=2,1,\"{host}\",{port}\r")).await;
    dte.hear_until("OK\r\n").await;
    until(|| keeper.notes() == ["a out"]).await;
    dte.say("AT+WIPOPT=2,1,1,0\r").await;
    dte.hear_until("+CME ERROR: 831\r\n").await;
    keeper.disk.send_replace(Disk::Fine);
    dte.hear_until("+WIPREADY: 2,1\r\n").await;
    let _peer = far.answer().await;
    dte.say("AT+WIPCLOSE=2,1\r").await;
    dte.hear_until("OK\r\n").await;
    until(|| keeper.notes() == ["a out", "connected", "local-hang-up over tcp"]).await;
    keeper.disk.send_replace(Disk::Full);
    dte.say(format!("AT+WIPCREATE=2,1,\"{host}\",{port}\r")).await;
    dte.hear_until("+CME ERROR: 838\r\n").await;
    assert_eq!(line.calls()[0].cause.code(), "unrecorded");
}
