//! Sites that are asked over calls that the test holds in its hands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use modbus::master::Outcome;
use modbus::pdu::Pdu;
use store::Store;
use tempfile::TempDir;

use super::{Record, shelf};
use crate::collector::{Answer, WithdrawError};
use crate::site::{Letter, Presence, Site};
use crate::{Collector, CollectorConfig, Order, OrderError, When};

struct House {
    collector: Collector,
    record: Record,
    _folder: TempDir,
}

impl House {
    /// With the site `pump`.
    fn new(framing: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let store = Store::open(&path, &store::Settings::default()).unwrap();
        let record = Record::default();
        let house = Self {
            collector: Collector::new(store, Box::new(record.clone())),
            record,
            _folder: folder,
        };
        house.speaks(framing);
        house
    }

    fn speaks(&self, framing: &str) {
        let pump = format!("name = 'pump'\nframing = '{framing}'\nwrites = 'allow'");
        self.collector.set(CollectorConfig::default(), vec![shelf(&pump)]);
    }

    fn site(&self) -> Arc<Site> {
        self.collector.site("pump").unwrap()
    }

    fn call(&self) -> Presence {
        let presence = self.site().arrive("there".into(), "1".into());
        self.collector.has_called(&self.site());
        presence
    }

    /// Has it done now.
    fn order(&self, ask: &str) -> impl Future<Output = Result<Answer, OrderError>> + use<> {
        let (collector, order) = (self.collector.clone(), order(ask, When::Now, 0));
        async move { collector.carry_out(order).await }
    }

    /// Has it done at the next call.
    async fn wish(&self, ask: &str, priority: i64) -> i64 {
        match self.collector.carry_out(order(ask, When::NextCall, priority)).await {
            Ok(Answer::Later(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, id: i64) -> String {
        self.collector.store().wish(id).unwrap().unwrap().state
    }

    async fn until(&self, id: i64, state: &str) {
        self.comes_to(state, || self.state(id) == state).await;
    }

    /// Until none of its wishes is being carried out.
    async fn rests(&self) {
        self.comes_to("rest", || !self.site().is_wishing()).await;
    }

    async fn comes_to(&self, what: &str, is: impl Fn() -> bool) {
        let end = std::time::Instant::now() + Duration::from_secs(30);
        while !is() {
            assert!(std::time::Instant::now() < end, "never: {what}");
            tokio::task::yield_now().await;
        }
    }
}

fn order(ask: &str, when: When, priority: i64) -> Order {
    let ask = ask.parse().unwrap();
    Order { site: "pump".into(), ask, when, priority, expires: None, who: "ada".into() }
}

/// The next question.
async fn asked(call: &mut Presence) -> Letter {
    call.inbox.recv().await.expect("a question")
}

fn function(letter: &Letter) -> u8 {
    letter.question.function()
}

/// Registers that are 7, and written as one wants.
fn answer(letter: Letter) {
    let pdu = letter.question.pdu();
    let pdu = match pdu.function() {
        3 => Pdu::new(&[3, 2, 0, 7]).unwrap(),
        _ => pdu,
    };
    let _ = letter.answer.send(Ok(Outcome::Answer(pdu)));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_confirmed_is_on_record_as_written_however_long_it_takes_to_read_it_again()
{
    let house = House::new("rtu");
    let mut call = house.call();
    let written = tokio::spawn(house.order("write h:1 = 5"));
    let before = asked(&mut call).await;
    // As long as a slow site may take for each of them.
    tokio::time::advance(Duration::from_secs(50)).await;
    answer(before);
    let write = asked(&mut call).await;
    tokio::time::advance(Duration::from_secs(50)).await;
    answer(write);
    let _unanswered = asked(&mut call).await;
    let Ok(Answer::Written { old, new, .. }) = written.await.unwrap() else { panic!("written") };
    assert_eq!((old.as_str(), new.as_str()), ("7", "unknown"));
    assert_eq!(house.record.all(), ["site-writing", "site-write"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_answers_is_in_doubt_and_one_that_was_never_sent_is_not() {
    let house = House::new("rtu");
    let mut call = house.call();
    let silent = tokio::spawn(house.order("write h:1 = 5"));
    let _unanswered = asked(&mut call).await;
    assert!(matches!(silent.await.unwrap(), Err(OrderError::Silent)));
    let doubted = tokio::spawn(house.order("write h:1 = 5"));
    answer(asked(&mut call).await);
    let _unanswered = asked(&mut call).await;
    assert!(matches!(doubted.await.unwrap(), Err(OrderError::Unknown(_))));
    let failed = "site-write-failed";
    assert_eq!(house.record.all(), [failed, "site-writing", failed], "the first was never sent");
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_his_write_leaves_it_on_record() {
    let house = House::new("rtu");
    let mut call = house.call();
    let wanted = tokio::spawn(house.order("write h:1 = 5"));
    answer(asked(&mut call).await);
    let write = asked(&mut call).await;
    wanted.abort();
    assert!(wanted.await.unwrap_err().is_cancelled());
    assert_eq!(house.record.all(), ["site-writing"], "before it has left");
    answer(write);
    answer(asked(&mut call).await);
    house.comes_to("an entry", || house.record.all().len() > 1).await;
    assert_eq!(house.record.all(), ["site-writing", "site-write"]);
}

#[tokio::test]
async fn nothing_is_written_while_it_can_not_be_put_on_record_and_what_is_wished_waits() {
    let house = House::new("rtu");
    let mut call = house.call();
    house.record.1.store(true, Ordering::SeqCst);
    let wanted = tokio::spawn(house.order("write h:1 = 5"));
    let old = asked(&mut call).await;
    assert_eq!(function(&old), 3);
    answer(old);
    assert!(matches!(wanted.await.unwrap(), Err(OrderError::NoRecord)));
    let wish = house.wish("write h:1 = 5", 0).await;
    house.rests().await;
    assert!(call.inbox.try_recv().is_err());
    assert_eq!(house.state(wish), "waiting");
    house.record.1.store(false, Ordering::SeqCst);
    house.collector.shared().wish(&house.site());
    answer(asked(&mut call).await);
    assert_eq!(function(&asked(&mut call).await), 6);
}

#[tokio::test]
async fn a_wish_whose_end_can_not_be_written_down_is_neither_doubted_nor_done_again() {
    let house = House::new("rtu");
    let wish = house.wish("write h:1 = 5", 0).await;
    let mut call = house.call();
    answer(asked(&mut call).await);
    let write = asked(&mut call).await;
    assert_eq!((function(&write), house.state(wish).as_str()), (6, "sending"));
    // From now on nothing can be written; what is there can be read.
    house.collector.store().close(Duration::from_secs(5));
    answer(write);
    answer(asked(&mut call).await);
    for _ in 0..3 {
        house.rests().await;
        house.collector.shared().wish(&house.site());
        assert!(house.collector.shared().look_at_wishes().await.is_err());
    }
    assert_eq!(house.record.all(), ["site-write"]);
    assert!(call.inbox.try_recv().is_err(), "nobody is asked again");
}

#[tokio::test]
async fn what_was_sent_to_a_unit_is_not_sent_again_though_a_station_is_there_now() {
    let house = House::new("rtu");
    let mut call = house.call();
    // It is configured so, but speaks otherwise until its next call.
    house.speaks("station");
    let wish = house.wish("write h:1 = 5", 0).await;
    answer(asked(&mut call).await);
    let write = asked(&mut call).await;
    assert_eq!((function(&write), write.mark), (6, None));
    drop((call, write));
    house.until(wish, "unknown").await;
    let mut call = house.call();
    house.rests().await;
    assert!(call.inbox.try_recv().is_err());
    assert_eq!(house.record.all(), ["site-write-failed"]);
}

#[tokio::test]
async fn what_a_station_was_sent_it_is_asked_of_before_anything_that_is_more_urgent() {
    let house = House::new("station");
    let first = house.wish("write h:1 = 5", 0).await;
    let mut call = house.call();
    answer(asked(&mut call).await);
    let write = asked(&mut call).await;
    let mark = write.mark.expect("a mark");
    drop((call, write));
    house.rests().await;
    house.wish("write h:3 = 5", 9).await;
    let mut call = house.call();
    let again = asked(&mut call).await;
    assert_eq!((function(&again), again.mark), (6, Some(mark)));
    answer(again);
    answer(asked(&mut call).await);
    house.until(first, "done").await;
}

#[tokio::test]
async fn what_was_not_sent_can_be_taken_back_and_nothing_else() {
    let house = House::new("rtu");
    let [read, write, gone] =
        [house.wish("read h:1", 0).await, house.wish("write h:1 = 5", 0).await, 99];
    let withdrawn = house.wish("write h:2 = 5", 0).await;
    assert_eq!(house.collector.withdraw(withdrawn, "bob").await.unwrap().text, "write h:2+1 = 5");
    assert_eq!(house.record.all(), ["wish-withdrawn"]);
    let mut call = house.call();
    let question = asked(&mut call).await;
    let take_back = async |id| house.collector.withdraw(id, "bob").await.map(drop);
    assert!(matches!(take_back(read).await, Err(WithdrawError::Sent(_))), "it is under way");
    answer(question);
    house.until(read, "done").await;
    answer(asked(&mut call).await);
    let question = asked(&mut call).await;
    assert!(matches!(take_back(write).await, Err(WithdrawError::Sent(_))));
    answer(question);
    answer(asked(&mut call).await);
    house.until(write, "done").await;
    for id in [read, write, withdrawn] {
        assert!(matches!(take_back(id).await, Err(WithdrawError::Over { .. })), "{id}");
    }
    assert!(matches!(take_back(gone).await, Err(WithdrawError::NoWish(_))));
    assert_eq!(house.state(withdrawn), "withdrawn");
    assert_eq!(house.record.all(), ["wish-withdrawn", "site-write"]);
}
