//! Standard input and output of this process as one stream.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, open};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::termios::isatty;
use tokio::io::Interest;

use crate::raw::{self, Registered};

/// Standard input and output of this process as one non-blocking stream, whatever they are: terminal,
/// pipe, socket or file.
#[derive(Debug)]
pub struct Stdio {
    input: End,
    output: End,
}

impl Stdio {
    /// Takes them. Must be called inside the tokio runtime that will poll it.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            input: End::open(rustix::stdio::stdin(), Direction::In)?,
            output: End::open(rustix::stdio::stdout(), Direction::Out)?,
        })
    }

    /// Reads standard input; 0 at its end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.input.poll_read(cx, buf)
    }

    /// Writes to standard output.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.output.poll_write(cx, data)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// One standard stream.
#[derive(Debug)]
struct End {
    fd: Arc<OwnedFd>,
    /// `None` for files, which the reactor refuses because they are always ready.
    registered: Option<Registered>,
    /// The flags to put back, where we had to change those that we share with whoever started us.
    shared_flags: Option<OFlags>,
}

impl End {
    fn open(stream: BorrowedFd<'_>, direction: Direction) -> io::Result<Self> {
        let (fd, shared_flags) = match non_blocking_twin(stream, direction) {
            Some(twin) => (twin, None),
            None => (stream.try_clone_to_owned()?, make_non_blocking(stream)?),
        };
        let fd = Arc::new(fd);
        let interest = match direction {
            Direction::In => Interest::READABLE,
            Direction::Out => Interest::WRITABLE,
        };
        let registered = match raw::register(Arc::clone(&fd), interest) {
            Ok(registered) => Some(registered),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(error) => return Err(error),
        };
        Ok(Self { fd, registered, shared_flags })
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(registered) = &self.registered else {
            return Poll::Ready(Ok(retry_on_intr(|| read(&self.fd, &mut *buf))?));
        };
        loop {
            let mut ready = ready!(registered.poll_read_ready(cx))?;
            match retry_on_intr(|| read(&self.fd, &mut *buf)) {
                Ok(length) => return Poll::Ready(Ok(length)),
                // A terminal that was hung up.
                Err(Errno::IO) => return Poll::Ready(Ok(0)),
                Err(Errno::AGAIN) if ready.ready().is_read_closed() => return Poll::Ready(Ok(0)),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let Some(registered) = &self.registered else {
            return Poll::Ready(Ok(retry_on_intr(|| write(&self.fd, data))?));
        };
        loop {
            let mut ready = ready!(registered.poll_write_ready(cx))?;
            match retry_on_intr(|| write(&self.fd, data)) {
                Ok(length) => return Poll::Ready(Ok(length)),
                Err(Errno::AGAIN) if ready.ready().is_write_closed() => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(flags) = self.shared_flags {
            let _ = fcntl_setfl(&self.fd, flags);
        }
    }
}

/// The same terminal or pipe, opened anew for ourselves.
///
/// O_NONBLOCK belongs to the open file, which we share with the shell and with the other programs of
/// a pipeline; set there, it makes their reads fail.
fn non_blocking_twin(stream: BorrowedFd<'_>, direction: Direction) -> Option<OwnedFd> {
    let pipe = FileType::from_raw_mode(fstat(stream).ok()?.st_mode) == FileType::Fifo;
    if !pipe && !isatty(stream) {
        return None;
    }
    let access = match direction {
        Direction::In => OFlags::RDONLY,
        Direction::Out => OFlags::WRONLY,
    };
    let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
    open(path, access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// Second best, for sockets and for terminals that another user owns. Files stay as they are.
fn make_non_blocking(stream: BorrowedFd<'_>) -> io::Result<Option<OFlags>> {
    let socket = FileType::from_raw_mode(fstat(stream)?.st_mode) == FileType::Socket;
    let flags = fcntl_getfl(stream)?;
    if flags.contains(OFlags::NONBLOCK) || !(socket || isatty(stream)) {
        return Ok(None);
    }
    fcntl_setfl(stream, flags | OFlags::NONBLOCK)?;
    Ok(Some(flags))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::future::poll_fn;
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;
    use crate::pty::Master;

    async fn read_some(end: &mut End) -> Vec<u8> {
        let mut buf = [0; 4096];
        let read = poll_fn(|cx| end.poll_read(cx, &mut buf));
        let length = tokio::time::timeout(Duration::from_secs(60), read).await.unwrap().unwrap();
        buf[..length].to_vec()
    }

    fn is_non_blocking(fd: impl AsFd) -> bool {
        fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
    }

    #[tokio::test]
    async fn a_pipe_is_read_to_its_end_without_touching_the_shared_flags() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut end = End::open(reader.as_fd(), Direction::In).unwrap();
        assert!(!is_non_blocking(&reader));
        let writing = tokio::task::spawn_blocking(move || writer.write_all(b"piped").unwrap());
        assert_eq!(read_some(&mut end).await, b"piped");
        writing.await.unwrap();
        assert_eq!(read_some(&mut end).await, b"");
    }

    #[tokio::test]
    async fn a_full_pipe_makes_the_writer_wait() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut end = End::open(writer.as_fd(), Direction::Out).unwrap();
        drop(writer);
        let mut written = poll_fn(|cx| end.poll_write(cx, b"first")).await.unwrap();
        while let Poll::Ready(length) =
            poll_fn(|cx| Poll::Ready(end.poll_write(cx, &[0; 4096]))).await
        {
            written += length.unwrap();
        }
        assert!(written > 4096);
        let reading = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all.len()).unwrap()
        });
        written += poll_fn(|cx| end.poll_write(cx, b"more")).await.unwrap();
        drop(end);
        assert_eq!(reading.await.unwrap(), written);
    }

    #[tokio::test]
    async fn files_are_read_and_appended_where_they_stand() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        file.seek(io::SeekFrom::Start(4)).unwrap();
        let mut input = End::open(file.as_fd(), Direction::In).unwrap();
        assert_eq!(read_some(&mut input).await, b"456789");
        assert_eq!(read_some(&mut input).await, b"");
        let mut output = End::open(file.as_fd(), Direction::Out).unwrap();
        assert_eq!(poll_fn(|cx| output.poll_write(cx, b"ab")).await.unwrap(), 2);
        let mut all = String::new();
        file.seek(io::SeekFrom::Start(0)).unwrap();
        file.read_to_string(&mut all).unwrap();
        assert_eq!(all, "0123456789ab");
        let null = File::open("/dev/null").unwrap();
        let mut nothing = End::open(null.as_fd(), Direction::In).unwrap();
        assert_eq!(read_some(&mut nothing).await, b"");
    }

    #[tokio::test]
    async fn a_terminal_is_read_until_it_is_hung_up() {
        let master = Master::create().unwrap();
        let terminal = master.open_slave_blocking().unwrap();
        let mut end = End::open(terminal.as_fd(), Direction::In).unwrap();
        assert!(!is_non_blocking(&terminal));
        assert_eq!(master.write(b"typed\r").unwrap(), Some(6));
        assert_eq!(read_some(&mut end).await, b"typed\n");
        drop(master);
        assert_eq!(read_some(&mut end).await, b"");
    }

    #[tokio::test]
    async fn a_sockets_flags_are_put_back() {
        let (stream, mut other) = UnixStream::pair().unwrap();
        let mut end = End::open(stream.as_fd(), Direction::In).unwrap();
        assert!(is_non_blocking(&stream));
        other.write_all(b"sent").unwrap();
        assert_eq!(read_some(&mut end).await, b"sent");
        drop(end);
        assert!(!is_non_blocking(&stream));
    }
}
