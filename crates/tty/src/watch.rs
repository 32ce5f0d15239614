//! Who opens a pseudo-terminal: one inotify instance for all of a process.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::Interest;
use tokio::task::AbortHandle;

use crate::limits::WATCH_BUFFER;
use crate::raw::{self, Registered};

/// Tells every [`PtyEnd`](crate::PtyEnd) of a process when somebody opens its other end.
///
/// Make one and lend it to each. A user may have only 128 inotify instances, and a hung-up
/// pseudo-terminal says nothing by itself when it is opened again.
#[derive(Clone, Debug)]
pub struct OpenWatch(Arc<Watch>);

#[derive(Debug)]
struct Watch {
    inotify: Arc<OwnedFd>,
    doors: Arc<Doors>,
    listener: AbortHandle,
}

/// The files watched now, by watch descriptor.
#[derive(Debug, Default)]
struct Doors(Mutex<HashMap<i32, Door>>);

#[derive(Debug, Default)]
struct Door {
    heard: bool,
    waker: Option<Waker>,
}

impl OpenWatch {
    /// Starts watching. Must be called inside a tokio runtime, which then carries the watch.
    pub fn new() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        let doors = Arc::<Doors>::default();
        let registered = raw::register(Arc::clone(&inotify), Interest::READABLE)?;
        let listener = tokio::spawn(listen(registered, Arc::clone(&doors))).abort_handle();
        Ok(Self(Arc::new(Watch { inotify, doors, listener })))
    }

    /// Watches `path` until it is opened once or the vigil is dropped.
    pub(crate) fn await_open(&self, path: &Path) -> io::Result<Vigil> {
        // Held over both steps: the listener must not hear a knock before the door is in the table.
        let mut doors = self.0.doors.lock();
        let flags = WatchFlags::OPEN | WatchFlags::ONESHOT;
        let descriptor = inotify::add_watch(&*self.0.inotify, path, flags)?;
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

/// One file being watched for its next opening.
#[derive(Debug)]
pub(crate) struct Vigil {
    watch: OpenWatch,
    descriptor: i32,
}

impl Vigil {
    /// Ready once the file was opened.
    pub(crate) fn poll_opened(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut doors = self.watch.0.doors.lock();
        // It is in the table for as long as the vigil lasts.
        let Some(door) = doors.get_mut(&self.descriptor) else { return Poll::Pending };
        if door.heard {
            return Poll::Ready(());
        }
        if !door.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            door.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        let mut doors = self.watch.0.doors.lock();
        doors.remove(&self.descriptor);
        // When a thousand terminals are open there is nothing to watch.
        if doors.len() < doors.capacity() / 8 {
            doors.shrink_to_fit();
        }
        // Fails when the one shot was fired: the kernel has removed it then.
        let _ = inotify::remove_watch(&*self.watch.0.inotify, self.descriptor);
    }
}

impl Doors {
    /// No state here is left half-changed by a panic, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Door>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    fn knock(&mut self) {
        self.heard = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

async fn listen(inotify: Registered, doors: Arc<Doors>) {
    loop {
        let Ok(mut ready) = inotify.readable().await else { return };
        if let Err(error) = pass_on(ready.get_inner(), &doors) {
            if error != rustix::io::Errno::AGAIN {
                // Nothing known makes an inotify read fail; waking all keeps every line correct, since
                // each looks for itself.
                tracing::error!(%error, "cannot read who opens pseudo-terminals");
                doors.lock().values_mut().for_each(Door::knock);
            }
            ready.clear_ready();
        }
    }
}

/// Reads and passes on all there is; always ends with an error, `AGAIN` when all is well.
fn pass_on(inotify: &OwnedFd, doors: &Doors) -> Result<(), rustix::io::Errno> {
    let mut buffer = [MaybeUninit::uninit(); WATCH_BUFFER];
    let mut events = inotify::Reader::new(inotify, &mut buffer);
    loop {
        let event = events.next()?;
        let mut doors = doors.lock();
        if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
            doors.values_mut().for_each(Door::knock);
        } else if let Some(door) = doors.get_mut(&event.wd()) {
            door.knock();
        }
    }
}
