//! The other side of a terminal: what a communication program does, and how the tests wait for things.

use std::fs::{File, OpenOptions};
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::task::Poll;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tty::{PtyEnd, PtyEvent};

/// Long enough for the busiest machine: it only bounds how long a failing test hangs.
pub(crate) const FAILURE_BOUND: Duration = Duration::from_secs(60);

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(FAILURE_BOUND, what).await.expect("it should have happened long ago")
}

/// Opens a terminal as a communication program does.
pub(crate) fn open(path: &Path) -> File {
    let flags = OFlags::NOCTTY.bits() as i32;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap()
}

/// The same, with reads that never wait.
pub(crate) fn open_non_blocking(path: &Path) -> File {
    let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap()
}

pub(crate) fn change(client: &File, change: impl FnOnce(&mut Termios)) {
    let mut termios = tcgetattr(client).unwrap();
    change(&mut termios);
    tcsetattr(client, OptionalActions::Now, &termios).unwrap();
}

/// The next event, with its data.
pub(crate) async fn event(end: &mut PtyEnd) -> (PtyEvent, Vec<u8>) {
    let mut buf = [0; 4096];
    let event = soon(poll_fn(|cx| end.poll_event(cx, &mut buf))).await.unwrap();
    let data = if let PtyEvent::Data(length) = event { buf[..length].to_vec() } else { Vec::new() };
    (event, data)
}

/// Reads from the end until as many bytes have come, over any settings on the way.
pub(crate) async fn receive(end: &mut PtyEnd, length: usize) -> Vec<u8> {
    let mut received = Vec::new();
    while received.len() < length {
        let (event, data) = event(end).await;
        assert!(matches!(event, PtyEvent::Data(_) | PtyEvent::Settings(_)), "{event:?}");
        received.extend(data);
    }
    received
}

pub(crate) async fn send(end: &mut PtyEnd, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        let written = soon(poll_fn(|cx| end.poll_write(cx, data))).await?;
        data = &data[written..];
    }
    Ok(())
}

/// Writes until there is no more room; how much that was.
pub(crate) async fn fill(end: &mut PtyEnd) -> usize {
    // Sent to the end first: a descriptor new to the reactor is not ready for anything.
    send(end, b"F").await.unwrap();
    let mut written = 1;
    while let Poll::Ready(length) =
        poll_fn(|cx| Poll::Ready(end.poll_write(cx, &[b'F'; 4096]))).await
    {
        written += length.unwrap();
    }
    assert!(written > 4096);
    written
}
