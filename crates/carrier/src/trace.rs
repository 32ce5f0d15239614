//! What passes on a line or a call, byte by byte, for whoever looks for a fault.
//!
//! The side that carries the bytes holds a [`Tracer`] and never waits for it; the side that shows
//! them takes [`Entry`]s from [`Entries`] and prints them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clock::Instant;
use tokio::sync::mpsc;

use crate::{Duplex, clock_now, limits};

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Out: to the stream that is traced.
    Out,
    /// In: from the stream that is traced.
    In,
}

/// Whether bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// As they are.
    Shown,
    /// As a mark that something passed, not even how much: a password is being typed.
    Hidden,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, since the trace began.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What an [`Entry`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Bytes; of a long run, the first [`limits::TRACE_BYTES`].
    Bytes {
        /// Which way.
        way: Way,
        /// The first of them.
        first: Box<[u8]>,
        /// How many more there were.
        more: usize,
    },
    /// Something passed that must not be shown.
    Hidden(Way),
    /// A signal or a change of state, in words.
    Note(Box<str>),
    /// So many entries were dropped here because nobody took them in time.
    Lost(u64),
}

/// Begins a trace.
///
/// ```
/// use carrier::trace::{self, Visibility, Way};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let now = carrier::clock_now();
/// let (tracer, mut entries) = trace::begin(now);
/// tracer.bytes(now, Way::Out, b"ATDT10.0.0.7\r");
/// tracer.set(Way::Out, Visibility::Hidden);
/// tracer.bytes(now, Way::Out, b"secret");
/// let shown = entries.next().await.unwrap().to_string();
/// assert!(shown.contains("41 54 44 54 31 30 2e 30  2e 30 2e 37 0d"), "{shown}");
/// assert!(shown.ends_with("|ATDT10.0.0.7.|"), "{shown}");
/// assert!(entries.next().await.unwrap().to_string().contains("hidden"));
/// # }
/// ```
pub fn begin(now: Instant) -> (Tracer, Entries) {
    let (sender, receiver) = mpsc::channel(limits::TRACE_QUEUE);
    let shared = Shared { out_hidden: false.into(), in_hidden: false.into(), lost: 0.into() };
    (Tracer { began: now, sender, shared: Arc::new(shared) }, Entries(receiver))
}

/// The writing end of a trace; clones write to the same one.
#[derive(Clone, Debug)]
pub struct Tracer {
    began: Instant,
    sender: mpsc::Sender<Entry>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    out_hidden: AtomicBool,
    in_hidden: AtomicBool,
    lost: AtomicU64,
}

impl Shared {
    fn hidden(&self, way: Way) -> &AtomicBool {
        match way {
            Way::Out => &self.out_hidden,
            Way::In => &self.in_hidden,
        }
    }
}

/// The reading end of a trace.
#[derive(Debug)]
pub struct Entries(mpsc::Receiver<Entry>);

impl Entries {
    /// The next entry; `None` when the last [`Tracer`] is gone.
    pub async fn next(&mut self) -> Option<Entry> {
        self.0.recv().await
    }
}

impl Tracer {
    /// Bytes passed.
    pub fn bytes(&self, now: Instant, way: Way, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.put(now, || match self.shared.hidden(way).load(Ordering::Relaxed) {
            true => What::Hidden(way),
            false => {
                let first = bytes.get(..limits::TRACE_BYTES).unwrap_or(bytes);
                What::Bytes { way, first: first.into(), more: bytes.len() - first.len() }
            }
        });
    }

    /// Something else happened.
    pub fn note(&self, now: Instant, words: &str) {
        self.put(now, || What::Note(words.into()));
    }

    /// From now on, bytes of `way` are shown or hidden.
    pub fn set(&self, way: Way, visibility: Visibility) {
        self.shared.hidden(way).store(visibility == Visibility::Hidden, Ordering::Relaxed);
    }

    /// Whether anybody still looks; if not, drop the tracer.
    pub fn is_watched(&self) -> bool {
        !self.sender.is_closed()
    }

    fn put(&self, now: Instant, what: impl FnOnce() -> What) {
        let at = now.since(self.began);
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > 0 {
            match self.sender.try_send(Entry { at, what: What::Lost(lost) }) {
                Ok(()) => self.shared.lost.fetch_sub(lost, Ordering::Relaxed),
                Err(_) => return self.lose(),
            };
        }
        match self.sender.try_reserve() {
            Ok(place) => place.send(Entry { at, what: what() }),
            Err(_) => self.lose(),
        }
    }

    fn lose(&self) {
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Out => ">",
            Self::In => "<",
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("{:5}.{:06}", self.at.as_secs(), self.at.subsec_micros());
        match &self.what {
            What::Bytes { way, first, more } => {
                for (index, row) in first.chunks(16).enumerate() {
                    let new_line = if index == 0 { "" } else { "\n" };
                    write!(f, "{new_line}{at} {way} {}", Row(row))?;
                }
                match more {
                    0 => Ok(()),
                    more => write!(f, "\n{at} {way} and {more} more"),
                }
            }
            What::Hidden(way) => write!(f, "{at} {way} (hidden)"),
            What::Note(words) => write!(f, "{at} - {}", words.escape_debug()),
            What::Lost(count) => write!(f, "{at} - {count} entries lost here"),
        }
    }
}

/// Up to sixteen bytes as `hexdump -C` shows them.
struct Row<'a>(&'a [u8]);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..16 {
            let gap = if index == 8 { " " } else { "" };
            match self.0.get(index) {
                Some(byte) => write!(f, "{gap}{byte:02x} ")?,
                None => write!(f, "{gap}   ")?,
            }
        }
        f.write_str(" |")?;
        for byte in self.0 {
            let shown = if (0x20..0x7F).contains(byte) { char::from(*byte) } else { '.' };
            write!(f, "{shown}")?;
        }
        f.write_str("|")
    }
}

/// A [`Duplex`] whose bytes are traced.
pub struct Traced<D> {
    inner: D,
    tracer: Tracer,
}

impl<D: Duplex> Traced<D> {
    /// `inner`, traced.
    pub fn new(inner: D, tracer: Tracer) -> Self {
        Self { inner, tracer }
    }
}

impl<D: Duplex> Duplex for Traced<D> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = ready!(self.inner.poll_read(cx, buf))?;
        match read {
            0 => self.tracer.note(clock_now(), "end of what is received"),
            _ => self.tracer.bytes(clock_now(), Way::In, buf.get(..read).unwrap_or_default()),
        }
        Poll::Ready(Ok(read))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.inner.poll_write(cx, data))?;
        self.tracer.bytes(clock_now(), Way::Out, data.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.inner.poll_shutdown(cx))?;
        self.tracer.note(clock_now(), "end of what is sent");
        Poll::Ready(Ok(()))
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }

    fn timeout(&mut self, now: Instant) {
        self.inner.timeout(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(way: Way, first: &[u8], more: usize) -> String {
        Entry {
            at: Duration::from_millis(1_250),
            what: What::Bytes { way, first: first.into(), more },
        }
        .to_string()
    }

    #[test]
    fn bytes_are_shown_in_rows_of_sixteen() {
        let all: Vec<u8> = (b'0'..b'0' + 17).collect();
        let shown = bytes(Way::In, &all, 3);
        assert_eq!(
            shown,
            "    1.250000 < 30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  |0123456789:;<=>?|\n\
             \x20   1.250000 < 40                                                |@|\n\
             \x20   1.250000 < and 3 more"
        );
    }

    #[tokio::test]
    async fn a_writer_that_is_too_slow_is_told_how_much_it_missed() {
        let now = clock_now();
        let (tracer, mut entries) = begin(now);
        for _ in 0..limits::TRACE_QUEUE + 5 {
            tracer.note(now, "x");
        }
        for _ in 0..limits::TRACE_QUEUE {
            assert_eq!(entries.next().await.unwrap().what, What::Note("x".into()));
        }
        tracer.note(now, "y");
        assert_eq!(entries.next().await.unwrap().what, What::Lost(5));
        assert_eq!(entries.next().await.unwrap().what, What::Note("y".into()));
        drop(tracer);
        assert_eq!(entries.next().await, None);
    }

    #[tokio::test]
    async fn hidden_bytes_leave_neither_their_value_nor_their_number() {
        let now = clock_now();
        let (tracer, mut entries) = begin(now);
        tracer.set(Way::Out, Visibility::Hidden);
        tracer.bytes(now, Way::Out, b"secret");
        tracer.bytes(now, Way::In, b"*");
        tracer.set(Way::Out, Visibility::Shown);
        tracer.bytes(now, Way::Out, b"ls");
        assert_eq!(entries.next().await.unwrap().what, What::Hidden(Way::Out));
        assert!(entries.next().await.unwrap().to_string().ends_with("|*|"));
        assert!(entries.next().await.unwrap().to_string().ends_with("|ls|"));
    }

    #[test]
    fn a_long_run_is_cut() {
        let now = clock_now();
        let (tracer, mut entries) = begin(now);
        tracer.bytes(now, Way::Out, &vec![0; limits::TRACE_BYTES + 9]);
        let Ok(Entry { what: What::Bytes { first, more, .. }, .. }) = entries.0.try_recv() else {
            panic!("no bytes")
        };
        assert_eq!((first.len(), more), (limits::TRACE_BYTES, 9));
    }
}
