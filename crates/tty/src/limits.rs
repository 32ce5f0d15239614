//! Every bound of this crate, with its reason.

use std::time::Duration;

/// How often a terminal taken from its client is looked at, until the client has read the rest: the
/// kernel tells nobody when a queue has become empty. Short against a human's patience.
pub(crate) const FAREWELL_LOOK: Duration = Duration::from_millis(10);

/// How often in a row nothing must be found unread before the client is taken to have read all.
pub(crate) const FAREWELL_CALM: usize = 3;

/// How long a client that sets its terminal is left to it before the terminal is set here too: programs that set it in
/// several steps take microseconds between them, and what comes amid ours would be lost. Too short to be a dropped DTR.
pub(crate) const SETTINGS_CALM: Duration = Duration::from_millis(20);

/// Descriptors looked at in `/proc` to find who serves a link. A process seldom has more than its
/// limit of 1024 or the 20 000 of a big exchange.
pub(crate) const PROCESS_DESCRIPTORS: usize = 65_536;

/// What the kernel gives of a pseudo-terminal at once: a page, of which the packet's type takes a byte.
pub(crate) const LONGEST_READ: usize = 4095;

/// Events read from inotify at once: 21 pairs of 16 and 32 bytes; more come with the next read.
pub(crate) const WATCH_BUFFER: usize = 1024;

/// Events heard in one turn: more than the kernel keeps (`fs.inotify.max_queued_events`, 16,384), so that all that was told
/// before is heard, and what comes meanwhile holds nobody up. A few milliseconds at most.
pub(crate) const WATCH_EVENTS: usize = 20_000;

/// How old a lock file without a process id must be to be called forgotten. Programs that write it in
/// two steps take milliseconds; a minute allows for a very busy machine.
pub(crate) const LOCK_SETTLES: Duration = Duration::from_secs(60);

/// How often a lock file may be snatched between removing a dead one and making ours, before we say
/// that the port is in use.
pub(crate) const LOCK_TRIES: usize = 5;

/// Bytes read of a lock file: a number, a word, and a path, of which the system takes no longer ones.
pub(crate) const LOCK_CONTENT: u64 = 4096 + 64;

/// Bytes of a port's name in that of a lock file, for which systems have 255: nobody else has a longer one either.
pub(crate) const LONGEST_NAME: usize = 240;

/// A BREAK shorter than a character isn't one, and 10 ms is a character at 1200 bit/s.
pub(crate) const SHORTEST_BREAK: Duration = Duration::from_millis(10);

/// A longer one only comes from a mistake, and holds up all output.
pub(crate) const LONGEST_BREAK: Duration = Duration::from_secs(5);

/// How soon a sending queue is looked at again at the earliest: no timer is finer.
pub(crate) const SOONEST_DRAIN_LOOK: Duration = Duration::from_millis(1);

/// And at the latest, for a queue that flow control may release at any moment.
pub(crate) const LATEST_DRAIN_LOOK: Duration = Duration::from_millis(50);

/// Modem lines are looked at no more often than this: it is half the shortest signal that a modem must
/// notice (S25 counts hundredths of a second).
pub(crate) const SOONEST_LINES_LOOK: Duration = Duration::from_millis(5);

/// How far a port's speed may be from the one asked for: two ends that are 2.5 % off each still
/// understand each other.
pub(crate) const SPEED_PER_MILLE: u32 = 25;

/// The largest `/etc/passwd` or `/etc/group` that is read: some hundred thousand users.
pub(crate) const USER_FILE_SIZE: u64 = 16 << 20;

/// What the kernel takes (NGROUPS_MAX).
pub(crate) const USER_GROUPS: usize = 65_536;

/// How soon a process group that outlives its leader is looked at again for the first time; then half as
/// often each time. Nothing tells when it is empty, and a look reads about all processes.
pub(crate) const SOONEST_GROUP_LOOK: Duration = Duration::from_millis(10);

/// How long a killed process may take to end. Only one that waits inside the kernel, for a dead disk
/// say, takes longer, and nothing can be done about it.
pub(crate) const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Stack of the thread that waits for killed processes; it does nothing but one system call.
pub(crate) const REAPER_STACK: usize = 64 << 10;

/// Programs that a launcher has running at once: what an exchange of that many calls needs, and what a
/// front that was taken over may fill the machine with.
#[cfg(feature = "launcher")]
pub(crate) const LAUNCHED_PROGRAMS: usize = 20_000;

/// Messages that a launcher reads before it looks whether programs have ended.
#[cfg(feature = "launcher")]
pub(crate) const REQUESTS: usize = 16;

/// Refused messages that a launcher puts in the log; an honest front sends none.
#[cfg(feature = "launcher")]
pub(crate) const LAUNCHER_COMPLAINTS: u32 = 100;

/// How often a launcher with programs looks for dead orphans of theirs, which nobody tells it of. All that
/// they hold is a number.
#[cfg(feature = "launcher")]
pub(crate) const ORPHANS_LOOK: Duration = Duration::from_secs(60);

/// How long a launcher may take to start a program: longer than any machine that can be worked with.
#[cfg(feature = "launcher")]
pub(crate) const LAUNCH_PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to read a large configuration again.
#[cfg(feature = "launcher")]
pub(crate) const RELOAD_PATIENCE: Duration = Duration::from_secs(60);

/// The longest span that an [`Alarm`](crate::Alarm) waits for exactly: t3.5 of a bus above 2,400 bit/s is shorter.
pub(crate) const FINE: Duration = Duration::from_millis(20);

/// Writes in a row that found room before the kernel is no longer asked to tell of it: telling costs a wake-up at
/// each of the client's reads, and beginning and ending it two system calls each.
pub(crate) const CALM_WRITES: u8 = 32;

/// Bytes that a ferry reads at once: nearly what a socket's sender writes at once. What comes back of them leaves room
/// for words in a queue of 64 KiB.
pub(crate) const FERRY_LOAD: usize = 63 * 1024;

/// How long a ferry waits for more to come before it leaves the waiting to the reactor.
pub(crate) const FERRY_WAIT: Duration = Duration::from_millis(2);
