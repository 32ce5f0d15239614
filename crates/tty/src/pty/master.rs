//! The kernel's side of a pseudo-terminal: every system call on it, none of the waiting.

use std::ffi::OsStr;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown};
use rustix::io::{Errno, ioctl_fionread, read, readv, retry_on_intr, write};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, QueueSelector, Termios, tcflush,
    tcgetattr, tcsetattr,
};

use super::{ClientSettings, PtyError, Rights};
use crate::limits::LONGEST_READ;
use crate::raw;

// Packet types by the kernel's `asm/ioctls.h`.
const PACKET_DATA: u8 = 0;
const PACKET_NO_STOP: u8 = 16;
const PACKET_DO_STOP: u8 = 32;
const PACKET_IOCTL: u8 = 64;

/// The master of a pseudo-terminal and the path of its slave.
#[derive(Debug)]
pub(crate) struct Master {
    pub(crate) fd: Arc<OwnedFd>,
    pub(crate) slave: Arc<Path>,
}

/// What one read of a master in packet mode brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// So many bytes of data.
    Data(usize),
    /// The client called tcsetattr.
    Settings,
    /// Something else that a modem needn't know, such as tcflush.
    Other,
    /// Nobody has the slave open, and all data has been read.
    Closed,
    /// Nothing yet.
    Empty,
}

/// What waits behind data that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Nothing so far: a read was shorter than it could have been.
    Nothing,
    /// The client called tcsetattr.
    Settings,
    /// The next read will tell.
    Anything,
}

/// How we learn of changes to the client's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    /// The kernel tells.
    ToldByKernel,
    /// We look whenever the client sends something: it wants the kernel's line editing.
    OnData,
    /// The client has put an end to the kernel's telling. We look whenever it sends something, and have the kernel tell
    /// again when it has had its time.
    Lapsed,
}

impl Master {
    /// A new pseudo-terminal, unlocked and non-blocking, as the kernel sets it: cooked.
    pub(crate) fn create() -> io::Result<Self> {
        let fd = openpt(flags())?;
        grantpt(&fd)?;
        unlockpt(&fd)?;
        let slave = Path::new(OsStr::from_bytes(ptsname(&fd, Vec::new())?.as_bytes())).into();
        Ok(Self { fd: Arc::new(fd), slave })
    }

    /// A pseudo-terminal for clients: raw, its settings watched, hung up until the first one comes.
    pub(crate) fn offer(rights: Rights, speed: u32) -> Result<Self, PtyError> {
        let master = Self::create().map_err(PtyError::Open)?;
        master.prepare(speed).map_err(PtyError::Open)?;
        // The opening and closing by ourselves puts the hung-up state in place that later closes
        // restore; without it the kernel would call a terminal that was never opened alive.
        let slave = master.open_slave().map_err(PtyError::Open)?;
        master.restrict(&slave, rights)?;
        Ok(master)
    }

    fn prepare(&self, speed: u32) -> io::Result<()> {
        let mut termios = tcgetattr(&self.fd)?;
        make_transparent(&mut termios);
        termios.set_speed(speed)?;
        tcsetattr(&self.fd, OptionalActions::Now, &termios)?;
        raw::packet_mode(&self.fd)
    }

    fn restrict(&self, slave: &OwnedFd, rights: Rights) -> Result<(), PtyError> {
        let access = |error: Errno| PtyError::Access {
            path: self.slave.to_path_buf(),
            source: error.into(),
        };
        if rights.owner.is_some() || rights.group.is_some() {
            let owner = rights.owner.map(Uid::from_raw);
            fchown(slave, owner, rights.group.map(Gid::from_raw)).map_err(access)?;
        }
        if let Some(mode) = rights.mode {
            fchmod(slave, Mode::from_raw_mode(mode & 0o777)).map_err(access)?;
        }
        Ok(())
    }

    /// Opens the other end for ourselves, for a moment: while it lasts, no close is seen.
    pub(crate) fn open_slave(&self) -> io::Result<OwnedFd> {
        Ok(ioctl_tiocgptpeer(&self.fd, flags())?)
    }

    /// The other end as a program wants it.
    pub(crate) fn open_slave_blocking(&self) -> io::Result<OwnedFd> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        Ok(ioctl_tiocgptpeer(&self.fd, flags)?)
    }

    /// Reads once. The packet's type goes to a byte of its own, so the data needs no moving.
    pub(crate) fn read_packet(&self, buf: &mut [u8]) -> io::Result<Packet> {
        let mut kind = [0];
        let mut parts = [IoSliceMut::new(&mut kind), IoSliceMut::new(buf)];
        match retry_on_intr(|| readv(&self.fd, &mut parts)) {
            Ok(0) | Err(Errno::IO) => Ok(Packet::Closed),
            Ok(1) => Ok(control(kind[0])),
            Ok(length) => Ok(Packet::Data(length - 1)),
            Err(Errno::AGAIN) => Ok(Packet::Empty),
            Err(error) => Err(error.into()),
        }
    }

    /// Goes on reading behind the `length` bytes of data that a read brought, if that was as long as the
    /// kernel makes them, as far as `buf` has room: what is sent on in one piece costs half of what it
    /// costs in four. Returns how many bytes there are.
    ///
    /// An end or an error shows again when it is asked for next; these bytes go first.
    pub(crate) fn gather(&self, buf: &mut [u8], mut length: usize) -> (usize, Behind) {
        let mut last = length;
        while last == LONGEST_READ {
            let Some(room) = buf.get_mut(length..).filter(|room| room.len() >= LONGEST_READ) else {
                return (length, Behind::Anything);
            };
            match self.read_packet(room) {
                Ok(Packet::Data(more)) => (last, length) = (more, length + more),
                Ok(Packet::Empty) => return (length, Behind::Nothing),
                Ok(Packet::Settings) => return (length, Behind::Settings),
                Ok(Packet::Other | Packet::Closed) | Err(_) => return (length, Behind::Anything),
            }
        }
        // A buffer that is full may have been what made the read short.
        (length, if length < buf.len() { Behind::Nothing } else { Behind::Anything })
    }

    /// Takes as many bytes as there is room for; `None` when there is none.
    pub(crate) fn write(&self, data: &[u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| write(&self.fd, data)) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a client has the slave open, or had and left something for us to read.
    pub(crate) fn was_visited(&self) -> io::Result<bool> {
        loop {
            let seen = look(&self.fd)?;
            if !seen.contains(PollFlags::HUP) {
                return Ok(true);
            }
            if !seen.contains(PollFlags::IN) {
                return Ok(false);
            }
            // One byte is the packet's type alone: data stays where it is.
            let mut kind = [0];
            match retry_on_intr(|| read(&self.fd, &mut kind)) {
                Ok(1) if kind[0] == PACKET_DATA => return Ok(true),
                Ok(1) if control(kind[0]) == Packet::Settings => return Ok(true),
                Ok(_) => {}
                Err(Errno::IO | Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether data are next to be read; whatever a client changed is next otherwise.
    pub(crate) fn holds_data(&self) -> io::Result<bool> {
        if !look(&self.fd)?.contains(PollFlags::IN) {
            return Ok(false);
        }
        Ok(ioctl_fionread(&self.fd)? > 0)
    }

    /// Whether a client has the slave open now.
    pub(crate) fn is_open(&self) -> io::Result<bool> {
        Ok(!look(&self.fd)?.contains(PollFlags::HUP))
    }

    /// Undoes a B0: of a client that has gone, or of one that writes all the same.
    pub(crate) fn revive(&self, last_speed: u32) -> io::Result<()> {
        let mut termios = tcgetattr(&self.fd)?;
        if termios.output_speed() != 0 {
            return Ok(());
        }
        termios.set_speed(last_speed)?;
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &termios)?)
    }

    /// Whether something we wrote is still unread by a client that is there to read it.
    ///
    /// The kernel has no answer to that for the whole way, so this may be wrong once, in the moment
    /// between a read and the arrival of what waits behind it; ask twice, with a pause.
    pub(crate) fn is_unread(&self) -> io::Result<bool> {
        if look(&self.fd)?.contains(PollFlags::HUP) {
            return Ok(false);
        }
        let slave = self.open_slave()?;
        // The first waits for a read in progress to end, the second brings up what is on the way.
        Ok(ioctl_fionread(&slave)? > 0 || look(&slave)?.contains(PollFlags::IN))
    }

    /// Throws away what we wrote and nobody read. `slave` is the other end.
    pub(crate) fn discard_unread(&self, slave: &OwnedFd) -> io::Result<()> {
        // First what is on the way: it would move up into the emptied queue.
        tcflush(&self.fd, QueueSelector::OFlush)?;
        Ok(tcflush(slave, QueueSelector::IFlush)?)
    }

    /// Makes the terminal fit for the next client: raw again, with the speed kept but never B0.
    ///
    /// A client that left it cooked would otherwise have its successor echo the modem's answers back
    /// as commands; one that left B0, have it find a modem that sees no DTR.
    pub(crate) fn tidy(&self, last_speed: u32) -> io::Result<()> {
        let mut termios = tcgetattr(&self.fd)?;
        if is_transparent(&termios) && termios.output_speed() != 0 {
            return Ok(());
        }
        make_transparent(&mut termios);
        if termios.output_speed() == 0 {
            termios.set_speed(last_speed)?;
        }
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &termios)?)
    }

    /// Takes packet types out of the way that our own doings left, up to the first byte of data.
    pub(crate) fn swallow_control(&self) -> io::Result<()> {
        let mut kind = [0];
        loop {
            match retry_on_intr(|| read(&self.fd, &mut kind)) {
                Ok(1) if kind[0] != PACKET_DATA => {}
                Ok(_) | Err(Errno::IO | Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What the client has set, with `last_speed` standing in for B0, and how we learn of what it sets next.
    ///
    /// The kernel tells of changes only under EXTPROC, and under EXTPROC does no echo, line editing,
    /// CR translation or interrupt characters. So a client that wants any of these gets them at once (a login
    /// on this terminal needs them) and its later changes show with its next data.
    pub(crate) fn settings(&self, last_speed: u32) -> io::Result<(ClientSettings, Attention)> {
        let mut termios = tcgetattr(&self.fd)?;
        let told = termios.local_modes.contains(LocalModes::EXTPROC);
        let attention = match (wants_discipline(&termios), told) {
            (true, _) => Attention::OnData,
            (false, true) => Attention::ToldByKernel,
            (false, false) => Attention::Lapsed,
        };
        if told && attention == Attention::OnData {
            termios.local_modes.remove(LocalModes::EXTPROC);
            tcsetattr(&self.fd, OptionalActions::Now, &termios)?;
        }
        let speed = termios.output_speed();
        let settings = ClientSettings {
            speed: if speed == 0 { last_speed } else { speed },
            hung_up: speed == 0,
            rts_cts: termios.control_modes.contains(ControlModes::CRTSCTS),
            xon_xoff: termios.input_modes.contains(InputModes::IXON),
        };
        Ok((settings, attention))
    }

    /// Has the kernel tell of the client's settings again, unless that is not to be.
    ///
    /// What the client sets in this very moment is undone, without a word: so not right behind what it has set before.
    pub(crate) fn attend(&self) -> io::Result<()> {
        let mut termios = tcgetattr(&self.fd)?;
        if wants_discipline(&termios) || termios.local_modes.contains(LocalModes::EXTPROC) {
            return Ok(());
        }
        termios.local_modes.insert(LocalModes::EXTPROC);
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &termios)?)
    }
}

fn flags() -> OpenptFlags {
    // rustix leaves O_NONBLOCK out because only Linux takes it here.
    let non_blocking = OpenptFlags::from_bits_retain(OFlags::NONBLOCK.bits());
    OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC | non_blocking
}

/// The kernel's view of a descriptor, now.
fn look(fd: impl AsFd) -> io::Result<PollFlags> {
    let mut fds = [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)];
    retry_on_intr(|| poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })))?;
    Ok(fds[0].revents())
}

fn control(kind: u8) -> Packet {
    // IXON alone is told by its own two bits, even while EXTPROC is off.
    let settings = PACKET_IOCTL | PACKET_DO_STOP | PACKET_NO_STOP;
    if kind & settings != 0 { Packet::Settings } else { Packet::Other }
}

fn make_transparent(termios: &mut Termios) {
    termios.make_raw();
    termios.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL | ControlModes::HUPCL;
    termios.local_modes |= LocalModes::EXTPROC;
}

fn is_transparent(termios: &Termios) -> bool {
    let mut raw = termios.clone();
    make_transparent(&mut raw);
    raw.input_modes == termios.input_modes
        && raw.output_modes == termios.output_modes
        && raw.local_modes == termios.local_modes
}

/// Whether the client has asked for anything that EXTPROC would take from it.
fn wants_discipline(termios: &Termios) -> bool {
    let input = InputModes::ICRNL
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ISTRIP
        | InputModes::IUCLC
        | InputModes::PARMRK;
    let local = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    termios.input_modes.intersects(input) || termios.local_modes.intersects(local)
}
