//! The store: what all its users share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::account::{self, AccountRow};
use crate::alarm::{self, AlarmRow, SiteCalls, SiteNews, SiteStation};
use crate::call::{CallBegan, TurnedAway};
use crate::connection;
use crate::error::{OpenError, Refused, StoreError};
use crate::learned;
use crate::list::{Calls, Filter};
use crate::lock::{self, Lock};
use crate::meter::Meter;
use crate::queue::{Begin, Queue};
use crate::sample::{Bucket, KeptSample, SampleBatch, Storing};
use crate::schema::{self, Form};
use crate::series::{self, Samples};
use crate::settings::Settings;
use crate::telling::{self, AlarmNews, Noted, TellingRow};
use crate::ticket::Ticket;
use crate::told;
use crate::writer::{Keeping, Put, Writer};

mod wishes;

/// Accounts, call records and samples in one file.
///
/// A handle: clones are the same store. When the last one is gone, what waits is still written.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    queue: Arc<Queue>,
    /// The next call's place.
    next_row: Arc<AtomicI64>,
    role: Role,
    /// What the writer is to go by next, until it has seen it.
    changed: Arc<Mutex<Option<Settings>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What this process is to the file.
enum Role {
    /// The one that records calls.
    Instance,
    /// One that looks in, and may change accounts.
    Visitor,
}

impl Store {
    /// Opens the store of a running instance: makes it if it isn't there, brings an older one up to
    /// date, and ends the records that were open when the last instance ended.
    ///
    /// # Errors
    /// Another instance has it, or the file can't be used.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        connection::create(path)?;
        let mut connection = connection::writing(path, settings)?;
        let fault = |error: rusqlite::Error| connection::foreign_or_fault(path, error.into());
        schema::bring_up(&mut connection).map_err(fault)?;
        let cut_off = crate::writer::end_what_was_cut_off(&mut connection).map_err(fault)?;
        if cut_off > 0 {
            tracing::warn!(calls = cut_off, "calls were cut off when the last instance ended");
        }
        let next_row = crate::writer::next_row(&connection).map_err(fault)?;
        let changed = Arc::default();
        let keeping =
            Keeping { settings: settings.clone(), changed: Arc::clone(&changed), _lock: lock };
        Self::start(path, connection, next_row, Role::Instance, Some(keeping), changed)
    }

    /// Opens a store beside the instance that may be running with it.
    ///
    /// # Errors
    /// There is none, or it can't be used.
    pub fn visit(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        let mut connection = connection::writing(path, &Settings::default())?;
        if connection::form(&connection, path)? != Form::Ours(schema::VERSION) {
            let _lock = Lock::take(path).map_err(|error| match error {
                OpenError::InUse { path, .. } => OpenError::Older { path },
                other => other,
            })?;
            let fault = |error: rusqlite::Error| connection::foreign_or_fault(path, error.into());
            schema::bring_up(&mut connection).map_err(fault)?;
        }
        Self::start(path, connection, 0, Role::Visitor, None, Arc::default())
    }

    /// Opens a store beside the instance that may be running with it, and makes it if it isn't there.
    ///
    /// # Errors
    /// It can't be made or used.
    pub fn visit_or_create(path: &Path) -> Result<Self, OpenError> {
        connection::create(path)?;
        Self::visit(path)
    }

    fn start(
        path: &Path,
        connection: Connection,
        next_row: i64,
        role: Role,
        keeping: Option<Keeping>,
        changed: Arc<Mutex<Option<Settings>>>,
    ) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new());
        let next_row = Arc::new(AtomicI64::new(next_row));
        let writer = Writer::new(connection, Arc::clone(&queue), Arc::clone(&next_row), keeping);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run())
            .map_err(OpenError::Thread)?;
        let shared = Shared {
            path: path.to_owned(),
            queue,
            next_row,
            role,
            changed,
            thread: Mutex::new(Some(thread)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether an instance runs with it. Without one, calls that seem to be in progress were cut off.
    pub fn is_in_use(&self) -> bool {
        lock::is_held(&self.shared.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How many records wait for the disk.
    pub fn waiting(&self) -> usize {
        self.shared.queue.waiting()
    }

    /// Keeps records by other settings from now on. Doesn't wait.
    ///
    /// # Errors
    /// The store is closed.
    pub fn change(&self, settings: Settings) -> Result<(), StoreError> {
        let changed = Some(settings);
        *self.shared.changed.lock().unwrap_or_else(PoisonError::into_inner) = changed;
        // Wakes the writer, which looks what there is to do.
        self.shared.queue.order(Box::new(|_| ()))
    }

    /// Puts a call on record. Doesn't wait: the ticket tells when the record is kept.
    ///
    /// # Errors
    /// The disk takes nothing now, or too many wait for it: the call must not begin.
    pub fn call_began(&self, call: CallBegan) -> Result<Ticket, Refused> {
        if let Role::Visitor = self.shared.role {
            return Err(Refused::Closed);
        }
        let row = self.shared.next_row.fetch_add(1, Ordering::Relaxed);
        let meter = Arc::new(Meter::new());
        let (sender, kept) = oneshot::channel();
        let begin = Begin { row, call, meter: Arc::clone(&meter), kept: sender };
        self.shared.queue.begin(begin)?;
        Ok(Ticket::new(Arc::clone(&self.shared.queue), row, meter, kept))
    }

    /// Notes a caller who was turned away. Doesn't wait; many of one source become one record.
    pub fn turned_away(&self, caller: TurnedAway) {
        if let Role::Instance = self.shared.role {
            self.shared.queue.turned_away(caller);
        }
    }

    /// Calls on record, the latest first, read bit by bit. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn calls(&self, filter: Filter) -> Result<Calls, StoreError> {
        Calls::open(&self.shared.path, filter)
    }

    /// All accounts, by name. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        Ok(account::all(&connection::reading(&self.shared.path)?)?)
    }

    /// The account of this name. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        Ok(account::find(&connection::reading(&self.shared.path)?, name)?)
    }

    /// A number that grows with every change of an account, by whichever process. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn account_changes(&self) -> Result<i64, StoreError> {
        Ok(account::changes(&connection::reading(&self.shared.path)?)?)
    }

    /// Adds an account; `created` and `changed` of the row are set to now. Waits for the disk.
    ///
    /// # Errors
    /// There is such an account, or the file can't be written.
    pub fn add_account(&self, account: AccountRow) -> Result<(), StoreError> {
        self.order(move |connection| account::add(connection, &account, SystemTime::now()))?
    }

    /// Adds an account, or puts it in place of the one of its name. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put_account(&self, account: AccountRow) -> Result<(), StoreError> {
        Ok(self.order(move |connection| account::put(connection, &account, SystemTime::now()))??)
    }

    /// Removes an account; false if there is none. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn remove_account(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        Ok(self.order(move |connection| account::remove(connection, &name))??)
    }

    /// Puts samples down to be kept. Doesn't wait: what it gives is ready when they are on disk. What of a source has
    /// been kept before isn't kept twice, whatever has become of either process in between.
    ///
    /// # Errors
    /// The disk takes nothing now, or too many wait for it: come again with them.
    pub fn put_samples(&self, batch: SampleBatch) -> Result<Storing, Refused> {
        if let Role::Visitor = self.shared.role {
            return Err(Refused::Closed);
        }
        let (stored, storing) = oneshot::channel();
        self.shared.queue.put(Put { batch, stored })?;
        Ok(Storing(storing))
    }

    /// The number up to which samples of a source are kept; zero if there are none. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn upto(&self, site: &str, source: &str) -> Result<u64, StoreError> {
        series::upto(&self.shared.path, site, source)
    }

    /// The latest sample of each point of a site. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn latest(&self, site: &str) -> Result<Vec<KeptSample>, StoreError> {
        series::latest(&self.shared.path, site)
    }

    /// A point of a site over a time, drawn together into at most `buckets` pieces. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn series(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
        buckets: u32,
    ) -> Result<Vec<Bucket>, StoreError> {
        series::series(&self.shared.path, point, span, buckets)
    }

    /// How many samples of a point of a site there are over a time. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn count_samples(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
    ) -> Result<u64, StoreError> {
        series::count(&self.shared.path, point, span)
    }

    /// The samples of a point of a site over a time, the oldest first, read bit by bit. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn samples(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
    ) -> Result<Samples, StoreError> {
        Samples::open(&self.shared.path, point, span)
    }

    /// Notes that an alarm has begun or is over, and that `whom` are to be told, all of it or nothing. Waits for the
    /// disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn note_alarm(&self, news: AlarmNews, whom: Vec<String>) -> Result<Noted, StoreError> {
        Ok(self.order(move |connection| {
            telling::note(connection, &news, &whom, SystemTime::now())
        })??)
    }

    /// What somebody is to be told next. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn next_telling(&self, whom: &str) -> Result<Option<TellingRow>, StoreError> {
        Ok(telling::next(&connection::reading(&self.shared.path)?, whom)?)
    }

    /// Notes that something was told, or won't be. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_telling(&self, id: i64) -> Result<(), StoreError> {
        Ok(self.order(move |connection| telling::done(connection, id))??)
    }

    /// Forgets what others than these were to be told. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn tell_only(&self, whom: Vec<String>) -> Result<(), StoreError> {
        Ok(self.order(move |connection| telling::only(connection, &whom))??)
    }

    /// Keeps what a station has told of its points, with a mark by which it is known. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put_told(&self, site: &str, mark: u32, points: String) -> Result<(), StoreError> {
        let site = site.to_owned();
        Ok(self.order(move |connection| told::put(connection, &site, mark, &points))??)
    }

    /// Keeps between which points of a site no request may reach, instead of what was known before. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put_learned(
        &self,
        site: &str,
        borders: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        let site = site.to_owned();
        Ok(self.order(move |connection| learned::put(connection, &site, &borders))??)
    }

    /// Between which points no request may reach, by site. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn learned(&self) -> Result<HashMap<String, Vec<(String, String)>>, StoreError> {
        learned::all(&self.shared.path)
    }

    /// What a station has told of its points, and its mark. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn told(&self, site: &str) -> Result<Option<(u32, String)>, StoreError> {
        told::find(&self.shared.path, site)
    }

    /// Notes that somebody has seen an alarm; false if there is none that nobody has seen. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn see_alarm(&self, id: i64, by: &str) -> Result<bool, StoreError> {
        let by = by.to_owned();
        Ok(self.order(move |connection| alarm::see(connection, id, &by, SystemTime::now()))??)
    }

    /// Alarms that last, then those that are over, each the latest first. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn alarms(&self, most: usize) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(alarm::list(&connection::reading(&self.shared.path)?, most)?)
    }

    /// Alarms of a site that last. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn lasting_alarms(&self, site: &str) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(alarm::lasting(&connection::reading(&self.shared.path)?, site)?)
    }

    /// Notes what is new of sites beside their samples. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written; then it has none of it.
    pub fn note_sites(&self, news: Vec<SiteNews>) -> Result<(), StoreError> {
        Ok(self.order(move |connection| alarm::note_sites(connection, &news))??)
    }

    /// The last call of a site. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn site_calls(&self, site: &str) -> Result<SiteCalls, StoreError> {
        Ok(alarm::site_calls(&connection::reading(&self.shared.path)?, site)?)
    }

    /// What a site's station has last said of itself. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn site_station(&self, site: &str) -> Result<Option<SiteStation>, StoreError> {
        Ok(alarm::site_station(&connection::reading(&self.shared.path)?, site)?)
    }

    /// Waits until everything is on disk that was told so far; false if it isn't in time.
    pub fn settle(&self, within: Duration) -> bool {
        self.shared.queue.settle(within)
    }

    /// Ends the store: no more calls are recorded, what waits is written, and the file is free for
    /// another instance. What can't be written `within` that time is given up, and logged.
    pub fn close(&self, within: Duration) {
        self.shared.close(within);
    }

    /// Has the writer do something, and waits for it.
    fn order<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, outcome) = mpsc::sync_channel(1);
        self.shared.queue.order(Box::new(move |connection| {
            // Who asked may have gone meanwhile; it is done all the same.
            let _ = sender.send(act(connection));
        }))?;
        outcome.recv().map_err(|_| StoreError::Closed)
    }
}

impl Shared {
    fn close(&self, within: Duration) {
        self.queue.close(Instant::now() + within);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It has said in the log what went wrong with it.
            let _ = thread.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close(crate::limits::FAREWELL);
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
