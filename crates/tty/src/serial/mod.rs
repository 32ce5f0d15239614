//! A real serial port.

mod lines;
mod lock;
mod marks;
mod port;
mod sending;

use std::fs;
use std::future::Future as _;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::termios::QueueSelector;
use tokio::io::Interest;
use tokio::time::{Instant, Sleep, sleep_until};

use self::lock::{LockError, LockFile, UucpLock};
use self::marks::{Marks, Then};
use self::port::{Marking, Port, Wiring};
use self::sending::{Breaking, Drain};
use crate::limits::SOONEST_LINES_LOOK;
use crate::raw::{self, Registered};
use crate::settings::Settings;

pub use self::lines::ModemLines;

/// What happened at the port.
#[derive(Debug)]
pub enum SerialEvent {
    /// So many bytes are at the front of the buffer; never 0.
    Data(usize),
    /// The other side sent a BREAK, after all data given so far.
    Break,
    /// The incoming modem lines changed; only while [`Serial::watch_lines`] is on.
    Lines(ModemLines),
    /// The port is gone: unplugged, hung up by the kernel, or its pseudo-terminal closed. Drop this
    /// and open the path again when it is back.
    Lost,
}

/// What the driver has counted since it was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Characters received.
    pub received: u32,
    /// Characters sent.
    pub sent: u32,
    /// Characters without a stop bit.
    pub framing: u32,
    /// Characters lost in the chip.
    pub overrun: u32,
    /// Characters with a wrong check bit.
    pub parity: u32,
    /// BREAKs.
    pub breaks: u32,
    /// Characters lost in the kernel's buffer.
    pub buffer_overrun: u32,
}

/// How the driver turns the direction of an RS-485 transmitter that hangs on RTS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rs485 {
    /// What RTS shows while sending; it shows the other level otherwise.
    pub rts_while_sending: RtsLevel,
    /// How long before the first bit, to the millisecond.
    pub before: Duration,
    /// How long after the last bit, to the millisecond.
    pub after: Duration,
}

/// What RTS shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtsLevel {
    /// Raised.
    High,
    /// Lowered.
    Low,
}

/// Which queue to empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Received, not yet read.
    Input,
    /// Written, not yet sent.
    Output,
    /// Both.
    Both,
}

/// How other programs are kept from the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockPolicy {
    /// A UUCP lock file in this folder (`/var/lock`), TIOCEXCL and flock.
    Uucp(PathBuf),
    /// TIOCEXCL and flock only.
    KernelOnly,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self::Uucp(PathBuf::from("/var/lock"))
    }
}

/// Why a serial port could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// There is no such device, or it can't be opened.
    #[error("cannot open {}: {source}", .path.display())]
    Open {
        /// The port asked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was opened is no terminal device.
    #[error("{} is not a serial port", .0.display())]
    NotASerialPort(PathBuf),
    /// Another program has the port.
    #[error("{} is in use{}", .path.display(), .pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    InUse {
        /// The port asked for.
        path: PathBuf,
        /// The program's process, where its lock file tells.
        pid: Option<u32>,
    },
    /// The port can't be set as asked.
    #[error("{} cannot be set to {speed} bit/s {format}: {source}", .path.display())]
    Settings {
        /// The port.
        path: PathBuf,
        /// Speed asked for.
        speed: u32,
        /// Format asked for.
        format: crate::Format,
        /// Why.
        source: io::Error,
    },
}

/// A real serial port.
///
/// One task polls it. Dropped, it is given back: settings as they were, output that is still queued
/// thrown away (drain it first if it matters), locks released.
#[derive(Debug)]
pub struct Serial {
    registered: Registered,
    port: Port,
    // After the port: whoever waits for the file must find the port closed.
    lock: UucpLock,
    /// What `lock` is made of when it is held.
    lock_files: Vec<LockFile>,
    path: PathBuf,
    settings: Settings,
    marks: Marks,
    /// What came behind a BREAK in the same read.
    held: Vec<u8>,
    break_due: bool,
    breaking: Option<Breaking>,
    drain: Drain,
    lines_watch: Option<LinesWatch>,
}

#[derive(Debug)]
struct LinesWatch {
    every: Duration,
    timer: Pin<Box<Sleep>>,
    last: Option<ModemLines>,
}

impl Serial {
    /// Locks, opens and sets the port. Must be called inside the tokio runtime that will poll it.
    ///
    /// A lock file that can't be written for want of the folder or the permission is only logged: the
    /// kernel's locks hold without it.
    pub fn open(path: &Path, settings: &Settings, lock: &LockPolicy) -> Result<Self, SerialError> {
        let files = lock_files(path, lock)?;
        let held_by = |pid| SerialError::InUse { path: path.to_owned(), pid };
        if let Err(LockError::Held(pid)) = lock::check(&files) {
            return Err(held_by(pid));
        }
        let port = Port::open(path)?;
        let lock = take_lock(path, &files)?;
        Ok(Self { lock_files: files, ..Self::start(path, settings, port, lock)? })
    }

    fn start(
        path: &Path,
        settings: &Settings,
        port: Port,
        lock: UucpLock,
    ) -> Result<Self, SerialError> {
        if port.wiring == Wiring::NoLines {
            tracing::info!(path = %path.display(), "this port has no modem lines");
        }
        // A few milliseconds less for each answer where the driver can; no loss where it can't.
        let _ = raw::low_latency(&port.fd);
        apply(path, &port, settings)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = raw::register(Arc::clone(&port.fd), interest)
            .map_err(|source| SerialError::Open { path: path.to_owned(), source })?;
        Ok(Self {
            registered,
            port,
            lock,
            lock_files: Vec::new(),
            path: path.to_owned(),
            settings: settings.clone(),
            marks: Marks::default(),
            held: Vec::new(),
            break_due: false,
            breaking: None,
            drain: Drain::default(),
            lines_watch: None,
        })
    }

    /// Lets other programs use the port while it stays open here: they find no lock. Read nothing then, and
    /// [`claim`](Self::claim) it before it is used again.
    pub fn share(&mut self) -> io::Result<()> {
        self.port.unlock()?;
        self.lock = UucpLock::default();
        Ok(())
    }

    /// Takes a port that is shared for this program alone again.
    ///
    /// # Errors
    /// Another program has it. What it has set, and what it reads, is to be left alone then:
    /// [`leave`](Self::leave).
    pub fn claim(&mut self) -> Result<(), SerialError> {
        let in_use = |pid| SerialError::InUse { path: self.path.clone(), pid };
        if let Some(pid) = self.user() {
            return Err(in_use(pid));
        }
        let lock = take_lock(&self.path, &self.lock_files)?;
        self.port.lock().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => in_use(None),
            _ => SerialError::Open { path: self.path.clone(), source: error },
        })?;
        self.lock = lock;
        Ok(())
    }

    /// The process of another program that has a lock file on this port; `Some(None)` if the file doesn't
    /// tell.
    pub fn user(&self) -> Option<Option<u32>> {
        match lock::check(&self.lock_files) {
            Err(LockError::Held(pid)) => Some(pid),
            Ok(()) | Err(LockError::Io(_)) => None,
        }
    }

    /// Ready when there is something to read, or the port is gone. Nothing is read.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() || self.break_due {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut ready = ready!(self.registered.poll_read_ready(cx))?;
            if ready.ready().is_read_closed() || self.port.unread()? > 0 {
                return Poll::Ready(Ok(()));
            }
            ready.clear_ready();
        }
    }

    /// Closes the port and leaves it as it is, for the program that uses it now.
    pub fn leave(mut self) {
        self.port.leave();
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next event. Data lands at the front of `buf`, which should hold 4 KiB;
    /// with an empty one, only the modem lines are watched, and nothing is read.
    pub fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<SerialEvent>> {
        // A BREAK that fails has a port behind it that is about to tell why.
        let _ = self.poll_break_sent(cx);
        if let Poll::Ready(event) = self.poll_lines(cx)? {
            return Poll::Ready(Ok(event));
        }
        if buf.is_empty() {
            return Poll::Pending;
        }
        loop {
            if std::mem::take(&mut self.break_due) {
                return Poll::Ready(Ok(SerialEvent::Break));
            }
            let length = ready!(self.poll_bytes(cx, buf))?;
            if length == 0 {
                return Poll::Ready(Ok(SerialEvent::Lost));
            }
            let data = self.decode(&mut buf[..length]);
            if data > 0 {
                return Poll::Ready(Ok(SerialEvent::Data(data)));
            }
        }
    }

    /// Queues bytes to be sent, as many as there is room for. Waits while a BREAK is being sent.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_break_sent(cx))?;
        loop {
            let mut ready = ready!(self.registered.poll_write_ready(cx))?;
            match self.port.write(data)? {
                Some(length) => return Poll::Ready(Ok(length)),
                // This readiness can't be cleared, and there is nobody left to write to.
                None if ready.ready().is_write_closed() => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                None => ready.clear_ready(),
            }
        }
    }

    /// Ready when everything written has left the port, a BREAK included.
    ///
    /// With flow control that may be never: the patience is the caller's.
    pub fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_break_sent(cx))?;
        self.drain.poll(cx, &self.port, &self.settings)
    }

    /// Changes speed, format, flow control and the rest, at once.
    pub fn set(&mut self, settings: &Settings) -> Result<(), SerialError> {
        apply(&self.path, &self.port, settings)?;
        self.settings = settings.clone();
        Ok(())
    }

    /// Has the driver turn the direction of RS-485.
    ///
    /// # Errors
    /// The driver can't; adapters that turn by themselves need nobody who does.
    pub fn set_rs485(&self, rs485: &Rs485) -> io::Result<()> {
        const ENABLED: u32 = 1;
        let rts = match rs485.rts_while_sending {
            RtsLevel::High => 1 << 1,
            RtsLevel::Low => 1 << 2,
        };
        let millis = |span: Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        raw::set_rs485(&self.port.fd, ENABLED | rts, millis(rs485.before), millis(rs485.after))
    }

    /// Whether this port has modem lines at all. A pseudo-terminal hasn't.
    pub fn has_lines(&self) -> bool {
        self.port.wiring == Wiring::Lines
    }

    /// The modem lines as they are; none on a port without.
    pub fn lines(&self) -> io::Result<ModemLines> {
        self.port.lines()?.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Raises some of our outputs (DTR, RTS) and lowers others. Does nothing on a port without lines.
    pub fn set_lines(&mut self, raise: ModemLines, lower: ModemLines) -> io::Result<()> {
        self.port.set_lines(raise, lower)
    }

    /// Looks at the modem lines so often and reports changes of the inputs, the first look included;
    /// `None` stops it. The kernel can't be waited for: its own call for that can't be cancelled.
    pub fn watch_lines(&mut self, every: Option<Duration>) {
        self.lines_watch = every.filter(|_| self.has_lines()).map(|every| LinesWatch {
            every: every.max(SOONEST_LINES_LOOK),
            timer: Box::pin(sleep_until(Instant::now())),
            last: None,
        });
    }

    /// Sends a BREAK of this length after what is queued; between 10 ms and 5 s. One asked for while
    /// another is going out replaces nothing and adds nothing.
    pub fn send_break(&mut self, length: Duration) {
        self.breaking.get_or_insert_with(|| Breaking::new(length));
    }

    /// Bytes written but not sent.
    pub fn queued(&self) -> io::Result<usize> {
        self.port.unsent()
    }

    /// Throws away what is queued.
    pub fn discard(&mut self, queue: Queue) -> io::Result<()> {
        if queue != Queue::Output {
            self.held.clear();
            self.break_due = false;
        }
        self.port.discard(match queue {
            Queue::Input => QueueSelector::IFlush,
            Queue::Output => QueueSelector::OFlush,
            Queue::Both => QueueSelector::IOFlush,
        })
    }

    /// The driver's counts; `None` where it keeps none.
    pub fn counts(&self) -> Option<Counts> {
        self.port.counts()
    }

    /// Characters that came with a wrong check bit or without a stop bit. They are given on as data.
    pub fn damaged(&self) -> u64 {
        self.marks.damaged()
    }

    /// Bytes held back or new ones; 0 when the port is gone.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.held.is_empty() {
            let length = self.held.len().min(buf.len());
            buf[..length].copy_from_slice(&self.held[..length]);
            self.held.drain(..length);
            if self.held.is_empty() {
                self.held = Vec::new();
            }
            return Poll::Ready(Ok(length));
        }
        loop {
            let mut ready = ready!(self.registered.poll_read_ready(cx))?;
            match self.port.read(buf)? {
                Some(length) => return Poll::Ready(Ok(length)),
                // Hung up, and this readiness can't be cleared.
                None if ready.ready().is_read_closed() => return Poll::Ready(Ok(0)),
                None => ready.clear_ready(),
            }
        }
    }

    /// Takes the marks out; what follows a BREAK is put aside.
    fn decode(&mut self, bytes: &mut [u8]) -> usize {
        if self.port.marking == Marking::Plain {
            return bytes.len();
        }
        let decoded = self.marks.decode(bytes);
        if decoded.then == Then::Break {
            self.break_due = true;
            self.held.splice(..0, bytes[decoded.used..].iter().copied());
        }
        decoded.data
    }

    fn poll_lines(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SerialEvent>> {
        let Some(watch) = &mut self.lines_watch else { return Poll::Pending };
        loop {
            ready!(watch.timer.as_mut().poll(cx));
            watch.timer.as_mut().reset(Instant::now() + watch.every);
            let Some(lines) = self.port.lines()? else { return Poll::Ready(Ok(SerialEvent::Lost)) };
            let inputs = Some(lines.inputs());
            if watch.last != inputs {
                watch.last = inputs;
                return Poll::Ready(Ok(SerialEvent::Lines(lines)));
            }
        }
    }

    fn poll_break_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(breaking) = &mut self.breaking {
            let sent = ready!(breaking.poll(cx, &self.port, &self.settings));
            self.breaking = None;
            sent?;
        }
        Poll::Ready(Ok(()))
    }
}

/// A lock file that can't be written for want of the folder or the permission is only logged.
fn take_lock(path: &Path, files: &[LockFile]) -> Result<UucpLock, SerialError> {
    match UucpLock::take(files) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(pid)) => Err(SerialError::InUse { path: path.to_owned(), pid }),
        Err(LockError::Io(error)) => {
            tracing::warn!(path = %path.display(), %error, "no UUCP lock file can be made");
            Ok(UucpLock::default())
        }
    }
}

fn lock_files(path: &Path, policy: &LockPolicy) -> Result<Vec<LockFile>, SerialError> {
    let LockPolicy::Uucp(folder) = policy else { return Ok(Vec::new()) };
    let device = fs::canonicalize(path)
        .map_err(|source| SerialError::Open { path: path.to_owned(), source })?;
    Ok(lock::files(folder, path, &device))
}

fn apply(path: &Path, port: &Port, settings: &Settings) -> Result<(), SerialError> {
    port.set(settings).map_err(|source| SerialError::Settings {
        path: path.to_owned(),
        speed: settings.speed,
        format: settings.format,
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use rustix::io::{read, write};

    use super::*;
    use crate::pty::Master;

    /// A port whose marks the kernel makes as for a real one; a pseudo-terminal can do that much.
    fn marked() -> (Master, Serial) {
        let master = Master::create().unwrap();
        let mut port = Port::open(&master.slave).unwrap();
        port.marking = Marking::Marked;
        let serial =
            Serial::start(&master.slave, &Settings::default(), port, UucpLock::default()).unwrap();
        (master, serial)
    }

    #[tokio::test]
    async fn every_byte_value_passes_through_the_kernels_marks() {
        let (master, mut serial) = marked();
        let data: Vec<u8> = (0..=255).chain([255; 40]).chain(0..=255).collect();
        write(&master.fd, &data).unwrap();
        let (mut received, mut buf) = (Vec::<u8>::new(), [0; 100]);
        while received.len() < data.len() {
            match poll_fn(|cx| serial.poll_event(cx, &mut buf)).await.unwrap() {
                SerialEvent::Data(length) => received.extend(&buf[..length]),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(received, data);
    }

    #[tokio::test]
    async fn a_break_comes_between_the_data_around_it() {
        let (_master, mut serial) = marked();
        let mut bytes = *b"one\xff\x00\x00two\xff\x00\x00\xff\x00\x00three";
        let mut buf = [0; 4];
        assert_eq!(serial.decode(&mut bytes), 3);
        let mut seen = Vec::new();
        while seen.iter().map(Vec::len).sum::<usize>() < 8 + 3 {
            match poll_fn(|cx| serial.poll_event(cx, &mut buf)).await.unwrap() {
                SerialEvent::Data(length) => seen.push(buf[..length].to_vec()),
                SerialEvent::Break => seen.push(b"|".to_vec()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen.concat(), b"|two||three");
    }

    #[tokio::test]
    async fn the_port_is_given_back_as_it_was() {
        let (master, serial) = marked();
        let modes = |fd| {
            let termios = rustix::termios::tcgetattr(fd).unwrap();
            (termios.input_modes, termios.local_modes, termios.output_speed())
        };
        let during = modes(&master.fd);
        drop(serial);
        assert_ne!(modes(&master.fd), during);
        assert_eq!(modes(&master.fd).2, 38_400);
        assert!(read(&master.fd, &mut [0]).is_err());
    }
}
