//! Everything that the compiler can't check: registration with the reactor, ioctls that rustix doesn't
//! know, and what happens in a child process between fork and exec.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;

use libc::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ushort};
use rustix::ioctl::{self, Getter, IntegerSetter, NoArg, Opcode, Setter, Updater};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::program::Steps;

/// A descriptor known to the reactor.
pub(crate) type Registered = AsyncFd<Arc<OwnedFd>>;

/// Makes a descriptor known to the reactor of the current tokio runtime.
pub(crate) fn register(fd: Arc<OwnedFd>, interest: Interest) -> io::Result<Registered> {
    // SAFETY: an `OwnedFd` behind an `Arc` can't be closed or replaced while this clone lives, which is
    // as long as the `AsyncFd`, and it always answers with the same number.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(io::Error::from)
}

/// What the kernel knows of a TCP connection.
pub(crate) fn tcp_info(socket: impl AsFd) -> io::Result<libc::tcp_info> {
    let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).unwrap_or_default();
    // SAFETY: getsockopt writes at most `length` bytes to `info`, which has that many.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a struct of integers, of which all bytes are initialised: those that weren't written are 0.
    Ok(unsafe { info.assume_init() })
}

/// Sets the largest segment of a TCP connection.
pub(crate) fn limit_segment(socket: impl AsFd, bytes: u16) -> io::Result<()> {
    let bytes = c_int::from(bytes);
    let length = libc::socklen_t::try_from(size_of::<c_int>()).unwrap_or_default();
    // SAFETY: setsockopt reads `length` bytes of `bytes`, which has that many.
    let failed = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_MAXSEG,
            (&raw const bytes).cast(),
            length,
        )
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has a TCP connection tell how much waits behind each [`receive`].
pub(crate) fn tell_rest(socket: impl AsFd) -> io::Result<()> {
    let on: c_int = 1;
    let length = libc::socklen_t::try_from(size_of::<c_int>()).unwrap_or_default();
    // SAFETY: setsockopt reads `length` bytes of `on`, which has that many.
    let failed = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INQ,
            (&raw const on).cast(),
            length,
        )
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Room for one control message with an int, aligned as its header.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Reads without waiting; tells how many bytes, and how many wait behind them where the kernel says so.
pub(crate) fn receive(socket: impl AsFd, buf: &mut [u8]) -> io::Result<(usize, Option<c_int>)> {
    let mut control = Control([0; 64]);
    let mut piece = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: a struct of integers and pointers, for all of which zero is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: recvmsg writes at most `iov_len` bytes to `buf` and `msg_controllen` to `control`, which have that many and
    // are borrowed for the call.
    let count = unsafe { libc::recvmsg(socket, &raw mut message, libc::MSG_DONTWAIT) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: recvmsg has left in `message` how much of `control` it has filled, with whole messages.
    let first = unsafe { libc::CMSG_FIRSTHDR(&raw const message).as_ref() };
    let told = first
        .filter(|first| (first.cmsg_level, first.cmsg_type) == (libc::IPPROTO_TCP, libc::TCP_INQ));
    // SAFETY: a message of this type has one int, which need not be aligned.
    let waiting =
        told.map(|told| unsafe { libc::CMSG_DATA(told).cast::<c_int>().read_unaligned() });
    Ok((count, waiting))
}

/// Turns packet mode of a pseudo-terminal's master on.
pub(crate) fn packet_mode(master: impl AsFd) -> io::Result<()> {
    // SAFETY: TIOCPKT reads one int.
    Ok(unsafe { ioctl::ioctl(master, Setter::<{ libc::TIOCPKT as Opcode }, c_int>::new(1)) }?)
}

/// Sends a signal to the foreground process group of the terminal behind a master. The kernel takes only
/// those that a terminal's own characters make: SIGINT, SIGQUIT and SIGTSTP.
pub(crate) fn signal_foreground(
    master: impl AsFd,
    signal: rustix::process::Signal,
) -> io::Result<()> {
    let number = signal.as_raw().unsigned_abs() as usize;
    // SAFETY: TIOCSIG takes a signal's number as its argument, and checks it.
    Ok(unsafe {
        ioctl::ioctl(master, IntegerSetter::<{ libc::TIOCSIG as Opcode }>::new_usize(number))
    }?)
}

/// The modem lines, as TIOCM bits.
pub(crate) fn modem_bits(port: impl AsFd) -> rustix::io::Result<c_int> {
    // SAFETY: TIOCMGET writes one int.
    unsafe { ioctl::ioctl(port, Getter::<{ libc::TIOCMGET as Opcode }, c_int>::new()) }
}

/// Raises modem lines.
pub(crate) fn raise_modem_bits(port: impl AsFd, bits: c_int) -> rustix::io::Result<()> {
    // SAFETY: TIOCMBIS reads one int.
    unsafe { ioctl::ioctl(port, Setter::<{ libc::TIOCMBIS as Opcode }, c_int>::new(bits)) }
}

/// Lowers modem lines.
pub(crate) fn lower_modem_bits(port: impl AsFd, bits: c_int) -> rustix::io::Result<()> {
    // SAFETY: TIOCMBIC reads one int.
    unsafe { ioctl::ioctl(port, Setter::<{ libc::TIOCMBIC as Opcode }, c_int>::new(bits)) }
}

/// Sets how the driver turns an RS-485 transmitter: flags, and milliseconds before and after sending.
pub(crate) fn set_rs485(port: impl AsFd, flags: u32, before: u32, after: u32) -> io::Result<()> {
    // struct serial_rs485 is eight words: these three, an address and padding.
    let mut config = [flags, before, after, 0, 0, 0, 0, 0];
    // SAFETY: TIOCSRS485 reads and writes 32 bytes, and `config` has that many.
    Ok(unsafe {
        ioctl::ioctl(port, Updater::<{ libc::TIOCSRS485 as Opcode }, [u32; 8]>::new(&mut config))
    }?)
}

/// Starts a BREAK.
pub(crate) fn start_break(port: impl AsFd) -> rustix::io::Result<()> {
    // SAFETY: TIOCSBRK takes no argument.
    unsafe { ioctl::ioctl(port, NoArg::<{ libc::TIOCSBRK as Opcode }>::new()) }
}

/// Ends a BREAK.
pub(crate) fn end_break(port: impl AsFd) -> rustix::io::Result<()> {
    // SAFETY: TIOCCBRK takes no argument.
    unsafe { ioctl::ioctl(port, NoArg::<{ libc::TIOCCBRK as Opcode }>::new()) }
}

/// Bytes written and not yet handed to the chip.
pub(crate) fn unsent(port: impl AsFd) -> rustix::io::Result<c_int> {
    // SAFETY: TIOCOUTQ writes one int.
    unsafe { ioctl::ioctl(port, Getter::<{ libc::TIOCOUTQ as Opcode }, c_int>::new()) }
}

/// Whether the chip's own transmitter is empty.
pub(crate) fn transmitter_empty(port: impl AsFd) -> rustix::io::Result<bool> {
    const TIOCSER_TEMT: c_uint = 1;
    // SAFETY: TIOCSERGETLSR writes one int.
    let state =
        unsafe { ioctl::ioctl(port, Getter::<{ libc::TIOCSERGETLSR as Opcode }, c_uint>::new()) }?;
    Ok(state & TIOCSER_TEMT != 0)
}

/// The kernel's `struct serial_icounter_struct`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct InterruptCounts {
    pub(crate) cts: c_int,
    pub(crate) dsr: c_int,
    pub(crate) rng: c_int,
    pub(crate) dcd: c_int,
    pub(crate) rx: c_int,
    pub(crate) tx: c_int,
    pub(crate) frame: c_int,
    pub(crate) overrun: c_int,
    pub(crate) parity: c_int,
    pub(crate) brk: c_int,
    pub(crate) buf_overrun: c_int,
    reserved: [c_int; 9],
}

/// What the driver has counted.
pub(crate) fn interrupt_counts(port: impl AsFd) -> rustix::io::Result<InterruptCounts> {
    const { assert!(size_of::<InterruptCounts>() == 80) };
    // SAFETY: TIOCGICOUNT writes one `serial_icounter_struct`, twenty ints by the kernel's header.
    unsafe { ioctl::ioctl(port, Getter::<{ libc::TIOCGICOUNT as Opcode }, InterruptCounts>::new()) }
}

/// The kernel's `struct serial_struct`.
#[repr(C)]
#[derive(Clone, Copy)]
struct SerialStruct {
    kind: c_int,
    line: c_int,
    port: c_uint,
    irq: c_int,
    flags: c_int,
    xmit_fifo_size: c_int,
    custom_divisor: c_int,
    baud_base: c_int,
    close_delay: c_ushort,
    io_type: c_char,
    reserved_char: c_char,
    hub6: c_int,
    closing_wait: c_ushort,
    closing_wait2: c_ushort,
    iomem_base: *mut c_uchar,
    iomem_reg_shift: c_ushort,
    port_high: c_uint,
    iomap_base: c_ulong,
}

/// Asks the driver to hand over received bytes at once instead of gathering them.
pub(crate) fn low_latency(port: impl AsFd) -> rustix::io::Result<()> {
    const ASYNC_LOW_LATENCY: c_int = 1 << 13;
    #[cfg(target_pointer_width = "64")]
    const {
        assert!(size_of::<SerialStruct>() == 72)
    };
    // SAFETY: TIOCGSERIAL writes one `serial_struct`, laid out as in the kernel's header.
    let mut serial = unsafe {
        ioctl::ioctl(&port, Getter::<{ libc::TIOCGSERIAL as Opcode }, SerialStruct>::new())
    }?;
    if serial.flags & ASYNC_LOW_LATENCY != 0 {
        return Ok(());
    }
    serial.flags |= ASYNC_LOW_LATENCY;
    // SAFETY: TIOCSSERIAL reads one `serial_struct`; this one is the driver's own with one flag more.
    unsafe {
        ioctl::ioctl(&port, Setter::<{ libc::TIOCSSERIAL as Opcode }, SerialStruct>::new(serial))
    }
}

/// Has `steps` taken in the child between fork and exec.
pub(crate) fn before_exec(command: &mut Command, mut steps: Steps) {
    // SAFETY: `Steps::take` does nothing but system calls on values made before. After a fork in a
    // program with threads more is forbidden: a lock may be held for ever, the allocator's too.
    unsafe { command.pre_exec(move || steps.take()) };
}

/// Gives every signal its default action, in a child before exec.
///
/// Handlers are reset by exec itself, but an ignored signal stays ignored, and a program deaf to SIGHUP
/// never notices that its caller is gone.
pub(crate) fn default_signals() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL runs no code of ours. Numbers that can't be set (9, 19, the C library's own)
        // are refused by the call and have their default anyway.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Empties the signal mask, in a child before exec.
pub(crate) fn unblock_signals() -> io::Result<()> {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before sigprocmask reads it; the null pointer asks for no
    // copy of the old mask.
    let result = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Marks every descriptor from `first` up to `limit` to be closed by exec, in a child before exec.
pub(crate) fn close_from_on_exec(first: c_int, limit: c_int) {
    // SAFETY: with CLOSE_RANGE_CLOEXEC nothing is closed yet, so no live descriptor loses its file.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, first, c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    // Linux before 5.11 doesn't know it, and many a field computer runs one.
    if result != 0 {
        close_each_on_exec(first, limit);
    }
}

fn close_each_on_exec(first: c_int, limit: c_int) {
    for fd in first..limit {
        // SAFETY: as above; numbers that are not open are refused.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Has the allocator join freed pieces at once, which takes a thousand idle lines 160 KiB less: their tasks
/// begin at whole cache lines, and the small pieces before and after them would stay apart for a sudden need
/// of just that size.
pub fn join_freed_memory() {
    // SAFETY: mallopt only sets a number of the allocator's, under its own locks.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MXFAST, 0);
    }
}

/// Makes the whole process another user's, with no way back.
pub(crate) fn become_for_good(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let done = |result: c_int| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: the list and its length are those of one live slice; the others take numbers. The C library
    // carries each change out in every thread, which the kernel's own calls would not.
    unsafe {
        done(libc::setgroups(groups.len(), groups.as_ptr()))?;
        done(libc::setresgid(gid, gid, gid))?;
        done(libc::setresuid(uid, uid, uid))?;
        // Trusts no return value: if there is a way back, nothing was given up.
        if libc::setresuid(0, 0, 0) == 0 {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
    }
    Ok(())
}

/// Gives memory that was freed back to the system, as far as the allocator can: after a large
/// configuration was read, most of what reading it took lies between what stays.
pub fn give_back_memory() {
    // SAFETY: malloc_trim only looks at the allocator's own free lists, under its own locks.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

    use super::*;

    #[test]
    fn descriptors_are_closed_by_exec_on_old_kernels_too() {
        let (one, other) = io::pipe().unwrap();
        fcntl_setfd(&one, FdFlags::empty()).unwrap();
        fcntl_setfd(&other, FdFlags::empty()).unwrap();
        close_each_on_exec(one.as_raw_fd(), one.as_raw_fd() + 1);
        assert_eq!(fcntl_getfd(&one).unwrap(), FdFlags::CLOEXEC);
        assert_eq!(fcntl_getfd(&other).unwrap(), FdFlags::empty());
    }
}
