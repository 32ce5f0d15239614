//! Records of all calls in the store: what lines and exchange tell, in the store's words.

use std::sync::Arc;
use std::time::SystemTime;

use exchange::{Keep, RecordsConfig, Survive};
use line::Switchboard;
use store::{
    CallBegan, CallEnded, Direction, Durability, OpenError, Place, Settings, Store, Ticket,
};
use tokio::sync::mpsc::{Receiver, channel};

use super::{Answering, Instance, Plan};
use crate::calls::{Call, Wanted};

/// Records of all calls, where there is a store.
pub(super) struct Records {
    store: Option<Store>,
}

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordsError {
    /// It can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Calls are on record in another one.
    #[error(
        "the store of a running instance can't be changed: it is {}; restart it for another one",
        path.as_deref().map_or("none".to_owned(), |path| path.display().to_string())
    )]
    Another {
        /// The store it has.
        path: Option<std::path::PathBuf>,
    },
}

impl Records {
    pub(super) fn open(plan: &Plan) -> Result<Self, RecordsError> {
        let config = plan.answering.as_ref().map(|answering| &answering.exchange);
        let Some((config, path)) = config.and_then(|config| Some((config, config.store.as_ref()?)))
        else {
            return Ok(Self { store: None });
        };
        Ok(Self { store: Some(Store::open(path, &settings(&config.records))?) })
    }

    /// Where all of it is, if anywhere.
    #[cfg(feature = "collector")]
    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Puts the calls of these lines on record.
    pub(super) fn keep_for(&self, board: &Switchboard) {
        if let Some(store) = &self.store {
            board.keep_records(Arc::new(Keeper(store.clone())));
        }
    }

    /// Puts the calls of an exchange on record.
    pub(super) fn keeper(&self) -> Option<Arc<dyn exchange::RecordKeeper>> {
        let store = self.store.clone()?;
        Some(Arc::new(Keeper(store)))
    }

    /// Whether a new configuration leaves the store where it is.
    pub(super) fn stays(&self, config: Option<&Answering>) -> Result<(), RecordsError> {
        let Some(config) = config else { return Ok(()) };
        let path = self.store.as_ref().map(Store::path);
        if path == config.exchange.store.as_deref() {
            return Ok(());
        }
        Err(RecordsError::Another { path: path.map(Into::into) })
    }

    /// Keeps records as a new configuration says.
    pub(super) fn change(&self, config: &Answering) {
        if let Some(store) = &self.store
            && let Err(error) = store.change(settings(&config.exchange.records))
        {
            tracing::error!("records are kept as before: {}", crate::failure::chain(&error));
        }
    }

    /// How many records wait for the disk, where there is a store.
    #[cfg(feature = "web")]
    pub(super) fn waiting(&self) -> Option<u64> {
        self.store.as_ref().map(|store| store.waiting() as u64)
    }

    /// Writes what waits.
    pub(super) async fn close(&self) {
        let Some(store) = self.store.clone() else { return };
        let closing = move || store.close(crate::limits::CLOSE_STORE);
        let _ = tokio::task::spawn_blocking(closing).await;
    }
}

fn settings(records: &RecordsConfig) -> Settings {
    Settings {
        durability: match records.survive {
            Survive::PowerLoss => Durability::PowerLoss,
            Survive::Crash => Durability::Crash,
        },
        keep: age(records.keep.0),
        samples: age(records.samples.0),
        hours: age(records.hours.0),
        most: (records.most > 0).then_some(records.most),
        most_pages: None,
    }
}

fn age(keep: Keep) -> Option<std::time::Duration> {
    match keep {
        Keep::For(age) => Some(age),
        Keep::ForEver => None,
    }
}

impl Instance {
    /// Calls on record that are over, the latest first, read as fast as they are taken. `None` without a
    /// store.
    pub(crate) fn on_record(&self, wanted: &Wanted) -> Option<Receiver<Result<Call, String>>> {
        let store = self.records.store.clone()?;
        let filter = wanted.into();
        let (sender, receiver) = channel(crate::limits::CALLS_AT_ONCE);
        tokio::task::spawn_blocking(move || {
            let told = |error: store::StoreError| crate::failure::chain(&error);
            let calls = match store.calls(filter) {
                Ok(calls) => calls,
                Err(error) => return drop(sender.blocking_send(Err(told(error)))),
            };
            for call in calls {
                // Whoever asked may have seen enough.
                if sender.blocking_send(call.map(Call::from).map_err(told)).is_err() {
                    return;
                }
            }
        });
        Some(receiver)
    }
}

#[derive(Debug)]
struct Keeper(Store);

#[derive(Debug)]
struct Open(Ticket);

impl exchange::RecordKeeper for Keeper {
    fn begin(
        &self,
        call: &exchange::CallStatus,
    ) -> Result<Box<dyn exchange::OpenRecord>, exchange::NotKept> {
        let began = CallBegan {
            number: call.id.to_string(),
            place: Place::Exchange,
            direction: Direction::In,
            line: call.line.clone(),
            party: call.from.clone(),
            over: call.over.to_owned(),
            rang: call.since,
        };
        let ticket = self.0.call_began(began).map_err(|_| exchange::NotKept)?;
        Ok(Box::new(Open(ticket)))
    }

    fn turned_away(&self, caller: &exchange::Unheard<'_>) {
        self.0.turned_away(store::TurnedAway {
            place: Place::Exchange,
            line: caller.line.to_owned(),
            from: caller.from.to_owned(),
            over: caller.over.to_owned(),
            cause: exchange::CallEnd::TurnedAway.code().to_owned(),
            words: caller.why.to_owned(),
        });
    }
}

impl exchange::OpenRecord for Open {
    fn kept(&mut self) -> exchange::Kept {
        let keeping = self.0.keeping();
        Box::pin(async move {
            match keeping {
                Some(keeping) => keeping.await.map_err(|_| exchange::NotKept),
                None => Ok(()),
            }
        })
    }

    fn travels(&self, over: &str) {
        self.0.travels_over(over);
    }

    fn logged_in(&self, account: &str, at: SystemTime) {
        self.0.logged_in(account, at);
    }

    fn started(&self, at: SystemTime) {
        self.0.started(at);
    }

    fn count(&self, counts: carrier::Counts) {
        self.0.count(counts.received, counts.sent);
    }

    fn end(self: Box<Self>, record: &exchange::CallRecord) {
        self.0.end(CallEnded {
            cause: record.end.code().into(),
            words: record.end.words().into(),
            status: if record.status == "-" { String::new() } else { record.status.clone() },
            ended: record.ended,
            lasted: record.duration,
            received: record.call.received,
            sent: record.call.sent,
            round_trip: record.round_trip,
            account: record.tried.clone(),
        });
    }
}

impl line::RecordKeeper for Keeper {
    fn begin(
        &self,
        line: &str,
        call: &line::CallNow,
    ) -> Result<Box<dyn line::OpenRecord>, line::NotKept> {
        let began = CallBegan {
            number: call.id.clone(),
            place: Place::Line,
            direction: match call.direction {
                line::Direction::Out => Direction::Out,
                line::Direction::In => Direction::In,
            },
            line: line.to_owned(),
            party: call.party.clone(),
            over: String::new(),
            rang: call.since,
        };
        let ticket = self.0.call_began(began).map_err(|_| line::NotKept)?;
        Ok(Box::new(Open(ticket)))
    }

    fn turned_away(&self, caller: &line::TurnedAway<'_>) {
        self.0.turned_away(store::TurnedAway {
            place: Place::Line,
            line: caller.line.to_owned(),
            from: caller.from.to_owned(),
            over: "tcp".to_owned(),
            cause: caller.cause.code().to_owned(),
            words: caller.cause.words().to_owned(),
        });
    }
}

impl line::OpenRecord for Open {
    fn kept(&mut self) -> line::Kept {
        let keeping = self.0.keeping();
        Box::pin(async move {
            match keeping {
                Some(keeping) => keeping.await.map_err(|_| line::NotKept),
                None => Ok(()),
            }
        })
    }

    fn connected(&self, at: SystemTime, over: &str) {
        self.0.started(at);
        self.0.reached(over);
    }

    fn count(&self, counts: carrier::Counts) {
        self.0.count(counts.received, counts.sent);
    }

    fn end(self: Box<Self>, record: &line::CallRecord) {
        if let Some(transport) = record.transport {
            self.0.travels_over(transport);
        }
        self.0.end(CallEnded {
            cause: record.cause.code().into(),
            words: record.cause.words().into(),
            status: String::new(),
            ended: record.ended,
            lasted: record.duration,
            received: record.received,
            sent: record.sent,
            round_trip: record.round_trip,
            account: None,
        });
    }
}
