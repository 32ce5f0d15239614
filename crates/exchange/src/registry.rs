//! The calls in progress.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use carrier::{Counts, Sum, Tally, clock_now};
use clock::Instant;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::account::Account;
use crate::call::{CallCount, CallEnd, CallId, CallRecord, CallStatus, status_words};
use crate::config::OnSecond;
use crate::crowd::Seat;
use crate::limits;
use crate::moment::Moment;
use crate::origin::{Origin, Over};
use crate::records::{NotKept, RecordKeeper, Recording};
use crate::wait::{First, first};

/// The calls in progress, by number and by account.
#[derive(Debug)]
pub(crate) struct Registry {
    calls: Mutex<Calls>,
    ended: Mutex<VecDeque<CallRecord>>,
    /// By whether there was a login, and by cause.
    tally: Tally,
    count: watch::Sender<usize>,
    keeper: Option<Arc<dyn RecordKeeper>>,
    /// The time of day, which may be set back or forth at any time; spans never come of it.
    time: fn() -> SystemTime,
}

#[derive(Debug, Default)]
struct Calls {
    by_number: HashMap<CallCount, Arc<Facts>>,
    /// Numbers grow, so the first one is the oldest call.
    by_account: HashMap<String, BTreeSet<CallCount>>,
    /// Calls that come in from now on end at once.
    closed: Option<CallEnd>,
}

/// What others may know of a call.
#[derive(Debug)]
struct Facts {
    number: CallCount,
    origin: Origin,
    since: Moment,
    began: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    progress: Mutex<Progress>,
}

/// How far a call has come.
#[derive(Debug, Default)]
struct Progress {
    order: Order,
    /// This task wants to know of an order.
    awaits_order: Option<Waker>,
    /// What it goes on by, as it has turned out.
    turned_out: Option<Over>,
    account: Option<Arc<Account>>,
    /// An account that there is, on which the caller's login has failed.
    tried: Option<Arc<Account>>,
    login: Option<Moment>,
    started: Option<Moment>,
}

/// Whether a call must end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    None,
    Given(CallEnd),
    /// The call knows.
    Heard,
}

/// A call's own entry, with its place in the crowd; the call is over when it is dropped.
///
/// Boxed, since the stages of a call hand it on, and each future on the way keeps room for what it
/// hands on.
#[derive(Debug)]
pub(crate) struct Entry {
    registry: Arc<Registry>,
    facts: Arc<Facts>,
    recording: Recording,
    seat: Seat,
}

/// The account has as many calls as it may have.
#[derive(Debug)]
pub(crate) struct InUse;

impl Registry {
    pub(crate) fn new(keeper: Option<Arc<dyn RecordKeeper>>) -> Arc<Self> {
        Self::with_time(keeper, SystemTime::now)
    }

    fn with_time(keeper: Option<Arc<dyn RecordKeeper>>, time: fn() -> SystemTime) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            ended: Mutex::default(),
            tally: Tally::default(),
            count: watch::Sender::new(0),
            keeper,
            time,
        })
    }

    /// Whoever keeps records, if anybody does.
    pub(crate) fn keeper(&self) -> Option<&dyn RecordKeeper> {
        self.keeper.as_deref()
    }

    pub(crate) fn enter(
        self: &Arc<Self>,
        origin: Origin,
        seat: Seat,
        number: CallCount,
    ) -> Box<Entry> {
        let facts = Arc::new(Facts {
            number,
            origin,
            since: (self.time)().into(),
            began: clock_now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            progress: Mutex::default(),
        });
        let mut calls = self.calls();
        if let Some(why) = calls.closed {
            facts.end(why);
        }
        calls.by_number.insert(number, Arc::clone(&facts));
        drop(calls);
        self.count.send_modify(|count| *count += 1);
        let recording = Recording::begin(self.keeper(), &facts.status());
        Box::new(Entry { registry: Arc::clone(self), facts, recording, seat })
    }

    pub(crate) fn snapshot(&self) -> Vec<CallStatus> {
        let mut calls: Vec<_> =
            self.calls().by_number.values().map(|facts| facts.status()).collect();
        calls.sort_unstable_by_key(|call| call.id);
        calls
    }

    /// The last calls that are over, oldest first.
    pub(crate) fn ended(&self) -> Vec<CallRecord> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many calls have ended, by whether there was a login (`known`, `unknown`), and by cause.
    pub(crate) fn sums(&self) -> Vec<(&'static str, &'static str, Sum)> {
        self.tally.sums()
    }

    /// Orders a call to end; false when there is no such call, or it is ending already.
    pub(crate) fn end(&self, id: CallId, why: CallEnd) -> bool {
        id.count().is_some_and(|number| self.calls().end(number, why))
    }

    /// Orders all calls to end, those included that are just coming in.
    pub(crate) fn end_all(&self, why: CallEnd) {
        let mut calls = self.calls();
        calls.closed = Some(why);
        for facts in calls.by_number.values() {
            facts.end(why);
        }
    }

    /// Waits until no call is left.
    pub(crate) async fn empty(&self) {
        // Fails only when the sender is gone, and it is ours.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // Nothing under the lock can fail half-way, so a poisoned lock guards sound maps.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn end(&self, number: CallCount, why: CallEnd) -> bool {
        self.by_number.get(&number).is_some_and(|facts| facts.end(why))
    }
}

impl Facts {
    /// Orders the call to end; false when it is ending already.
    fn end(&self, why: CallEnd) -> bool {
        let mut progress = self.progress();
        if progress.order != Order::None {
            return false;
        }
        progress.order = Order::Given(why);
        let waker = progress.awaits_order.take();
        drop(progress);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    fn is_ending(&self) -> bool {
        self.progress().order != Order::None
    }

    /// Ready with the order to end, once.
    fn poll_order(&self, cx: &mut Context<'_>) -> Poll<CallEnd> {
        let mut progress = self.progress();
        match progress.order {
            Order::None => match &mut progress.awaits_order {
                Some(waker) => waker.clone_from(cx.waker()),
                None => progress.awaits_order = Some(cx.waker().clone()),
            },
            Order::Given(why) => {
                progress.order = Order::Heard;
                return Poll::Ready(why);
            }
            Order::Heard => {}
        }
        Poll::Pending
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Each change of it is one step, so a poisoned lock guards sound progress.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(&self) -> Over {
        self.progress().turned_out.unwrap_or(self.origin.over())
    }

    fn status(&self) -> CallStatus {
        let over = self.over().words();
        let progress = self.progress();
        CallStatus {
            id: CallId::of(self.number),
            line: self.origin.device().to_owned(),
            from: self.origin.from().into_owned(),
            over,
            account: progress.account.as_ref().map(|account| account.name.clone()),
            since: self.since.into(),
            login: progress.login.map(SystemTime::from),
            started: progress.started.map(SystemTime::from),
            lasts: clock_now().since(self.began),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }
}

impl Entry {
    pub(crate) fn id(&self) -> CallId {
        CallId::of(self.facts.number)
    }

    /// Where the call comes from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.facts.origin
    }

    /// What the call travels on, as far as it has turned out.
    pub(crate) fn over_what(&self) -> Over {
        self.facts.over()
    }

    /// The caller has shown who he is.
    pub(crate) fn is_known(&mut self) {
        self.seat.make_known();
    }

    /// What the call travels on, as it has turned out; the first word on it counts.
    pub(crate) fn travels(&self, over: Over) {
        let mut progress = self.facts.progress();
        if progress.turned_out.is_some() {
            return;
        }
        progress.turned_out = Some(over);
        drop(progress);
        if let Some(record) = self.recording.open() {
            record.travels(over.words());
        }
    }

    /// The call is over for its caller now; its program may take longer.
    pub(crate) fn over(&self, end: CallEnd) -> CallRecord {
        let call = self.facts.status();
        CallRecord {
            duration: call.lasts,
            call,
            tried: self.facts.progress().tried.as_ref().map(|account| account.name.clone()),
            ended: (self.registry.time)(),
            end,
            status: status_words(None),
            round_trip: None,
        }
    }

    /// Closes the call's record, keeps it among the last ones, and writes the call's one line in the
    /// log.
    pub(crate) fn file(&mut self, record: CallRecord) {
        self.recording.end(&record);
        tracing::info!(
            call = %record.call.id,
            account = record.call.account.as_deref().unwrap_or("-"),
            from = %record.call.from,
            over = record.call.over,
            cause = record.end.code(),
            seconds = record.duration.as_secs_f64(),
            received = record.call.received,
            sent = record.call.sent,
            status = %record.status,
            "call ended: {}", record.end.words()
        );
        let CallStatus { received, sent, .. } = record.call;
        let kind = if record.call.account.is_some() { "known" } else { "unknown" };
        self.registry.tally.add(kind, record.end.code(), Counts { sent, received });
        let mut ended = self.registry.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() == limits::ENDED_CALLS {
            ended.pop_front();
        }
        ended.push_back(record);
    }

    /// The call belongs to `account` now, if that may have another one.
    ///
    /// A call that is ending doesn't count: its program may take a while, its caller has been told.
    pub(crate) fn belongs_to(&self, account: &Account) -> Result<(), InUse> {
        let mut calls = self.registry.calls();
        if let Some(limit) = account.calls {
            let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
            let ids = calls.by_account.get(&account.name).into_iter().flatten().copied();
            let staying: Vec<CallCount> = ids
                .filter(|id| calls.by_number.get(id).is_some_and(|facts| !facts.is_ending()))
                .collect();
            let too_many = (staying.len() + 1).saturating_sub(limit);
            if too_many > 0 && account.on_second == OnSecond::Refuse {
                return Err(InUse);
            }
            for oldest in staying.into_iter().take(too_many) {
                calls.end(oldest, CallEnd::Replaced);
            }
        }
        calls.by_account.entry(account.name.clone()).or_default().insert(self.facts.number);
        Ok(())
    }

    /// The caller has shown whose call it is, even if he doesn't get what he called for.
    pub(crate) fn is_of(&self, account: &Arc<Account>) {
        let login = (self.registry.time)();
        let mut progress = self.facts.progress();
        if progress.account.is_some() {
            return;
        }
        progress.account = Some(Arc::clone(account));
        progress.login = Some(login.into());
        drop(progress);
        if let Some(record) = self.recording.open() {
            record.logged_in(&account.name, login);
        }
    }

    /// The caller's login on an account that there is has failed.
    pub(crate) fn has_tried(&self, account: &Arc<Account>) {
        self.facts.progress().tried.get_or_insert_with(|| Arc::clone(account));
    }

    /// The caller has what he called for.
    pub(crate) fn has_started(&self) {
        let started = (self.registry.time)();
        let mut progress = self.facts.progress();
        if progress.started.is_some() {
            return;
        }
        progress.started = Some(started.into());
        drop(progress);
        if let Some(record) = self.recording.open() {
            record.started(started);
        }
    }

    /// Waits until the call is on record. Without that its caller is to see nothing but its end.
    pub(crate) async fn is_kept(&mut self) -> Result<(), CallEnd> {
        let Self { facts, recording, .. } = self;
        let kept = first(recording.kept(), sleep(limits::RECORD));
        match first(poll_fn(|cx| facts.poll_order(cx)), kept).await {
            First::One(order) => Err(order),
            First::Other(First::One(Ok(()))) => Ok(()),
            First::Other(First::One(Err(NotKept)) | First::Other(())) => Err(CallEnd::Unrecorded),
        }
    }

    /// Publishes what the call has carried.
    pub(crate) fn count(&self, counts: Counts) {
        self.facts.received.store(counts.received, Ordering::Relaxed);
        self.facts.sent.store(counts.sent, Ordering::Relaxed);
        if let Some(record) = self.recording.open() {
            record.count(counts);
        }
    }

    /// Ready when somebody wants the call to end.
    pub(crate) fn poll_order(&self, cx: &mut Context<'_>) -> Poll<CallEnd> {
        self.facts.poll_order(cx)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut calls = self.registry.calls();
        calls.by_number.remove(&self.facts.number);
        if let Some(account) = &self.facts.progress().account
            && let Some(numbers) = calls.by_account.get_mut(&account.name)
        {
            numbers.remove(&self.facts.number);
            if numbers.is_empty() {
                calls.by_account.remove(&account.name);
            }
        }
        drop(calls);
        self.registry.count.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitsConfig;
    use crate::crowd::{Crowd, Entered};
    use crate::source::Source;

    fn enter(registry: &Arc<Registry>) -> Box<Entry> {
        let entered = Crowd::new(&LimitsConfig::default()).enter(Source::Local, None);
        let Entered { seat, call, .. } = entered.expect("a seat");
        registry.enter(Origin::line("a", "b"), seat, call)
    }

    /// What a call keeps here as long as it lasts: malloc adds 8 bytes to each and rounds up to 16.
    #[test]
    fn an_entry_is_small() {
        let shared = size_of::<Facts>() + 2 * size_of::<usize>();
        assert!(shared <= 168, "{shared}");
        assert!(size_of::<Entry>() <= 72, "{}", size_of::<Entry>());
    }

    #[test]
    fn a_call_that_comes_in_during_a_shutdown_is_told_at_once() {
        let registry = Registry::new(None);
        let mut early = enter(&registry);
        registry.end_all(CallEnd::ShuttingDown);
        let mut late = enter(&registry);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for entry in [&mut early, &mut late] {
            assert_eq!(entry.poll_order(&mut cx), Poll::Ready(CallEnd::ShuttingDown));
            assert_eq!(entry.poll_order(&mut cx), Poll::Pending);
        }
    }

    #[test]
    fn only_the_first_order_counts() {
        let registry = Registry::new(None);
        let entry = enter(&registry);
        assert!(registry.end(entry.id(), CallEnd::Operator));
        assert!(!registry.end(entry.id(), CallEnd::Idle));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert_eq!(entry.poll_order(&mut cx), Poll::Ready(CallEnd::Operator));
        let id = entry.id();
        drop(entry);
        assert!(!registry.end(id, CallEnd::Operator));
        assert!(registry.snapshot().is_empty());
    }

    /// A time of day that the test sets.
    fn set_time() -> SystemTime {
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(SET.load(Ordering::Relaxed))
    }

    static SET: AtomicU64 = AtomicU64::new(1_000_000);

    #[test]
    fn a_clock_that_is_set_changes_no_duration() {
        let registry = Registry::with_time(None, set_time);
        let entry = enter(&registry);
        SET.store(2_000_000, Ordering::Relaxed);
        entry.has_started();
        SET.store(500_000, Ordering::Relaxed);
        let record = entry.over(CallEnd::CallerHungUp);
        let secs = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
        };
        assert!(record.duration < std::time::Duration::from_secs(60), "{:?}", record.duration);
        assert!(record.call.lasts <= record.duration);
        assert_eq!(secs(record.call.since), 1_000_000);
        assert_eq!(record.call.started.map(secs), Some(2_000_000));
        assert_eq!(secs(record.ended), 500_000);
    }
}
