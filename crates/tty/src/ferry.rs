//! Bulk carried from a socket to a pseudo-terminal by a thread that does nothing else.
//!
//! Programs read a pseudo-terminal in small pieces, and there is room for as little at a time. A thread that waits
//! for one terminal needs two system calls for each piece; a reactor and a task need a few microseconds more, which
//! is as much again as a tenth of what the kernel spends on moving the bytes.

use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, retry_on_intr, write};

use crate::limits::{FERRY_LOAD, FERRY_WAIT};
use crate::pty::{Berth, Lease};

/// A socket, a terminal, and what is on the way between them.
#[derive(Debug)]
pub struct Ferry {
    from: OwnedFd,
    berth: Berth,
    /// Room for what is on the way, which is this part of it.
    hold: Vec<u8>,
    load: Range<usize>,
    sieve: Option<Sieve>,
    /// Was read, and left by the sieve.
    left: Vec<u8>,
}

/// Leaves at the front of what was read what is for the terminal.
pub type Sieve = fn(&mut [u8]) -> Sifted;

/// What a [`Sieve`] has made of what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sifted {
    /// Bytes for the terminal, which stand at the front now.
    pub load: usize,
    /// Bytes that it has dealt with. The rest means something else, or isn't whole yet if it is a single byte.
    pub seen: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Landed {
    /// Was read, and not yet written.
    pub load: Vec<u8>,
    /// Was read behind that, and not let through by the sieve.
    pub left: Vec<u8>,
    /// Why the ferry goes no further.
    pub landing: Landing,
}

/// Why a ferry goes no further.
#[derive(Debug)]
pub enum Landing {
    /// It was recalled.
    Recalled,
    /// Nothing more comes for the moment, or nothing more is taken because the client has gone, or something came that
    /// the sieve has left.
    Paused,
    /// The far end has sent its last byte.
    End,
    /// Reading failed.
    Failed(io::Error),
}

impl Ferry {
    /// What comes out of `from`, a socket that doesn't block, is to go to the terminal behind `load`; through the
    /// sieve, if there is one.
    pub fn new(from: OwnedFd, sieve: Option<Sieve>, berth: Berth, load: Vec<u8>) -> Self {
        Self { from, berth, load: 0..load.len(), hold: load, sieve, left: Vec::new() }
    }

    /// For whoever may want the terminal back.
    pub fn lease(&self) -> Lease {
        self.berth.lease()
    }

    /// Carries until there is a reason to stop; blocks.
    pub fn run(mut self) -> Landed {
        let landing = loop {
            if self.berth.is_recalled() {
                break Landing::Recalled;
            }
            let step = match self.load.is_empty() {
                true => self.take_on(),
                false => self.unload(),
            };
            if let Some(landing) = step {
                break landing;
            }
        };
        self.hold.truncate(self.load.end);
        self.hold.drain(..self.load.start);
        Landed { load: self.hold, left: self.left, landing }
    }

    fn take_on(&mut self) -> Option<Landing> {
        if self.left.len() > 1 {
            return Some(Landing::Paused);
        }
        self.hold.resize(FERRY_LOAD, 0);
        let room = self.hold.get_mut(self.left.len()..).unwrap_or_default();
        match retry_on_intr(|| read(&self.from, &mut *room)) {
            Ok(0) => Some(Landing::End),
            Ok(count) => {
                self.load = 0..self.sift(count);
                self.berth.add(self.load.len());
                None
            }
            Err(Errno::AGAIN) => {
                let patience = Timespec::try_from(FERRY_WAIT).ok();
                let seen = self.wait(&self.from, PollFlags::IN, patience.as_ref());
                (!seen.is_ok_and(|seen| !seen.is_empty())).then_some(Landing::Paused)
            }
            Err(error) => Some(Landing::Failed(error.into())),
        }
    }

    /// Puts what was left in front of so many bytes that were read, and tells how many of all are for the terminal.
    fn sift(&mut self, count: usize) -> usize {
        let Some(sieve) = self.sieve else { return count };
        let length = self.left.len() + count;
        let wire = self.hold.get_mut(..length).unwrap_or_default();
        for (to, from) in wire.iter_mut().zip(self.left.drain(..)) {
            *to = from;
        }
        let sifted = sieve(wire);
        self.left.extend_from_slice(wire.get(sifted.seen..).unwrap_or_default());
        sifted.load
    }

    fn unload(&mut self) -> Option<Landing> {
        let rest = self.hold.get(self.load.clone()).unwrap_or_default();
        match retry_on_intr(|| write(self.berth.terminal(), rest)) {
            Ok(taken) => {
                self.load.start += taken;
                if self.load.is_empty() {
                    return None;
                }
            }
            Err(Errno::AGAIN) => {}
            // Whoever writes next finds out what it is.
            Err(_) => return Some(Landing::Paused),
        }
        match self.wait(self.berth.terminal(), PollFlags::OUT, None) {
            Ok(seen) if !seen.intersects(PollFlags::HUP | PollFlags::ERR) => None,
            _ => Some(Landing::Paused),
        }
    }

    /// Waits for one of the two, or for the recall; nothing is seen when the time is over.
    fn wait(
        &self,
        fd: &OwnedFd,
        wanted: PollFlags,
        patience: Option<&Timespec>,
    ) -> io::Result<PollFlags> {
        let mut fds = [PollFd::new(fd, wanted), PollFd::new(self.berth.bell(), PollFlags::IN)];
        retry_on_intr(|| poll(&mut fds, patience))?;
        let [fd, bell] = fds;
        Ok(fd.revents() | bell.revents())
    }
}
