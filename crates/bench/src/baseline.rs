//! The limits: programs that do the least that could be called the same thing.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A pseudo-terminal in raw mode, offered under `link`.
pub(crate) fn offer(link: &Path) -> io::Result<OwnedFd> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let mut settings = tcgetattr(&master)?;
    settings.make_raw();
    tcsetattr(&master, OptionalActions::Now, &settings)?;
    let name = ptsname(&master, Vec::new())?;
    std::os::unix::fs::symlink(
        Path::new(std::ffi::OsStr::new(name.to_str().unwrap_or_default())),
        link,
    )?;
    Ok(master)
}

/// Reads and writes between `end` and `to` until either closes.
pub(crate) fn pump(end: &str, to: &str) -> io::Result<()> {
    let near: OwnedFd = match end.split_once(':') {
        Some(("pty", link)) => offer(Path::new(link))?,
        Some(("tcp", address)) => {
            let stream = TcpListener::bind(address)?.accept()?.0;
            stream.set_nodelay(true)?;
            stream.into()
        }
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the end is pty:LINK or tcp:ADDRESS",
            ));
        }
    };
    let far = TcpStream::connect(to)?;
    far.set_nodelay(true)?;
    join(&near, &OwnedFd::from(far))
}

/// One direction: what was read and not yet written.
struct Way<'a> {
    from: &'a OwnedFd,
    to: &'a OwnedFd,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Way<'_> {
    /// Moves what can be moved. False at the end.
    fn step(&mut self) -> io::Result<bool> {
        if self.start == self.end {
            self.start = 0;
            self.end = match rustix::io::read(self.from, &mut self.buffer[..]) {
                Ok(0) => return Ok(false),
                Ok(read) => read,
                Err(Errno::AGAIN) => 0,
                // The other side of a pseudo-terminal is closed.
                Err(Errno::IO) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
        }
        if self.start < self.end {
            match rustix::io::write(self.to, &self.buffer[self.start..self.end]) {
                Ok(written) => self.start += written,
                Err(Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn is_waiting_to_write(&self) -> bool {
        self.start < self.end
    }
}

/// A plain pump: poll, read, write. 64 KiB a direction, no copy in between.
fn join(near: &OwnedFd, far: &OwnedFd) -> io::Result<()> {
    for fd in [near, far] {
        fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
    }
    let way = |from, to| Way { from, to, buffer: vec![0; 65536], start: 0, end: 0 };
    let mut out = way(near, far);
    let mut back = way(far, near);
    loop {
        let (mut near_flags, mut far_flags) = (PollFlags::empty(), PollFlags::empty());
        match out.is_waiting_to_write() {
            true => far_flags |= PollFlags::OUT,
            false => near_flags |= PollFlags::IN,
        }
        match back.is_waiting_to_write() {
            true => near_flags |= PollFlags::OUT,
            false => far_flags |= PollFlags::IN,
        }
        let mut fds = [
            PollFd::from_borrowed_fd(near.as_fd(), near_flags),
            PollFd::from_borrowed_fd(far.as_fd(), far_flags),
        ];
        poll(&mut fds, None)?;
        let [near_now, far_now] = fds.map(|fd| fd.revents());
        let ended = PollFlags::HUP | PollFlags::ERR;
        if (near_now | far_now).intersects(PollFlags::OUT | PollFlags::IN | ended)
            && (!out.step()? || !back.step()?)
        {
            return Ok(());
        }
    }
}

/// The least a modem can do: a line comes in, a connection is made, CONNECT goes out; when the far end
/// closes, NO CARRIER goes out.
pub(crate) fn dialler(link: &Path) -> io::Result<()> {
    let master = offer(link)?;
    let mut dte = File::from(master);
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match dte.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            // Nobody has opened the terminal yet, or somebody has closed it.
            _ => return Ok(()),
        }
        if line.ends_with(b"\r") {
            let text = String::from_utf8_lossy(&line);
            let address = text.trim().trim_start_matches("ATDT");
            let mut far = TcpStream::connect(address)?;
            dte.write_all(b"\r\nCONNECT\r\n")?;
            let mut rest = Vec::new();
            far.read_to_end(&mut rest)?;
            dte.write_all(&rest)?;
            dte.write_all(b"\r\nNO CARRIER\r\n")?;
            line.clear();
        }
    }
}
