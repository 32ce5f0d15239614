//! Who opens and closes pseudo-terminals: one inotify instance for all of a process.

mod door;

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::task::AbortHandle;

use self::door::Door;
use crate::limits::{WATCH_BUFFER, WATCH_EVENTS};
use crate::pty::Master;
use crate::raw::{self, Registered};

pub(crate) use self::door::Presence;

/// The folder of all terminals that are watched.
const FOLDER: &str = "/dev/pts";

/// Tells every [`PtyEnd`](crate::PtyEnd) of a process when somebody opens or closes its other end.
///
/// Make one and lend it to each. A user may have only 128 inotify instances. A pseudo-terminal itself says nothing when
/// it is opened, and nothing of a close that another opening follows at once.
#[derive(Clone, Debug)]
pub struct OpenWatch(Arc<Watch>);

#[derive(Debug)]
struct Watch {
    inotify: Arc<OwnedFd>,
    doors: Arc<Doors>,
    listener: AbortHandle,
    /// Whether the kernel tells of an opening by way of the master, which only this process can do. Older ones tell of
    /// the closing alone. Tried with the first terminal.
    ours_are_told: OnceLock<bool>,
}

/// The files watched now, by watch descriptor.
#[derive(Debug, Default)]
struct Doors(Mutex<Table>);

type Table = HashMap<i32, Door>;

impl OpenWatch {
    /// Starts watching. Must be called inside a tokio runtime, which then carries the watch.
    pub fn new() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        let doors = Arc::<Doors>::default();
        let registered = raw::register(Arc::clone(&inotify), Interest::READABLE)?;
        let listener = tokio::spawn(listen(registered, Arc::clone(&doors))).abort_handle();
        Ok(Self(Arc::new(Watch { inotify, doors, listener, ours_are_told: OnceLock::new() })))
    }

    /// Watches `path`, a terminal that nobody has open, until the vigil is dropped.
    pub(crate) fn guard(&self, path: &Path) -> io::Result<Vigil> {
        // Held over both steps: the listener must not hear a knock before the door is in the table.
        let mut doors = self.0.doors.lock();
        if self.0.ours_are_told.get().is_none() {
            let told = ours_are_told(&self.0.inotify)?;
            // The kernel joins equal events that follow each other, and then they can't be counted. What it tells of
            // the folder comes between any two of a terminal.
            inotify::add_watch(&*self.0.inotify, FOLDER, comings_and_goings())?;
            self.0.ours_are_told.get_or_init(|| told);
        }
        let descriptor = inotify::add_watch(&*self.0.inotify, path, comings_and_goings())?;
        doors.insert(descriptor, Door::default());
        drop(doors);
        Ok(Vigil { watch: self.clone(), descriptor })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// One terminal whose openings and closings are heard.
#[derive(Debug)]
pub(crate) struct Vigil {
    watch: OpenWatch,
    descriptor: i32,
}

impl Vigil {
    /// One for another terminal.
    pub(crate) fn another(&self, path: &Path) -> io::Result<Self> {
        self.watch.guard(path)
    }

    /// Ready once the file was opened since this was ready last.
    pub(crate) fn poll_opened(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.door(|door| door.take_knock(cx)) {
            Some(true) => Poll::Ready(()),
            Some(false) | None => Poll::Pending,
        }
    }

    /// Whether those who have it open are those who had it when [`settle`](Self::settle) was called last. Wakes when
    /// that changes.
    pub(crate) fn presence(&self, cx: &mut Context<'_>) -> Presence {
        self.door(|door| door.presence(cx)).unwrap_or(Presence::Known)
    }

    /// Hears what the kernel has to tell now, before the reactor does.
    pub(crate) fn listen(&self) {
        hear(&self.watch.0.inotify, &mut self.watch.0.doors.lock());
    }

    /// Whoever has it open is known from here on; `is_open` tells whether anybody has.
    pub(crate) fn settle(&self, is_open: impl FnOnce() -> bool) {
        let mut doors = self.watch.0.doors.lock();
        // Whatever is heard after this has come after that look.
        hear(&self.watch.0.inotify, &mut doors);
        if let Some(door) = doors.get_mut(&self.descriptor) {
            door.settle(!is_open());
        }
    }

    /// Those who were heard to leave were not all: the terminal says that somebody is there.
    pub(crate) fn correct(&self) {
        self.door(Door::correct);
    }

    /// An opening of our own, which is not to be taken for a client's, nor is its closing.
    pub(crate) fn enter(&self, open: impl FnOnce() -> io::Result<OwnedFd>) -> io::Result<OwnedFd> {
        let told = self.watch.0.ours_are_told.get().is_some_and(|told| *told);
        self.door(|door| door.expect_ours(told));
        open().inspect_err(|_| {
            self.door(|door| door.expect_less(told));
        })
    }

    /// It is in the table for as long as the vigil lasts.
    fn door<T>(&self, act: impl FnOnce(&mut Door) -> T) -> Option<T> {
        self.watch.0.doors.lock().get_mut(&self.descriptor).map(act)
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        let mut doors = self.watch.0.doors.lock();
        doors.remove(&self.descriptor);
        // When a thousand lines are taken away, their room is too.
        if doors.len() < doors.capacity() / 8 {
            doors.shrink_to_fit();
        }
        // Fails when the terminal has gone: the kernel has removed it then.
        let _ = inotify::remove_watch(&*self.watch.0.inotify, self.descriptor);
    }
}

impl Doors {
    /// No state here is left half-changed by a panic, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn comings_and_goings() -> WatchFlags {
    WatchFlags::OPEN | WatchFlags::CLOSE
}

async fn listen(inotify: Registered, doors: Arc<Doors>) {
    loop {
        let Ok(mut ready) = inotify.readable().await else { return };
        let left = hear(ready.get_inner(), &mut doors.lock());
        match left {
            Left::Nothing => ready.clear_ready(),
            // Whoever opens and closes without an end has no more of our time than others.
            Left::Perhaps => tokio::task::yield_now().await,
        }
    }
}

/// Whether there is more to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    /// It has been told since.
    Perhaps,
}

/// Reads and passes on all that has been told so far. Under the lock, so that what is heard later was told later.
fn hear(inotify: &OwnedFd, doors: &mut Table) -> Left {
    let mut buffer = [MaybeUninit::uninit(); WATCH_BUFFER];
    let mut events = inotify::Reader::new(inotify, &mut buffer);
    for _ in 0..WATCH_EVENTS {
        let event = match events.next() {
            Ok(event) => event,
            Err(Errno::AGAIN) => return Left::Nothing,
            Err(Errno::INTR) => continue,
            Err(error) => {
                // Nothing known makes an inotify read fail; waking all keeps every line correct, since each looks for
                // itself.
                tracing::error!(%error, "cannot read who opens pseudo-terminals");
                doors.values_mut().for_each(Door::missed);
                return Left::Nothing;
            }
        };
        let told = event.events();
        if told.contains(ReadFlags::QUEUE_OVERFLOW) {
            doors.values_mut().for_each(Door::missed);
        } else if let Some(door) = doors.get_mut(&event.wd()) {
            if told.contains(ReadFlags::OPEN) {
                door.opened();
            } else if told.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::CLOSE_NOWRITE) {
                door.closed();
            }
        }
    }
    Left::Perhaps
}

/// Tries it with a terminal that nobody else knows of.
fn ours_are_told(inotify: &OwnedFd) -> io::Result<bool> {
    let master = Master::create()?;
    let descriptor = inotify::add_watch(inotify, &*master.slave, WatchFlags::OPEN)?;
    drop(master.open_slave()?);
    let mut buffer = [MaybeUninit::uninit(); WATCH_BUFFER];
    let mut events = inotify::Reader::new(inotify, &mut buffer);
    let mut told = false;
    while let Ok(event) = events.next() {
        told |= event.wd() == descriptor && event.events().contains(ReadFlags::OPEN);
    }
    inotify::remove_watch(inotify, descriptor)?;
    Ok(told)
}
