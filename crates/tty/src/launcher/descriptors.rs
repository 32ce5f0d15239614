//! Whether descriptors are what the front says they are.
//!
//! One is about to be given to another user, and all become the streams of his program: a terminal that
//! isn't the front's own, or a file in a terminal's place, would be somebody else's given away.

use std::os::fd::OwnedFd;

use rustix::fs::{FileType, OFlags, Stat, Uid, fchown, fcntl_getfl, fstat, fstatfs, major};

use super::wire::Kind;
use crate::program::User;
use crate::program::spawn::Streams;

/// The file system of pseudo-terminals, by the kernel's `linux/magic.h`.
const DEVPTS: u64 = 0x1cd1;

/// Slaves of pseudo-terminals, by the kernel's list of devices.
const SLAVES: std::ops::RangeInclusive<u32> = 136..=143;

/// Why descriptors aren't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd(pub(super) &'static str);

/// The streams of a program, if they are such.
pub(super) fn streams(kind: Kind, received: Vec<OwnedFd>, front: u32) -> Result<Streams, Odd> {
    match kind {
        Kind::Terminal => {
            let [slave] = <[OwnedFd; 1]>::try_from(received)
                .map_err(|_| Odd("a terminal is one descriptor"))?;
            is_own_terminal(&slave, front)?;
            Ok(Streams::Terminal(slave))
        }
        Kind::Pipes => {
            let pipes =
                <[OwnedFd; 3]>::try_from(received).map_err(|_| Odd("a program has three pipes"))?;
            let ways = [OFlags::RDONLY, OFlags::WRONLY, OFlags::WRONLY];
            for (pipe, way) in pipes.iter().zip(ways) {
                is_pipe(pipe, way)?;
            }
            Ok(Streams::Pipes(pipes))
        }
    }
}

/// Gives a terminal to the user whose program it is for.
pub(super) fn hand_over(streams: &Streams, user: &User) -> rustix::io::Result<()> {
    match streams {
        Streams::Terminal(slave) => fchown(slave, Some(Uid::from_raw(user.uid)), None),
        Streams::Pipes(_) => Ok(()),
    }
}

fn is_own_terminal(slave: &OwnedFd, front: u32) -> Result<(), Odd> {
    const NO: Odd = Odd("the descriptor is no pseudo-terminal");
    let found = fstat(slave).map_err(|_| NO)?;
    let on = fstatfs(slave).map_err(|_| NO)?;
    let is_slave = file_type(&found) == FileType::CharacterDevice
        && SLAVES.contains(&major(found.st_rdev))
        && u64::try_from(on.f_type) == Ok(DEVPTS);
    if !is_slave || !opened(slave, OFlags::RDWR) {
        Err(NO)
    } else if found.st_uid != front || found.st_mode & 0o077 != 0 {
        Err(Odd("the pseudo-terminal isn't its sender's alone"))
    } else {
        Ok(())
    }
}

fn is_pipe(pipe: &OwnedFd, way: OFlags) -> Result<(), Odd> {
    let found = fstat(pipe).map_err(|_| Odd("the descriptor can't be looked at"))?;
    if file_type(&found) == FileType::Fifo && opened(pipe, way) {
        Ok(())
    } else {
        Err(Odd("the descriptor is no pipe, or one of the wrong direction"))
    }
}

fn file_type(found: &Stat) -> FileType {
    FileType::from_raw_mode(found.st_mode)
}

fn opened(descriptor: &OwnedFd, way: OFlags) -> bool {
    fcntl_getfl(descriptor)
        .is_ok_and(|flags| flags & OFlags::RWMODE == way && !flags.contains(OFlags::PATH))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::program::spawn::Ends;
    use crate::program::{On, PtyMode, WindowSize};

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn refused(kind: Kind, received: Vec<OwnedFd>) -> &'static str {
        streams(kind, received, us()).expect_err("not taken").0
    }

    fn terminal() -> (Ends, OwnedFd) {
        let on = On::Pty { size: WindowSize::default(), term: None, mode: PtyMode::Cooked };
        match Ends::make(&on).unwrap() {
            (ends, Streams::Terminal(slave)) => (ends, slave),
            _ => unreachable!("a terminal was asked for"),
        }
    }

    #[test]
    fn a_terminal_of_the_front_is_taken_and_nothing_in_its_place() {
        let (_ends, slave) = terminal();
        assert!(streams(Kind::Terminal, vec![slave], us()).is_ok());
        let (_ends, slave) = terminal();
        let other = streams(Kind::Terminal, vec![slave], us() + 1).unwrap_err();
        assert!(other.0.contains("sender's"));
        let (_ends, slave) = terminal();
        rustix::fs::fchmod(&slave, rustix::fs::Mode::from_raw_mode(0o620)).unwrap();
        assert!(refused(Kind::Terminal, vec![slave]).contains("alone"));
        for path in ["/etc/passwd", "/dev/null", "/dev/ptmx", "/"] {
            let file = File::open(path).unwrap();
            assert!(refused(Kind::Terminal, vec![file.into()]).contains("no pseudo-terminal"));
        }
        assert!(refused(Kind::Terminal, Vec::new()).contains("one descriptor"));
        let (_ends, slave) = terminal();
        let twice = vec![slave.try_clone().unwrap(), slave];
        assert!(refused(Kind::Terminal, twice).contains("one descriptor"));
    }

    #[test]
    fn pipes_are_three_in_their_directions_and_no_files() {
        let pipes = |order: [usize; 3]| {
            let (reader, writer) = std::io::pipe().unwrap();
            let all: [OwnedFd; 2] = [reader.into(), writer.into()];
            Vec::from(order.map(|n| copy(&all[n])))
        };
        assert!(streams(Kind::Pipes, pipes([0, 1, 1]), us()).is_ok());
        assert!(refused(Kind::Pipes, pipes([1, 0, 1])).contains("direction"));
        let mut two = pipes([0, 1, 1]);
        two.pop();
        assert!(refused(Kind::Pipes, two).contains("three"));
        let mut odd = pipes([0, 1, 1]);
        odd[2] = File::options().write(true).open("/dev/null").unwrap().into();
        assert!(refused(Kind::Pipes, odd).contains("no pipe"));
    }

    fn copy(fd: &OwnedFd) -> OwnedFd {
        fd.try_clone().unwrap()
    }
}
