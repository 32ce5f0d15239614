//! One end of a conversation: a DTE end of a line, a call, or the screen of an interactive program.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::net::sockopt;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::PATIENCE;

/// How long a wire is watched when nothing may come. Long enough to catch what was sent by mistake.
const SILENCE: Duration = Duration::from_millis(300);

/// Bytes both ways, and what was said on it.
pub(crate) struct Wire {
    name: String,
    file: File,
    /// Received, and not yet asked for.
    unread: Vec<u8>,
    ended: bool,
}

impl Wire {
    /// A wire over anything that reads and writes.
    pub(crate) fn new(name: &str, end: OwnedFd) -> Self {
        let flags = fcntl_getfl(&end).expect("flags of an open file");
        fcntl_setfl(&end, flags | OFlags::NONBLOCK).expect("a file that doesn't block");
        Self { name: name.into(), file: end.into(), unread: Vec::new(), ended: false }
    }

    /// Opens a DTE end as equipment does: 8 bits, no echo, nothing translated.
    pub(crate) fn open(path: &Path) -> Self {
        let device = open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK, Mode::empty())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut settings = tcgetattr(&device).expect("a terminal");
        settings.make_raw();
        tcsetattr(&device, OptionalActions::Now, &settings).expect("a terminal that can be raw");
        Self::new("the equipment", device)
    }

    /// Calls somebody.
    pub(crate) fn call(address: impl std::net::ToSocketAddrs) -> Self {
        Self::tcp("the caller", TcpStream::connect(address).expect("somebody who listens"))
    }

    /// Calls somebody who turns callers away, and says something all the same; what was heard before the end is
    /// returned. The end is a reset, which may come before the connection is known here.
    pub(crate) fn turned_away(address: impl std::net::ToSocketAddrs, words: &str) -> Vec<u8> {
        match TcpStream::connect(address) {
            Ok(stream) => {
                let mut wire = Self::tcp("the one who is turned away", stream);
                // He may have hung up already.
                let _ = wire.file.write(words.as_bytes());
                wire.expect_end()
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                Vec::new()
            }
        }
    }

    /// A call that is already there.
    pub(crate) fn tcp(name: &str, stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP connection");
        Self::new(name, stream.into())
    }

    /// Says something; what comes meanwhile is kept.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut left = bytes.as_ref();
        let deadline = Instant::now() + PATIENCE;
        while !left.is_empty() {
            self.step(&mut left, deadline, "to take all that is sent");
        }
    }

    /// Waits for `what`; what came before it is returned.
    pub(crate) fn expect(&mut self, what: impl AsRef<[u8]>) -> Vec<u8> {
        let what = what.as_ref();
        let wanted = format!("\"{}\"", what.escape_ascii());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unread.windows(what.len()).position(|window| window == what) {
                let mut before: Vec<u8> = self.unread.drain(..at + what.len()).collect();
                before.truncate(at);
                return before;
            }
            self.step(&mut &[][..], deadline, &wanted);
        }
    }

    /// Waits for `what`, unless the far end hangs up first.
    pub(crate) fn expect_before_end(&mut self, what: impl AsRef<[u8]>) -> bool {
        let what = what.as_ref();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unread.windows(what.len()).position(|window| window == what) {
                self.unread.drain(..at + what.len());
                return true;
            }
            if self.ended {
                return false;
            }
            self.step(&mut &[][..], deadline, &what.escape_ascii().to_string());
        }
    }

    /// Waits for exactly these bytes, with nothing before them.
    pub(crate) fn expect_only(&mut self, what: impl AsRef<[u8]>) {
        let what = what.as_ref();
        let got = self.receive(what.len());
        assert!(
            got == what,
            "{} saw \"{}\" instead of \"{}\"",
            self.name,
            got.escape_ascii(),
            what.escape_ascii()
        );
    }

    /// Waits for so many bytes.
    pub(crate) fn receive(&mut self, count: usize) -> Vec<u8> {
        self.exchange(&[], count)
    }

    /// Sends and receives at the same time.
    pub(crate) fn exchange(&mut self, mut bytes: &[u8], count: usize) -> Vec<u8> {
        let wanted = format!("{count} bytes");
        let mut deadline = Instant::now() + PATIENCE;
        while self.unread.len() < count || !bytes.is_empty() {
            let before = (self.unread.len(), bytes.len());
            self.step(&mut bytes, deadline, &wanted);
            if before != (self.unread.len(), bytes.len()) {
                deadline = Instant::now() + PATIENCE;
            }
        }
        self.unread.drain(..count).collect()
    }

    /// Waits for the far end's hang-up; what came before it is returned.
    pub(crate) fn expect_end(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        while !self.ended {
            self.step(&mut &[][..], deadline, "the end");
        }
        std::mem::take(&mut self.unread)
    }

    /// Nothing is waiting, and nothing comes for a while.
    pub(crate) fn expect_silence(&mut self) {
        let deadline = Instant::now() + SILENCE;
        while self.unread.is_empty() && !self.ended && self.poll(&mut &[][..], deadline) {}
        assert!(
            self.unread.is_empty(),
            "{} saw \"{}\" where nothing was due",
            self.name,
            self.unread.escape_ascii()
        );
        assert!(!self.ended, "{} was hung up", self.name);
    }

    /// Breaks the call off with a reset.
    pub(crate) fn reset(self) {
        sockopt::set_socket_linger(&self.file, Some(Duration::ZERO)).expect("a socket");
    }

    fn step(&mut self, out: &mut &[u8], deadline: Instant, wanted: &str) {
        let gone = self.ended;
        if gone || !self.poll(out, deadline) {
            let count = self.unread.len();
            let last = &self.unread[count.saturating_sub(1000)..];
            let end = if gone { ", then the end" } else { "" };
            panic!(
                "{} waited for {wanted} and has {count} bytes, \"{}\"{end}",
                self.name,
                last.escape_ascii()
            );
        }
    }

    /// Moves what can be moved; says no when the deadline passed without anything.
    fn poll(&mut self, out: &mut &[u8], deadline: Instant) -> bool {
        let interest = if out.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).expect("a short time");
        let mut fds = [PollFd::new(&self.file, interest)];
        match poll(&mut fds, Some(&left)) {
            Ok(0) => return false,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("{}: {error}", self.name),
        }
        let ready = fds[0].revents();
        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.read();
        }
        if ready.contains(PollFlags::OUT) && !self.ended {
            match self.file.write(out) {
                Ok(count) => *out = &out[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{}: {error}", self.name),
            }
        }
        true
    }

    fn read(&mut self) {
        let mut chunk = [0; 65536];
        match self.file.read(&mut chunk) {
            Ok(count) => {
                self.ended = count == 0;
                self.unread.extend_from_slice(&chunk[..count]);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A pty without its other side says EIO, a call that was broken off says ECONNRESET.
            Err(_) => self.ended = true,
        }
    }
}
