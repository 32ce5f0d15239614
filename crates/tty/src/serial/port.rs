//! The kernel's side of a serial port: every system call on it, none of the waiting.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios,
    ioctl_tiocexcl, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr,
};

use super::{Counts, ModemLines, SerialError};
use crate::limits::SPEED_PER_MILLE;
use crate::raw;
use crate::settings::{CarrierLoss, DataBits, Flow, Format, OnClose, Parity, Settings, StopBits};

/// An open port. Dropped, it is given back as it was found.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) fd: Arc<OwnedFd>,
    pub(super) wiring: Wiring,
    pub(super) marking: Marking,
    before: Termios,
    end: End,
}

/// What becomes of the port when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It gets its settings back.
    Restored,
    /// Another program uses it: nothing is touched.
    Left,
}

/// What stands behind the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wiring {
    /// A chip with modem lines.
    Lines,
    /// A pseudo-terminal, or a gadget without lines.
    NoLines,
}

/// Whether the kernel marks BREAKs and damaged characters in the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marking {
    Marked,
    /// Where nothing can be damaged there is nothing to mark.
    Plain,
}

impl Port {
    /// Opens the port and locks it against programs that ask the kernel.
    pub(super) fn open(path: &Path) -> Result<Self, SerialError> {
        let failed = |source| SerialError::Open { path: path.to_owned(), source };
        // Looked at first, for opening a FIFO or a tape has effects of its own.
        if !fs::metadata(path).map_err(failed)?.file_type().is_char_device() {
            return Err(SerialError::NotASerialPort(path.to_owned()));
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match open(path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::BUSY) => {
                return Err(SerialError::InUse { path: path.to_owned(), pid: None });
            }
            Err(error) => return Err(failed(error.into())),
        };
        let before = match tcgetattr(&fd) {
            Ok(before) => before,
            Err(Errno::NOTTY) => return Err(SerialError::NotASerialPort(path.to_owned())),
            Err(error) => return Err(failed(error.into())),
        };
        match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(SerialError::InUse { path: path.to_owned(), pid: None });
            }
            Err(error) => return Err(failed(error.into())),
        }
        ioctl_tiocexcl(&fd).map_err(|error| failed(error.into()))?;
        let wiring = match raw::modem_bits(&fd) {
            Err(Errno::NOTTY | Errno::INVAL) => Wiring::NoLines,
            _ => Wiring::Lines,
        };
        let marking = match wiring {
            Wiring::Lines => Marking::Marked,
            Wiring::NoLines => Marking::Plain,
        };
        Ok(Self { fd: Arc::new(fd), wiring, marking, before, end: End::Restored })
    }

    /// Lets other programs open the port.
    pub(super) fn unlock(&self) -> io::Result<()> {
        ioctl_tiocnxcl(&self.fd)?;
        Ok(flock(&self.fd, FlockOperation::Unlock)?)
    }

    /// Keeps other programs from it again; `WouldBlock` if one of them was first.
    pub(super) fn lock(&self) -> io::Result<()> {
        flock(&self.fd, FlockOperation::NonBlockingLockExclusive)?;
        Ok(ioctl_tiocexcl(&self.fd)?)
    }

    pub(super) fn leave(&mut self) {
        self.end = End::Left;
    }

    /// Bytes that have come and aren't read.
    pub(super) fn unread(&self) -> io::Result<u64> {
        match rustix::io::ioctl_fionread(&self.fd) {
            Ok(count) => Ok(count),
            // Reading tells so.
            Err(error) if is_loss(error) => Ok(1),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets everything at once, and checks that the driver took it.
    pub(super) fn set(&self, settings: &Settings) -> io::Result<()> {
        if settings.speed == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "speed 0 means to hang up"));
        }
        let mut termios = tcgetattr(&self.fd)?;
        self.arrange(&mut termios, settings)?;
        tcsetattr(&self.fd, OptionalActions::Now, &termios)?;
        self.check(&tcgetattr(&self.fd)?, &termios, settings)
    }

    fn arrange(&self, termios: &mut Termios, settings: &Settings) -> io::Result<()> {
        termios.make_raw();
        termios.set_speed(settings.speed)?;
        termios.special_codes[SpecialCodeIndex::VMIN] = 1;
        termios.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios.special_codes[SpecialCodeIndex::VSTART] = 0x11;
        termios.special_codes[SpecialCodeIndex::VSTOP] = 0x13;

        // make_raw leaves these as some other program had them.
        termios.input_modes -= InputModes::IXOFF | InputModes::IXANY | InputModes::IGNPAR;
        termios
            .input_modes
            .set(InputModes::IXON | InputModes::IXOFF, settings.flow == Flow::XonXoff);
        let marked = self.marking == Marking::Marked;
        termios.input_modes.set(InputModes::PARMRK | InputModes::INPCK, marked);

        let control = &mut termios.control_modes;
        *control -= format_modes();
        *control |= format_bits(settings.format) | ControlModes::CREAD;
        control.set(ControlModes::CRTSCTS, settings.flow == Flow::RtsCts);
        control.set(ControlModes::CLOCAL, settings.carrier == CarrierLoss::Ignored);
        control.set(ControlModes::HUPCL, settings.on_close == OnClose::DropLines);
        Ok(())
    }

    fn check(&self, got: &Termios, wanted: &Termios, settings: &Settings) -> io::Result<()> {
        let mut missing = Vec::new();
        let tolerance = settings.speed / 1000 * SPEED_PER_MILLE;
        if got.output_speed().abs_diff(settings.speed) > tolerance {
            missing.push("speed");
        }
        let differs = |modes| (got.control_modes ^ wanted.control_modes).intersects(modes);
        if differs(format_modes()) {
            missing.push("format");
        }
        if differs(ControlModes::CRTSCTS) {
            missing.push("RTS/CTS");
        }
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(" and ");
        // Bits of a character mean nothing where no character is ever put on a wire.
        if self.wiring == Wiring::NoLines {
            tracing::warn!(%missing, "not a real serial port: it ignores some settings");
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("the driver doesn't do this {missing}"),
        ))
    }

    /// Reads once; `None` when there is nothing yet, 0 when the port is gone.
    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| read(&self.fd, &mut *buf)) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) if is_loss(error) => Ok(Some(0)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes as many bytes as there is room for; `None` when there is none.
    pub(super) fn write(&self, data: &[u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| write(&self.fd, data)) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The lines; `None` when the port is gone.
    pub(super) fn lines(&self) -> io::Result<Option<ModemLines>> {
        if self.wiring == Wiring::NoLines {
            return Ok(Some(ModemLines::NONE));
        }
        match raw::modem_bits(&self.fd) {
            Ok(bits) => Ok(Some(ModemLines::from_bits(bits))),
            Err(error) if is_loss(error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn set_lines(&self, raise: ModemLines, lower: ModemLines) -> io::Result<()> {
        if self.wiring == Wiring::NoLines {
            return Ok(());
        }
        if lower.output_bits() != 0 {
            raw::lower_modem_bits(&self.fd, lower.output_bits())?;
        }
        if raise.output_bits() != 0 {
            raw::raise_modem_bits(&self.fd, raise.output_bits())?;
        }
        Ok(())
    }

    /// Bytes on their way out, the chip's own included as far as it tells: it says only "some".
    pub(super) fn unsent(&self) -> io::Result<usize> {
        let queued = usize::try_from(raw::unsent(&self.fd)?).unwrap_or(0);
        // A driver that doesn't know its chip's state has already counted what is in there.
        let in_chip = queued == 0 && raw::transmitter_empty(&self.fd) == Ok(false);
        Ok(queued + usize::from(in_chip))
    }

    pub(super) fn discard(&self, queue: QueueSelector) -> io::Result<()> {
        Ok(tcflush(&self.fd, queue)?)
    }

    pub(super) fn counts(&self) -> Option<Counts> {
        let counts = raw::interrupt_counts(&self.fd).ok()?;
        // The kernel counts in ints that wrap.
        Some(Counts {
            received: counts.rx.cast_unsigned(),
            sent: counts.tx.cast_unsigned(),
            framing: counts.frame.cast_unsigned(),
            overrun: counts.overrun.cast_unsigned(),
            parity: counts.parity.cast_unsigned(),
            breaks: counts.brk.cast_unsigned(),
            buffer_overrun: counts.buf_overrun.cast_unsigned(),
        })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if self.end == End::Left {
            return;
        }
        // Nothing can be done about a failure, and an unplugged port fails in all of this.
        let _ = raw::end_break(&self.fd);
        // Unsent bytes would have close wait for up to 30 s while flow control holds them.
        let _ = tcflush(&self.fd, QueueSelector::OFlush);
        let hangs_up = tcgetattr(&self.fd)
            .is_ok_and(|termios| termios.control_modes.contains(ControlModes::HUPCL));
        self.before.control_modes.set(ControlModes::HUPCL, hangs_up);
        let _ = tcsetattr(&self.fd, OptionalActions::Now, &self.before);
        let _ = ioctl_tiocnxcl(&self.fd);
    }
}

/// What reading a port says that is unplugged, hung up, or whose other end is closed.
fn is_loss(error: Errno) -> bool {
    matches!(error, Errno::IO | Errno::NXIO | Errno::NODEV)
}

fn format_modes() -> ControlModes {
    ControlModes::CSIZE
        | ControlModes::PARENB
        | ControlModes::PARODD
        | ControlModes::CMSPAR
        | ControlModes::CSTOPB
}

fn format_bits(format: Format) -> ControlModes {
    let data = match format.data {
        DataBits::Seven => ControlModes::CS7,
        DataBits::Eight => ControlModes::CS8,
    };
    let parity = match format.parity {
        Parity::None => ControlModes::empty(),
        Parity::Even => ControlModes::PARENB,
        Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
        Parity::Mark => ControlModes::PARENB | ControlModes::PARODD | ControlModes::CMSPAR,
        Parity::Space => ControlModes::PARENB | ControlModes::CMSPAR,
    };
    let stop = match format.stop {
        StopBits::One => ControlModes::empty(),
        StopBits::Two => ControlModes::CSTOPB,
    };
    data | parity | stop
}
