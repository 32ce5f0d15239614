//! The limits of the collector, each with its reason.

use std::time::Duration;

/// Requests on their way to a site's call. More clients than that have to be told that it is busy.
pub const LETTERS: usize = 64;

/// Points of one site: a plant's list, and no more than one poll can hold in one batch.
pub const POINTS: usize = 4_000;

/// Bytes of a list of points: [`POINTS`] rows of two hundred characters.
pub const LIST: u64 = 1024 * 1024;

/// Columns of a list of points: ours, and as many that somebody else reads.
pub const COLUMNS: usize = 64;

/// Characters of a site's or a point's name.
pub const NAME: usize = 64;

/// Registers that one order reads: some seconds of a slow line.
pub const ORDER: u16 = 2_000;

/// Points that are named to somebody who has asked for one that isn't there: as many as a line of a terminal bears.
pub const NAMED: usize = 5;

/// Registers between two points that are read for nothing rather than asked apart, unless the site says otherwise.
pub const GAP: u16 = 8;

/// Bytes of a line that a site pushes; a longer one is thrown away whole.
pub const LINE: usize = 1024;

/// Fields and texts in a pattern of lines.
pub const PATTERN: usize = 64;

/// Bytes read from a call at once: more than the longest frame.
pub const READ: usize = 1024;

/// Samples of a site that pushes lines which wait while the disk is busy: a minute of the busiest, and its hang-up is heard.
pub const SAID: usize = 4_000;

/// Batches of calls that are over which wait for a store that takes nothing, for all sites together: some tens of megabytes.
pub const UNKEPT: usize = 100;

/// How long they wait: until somebody has come and made room on the disk.
pub const UNKEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// How long after the store took nothing it is tried again with the same samples.
pub const AGAIN: Duration = Duration::from_secs(2);

/// How often it is looked which sites haven't called, and which wishes are due.
pub const LOOK: Duration = Duration::from_secs(5);

/// How long each step of an order for now may take (a write has three): a few silences of a slow site.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a wish waits unless it says otherwise.
pub const WISH: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long after a start the time of day may still be wrong, and somebody set it: until the network is there and has said it.
pub const CLOCK_IS_SET: Duration = Duration::from_secs(300);

/// News of alarms on their way to the store: more than the disk holds up for a moment.
pub const TIDINGS: usize = 1_000;

/// How long telling one of them may take.
pub const TELLING: Duration = Duration::from_secs(20);

/// How often somebody may refuse to be told the same before he isn't told it.
pub const REFUSALS: u32 = 5;

/// The first pause after somebody couldn't be told; it doubles each time.
pub const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// How long somebody is tried to be told. After that it is no news.
pub const TELLING_ENDS: Duration = Duration::from_secs(24 * 3600);

/// For how long he is tried at least, however old the news seem: the clock may have been set.
pub const TELLING_LEAST: Duration = Duration::from_secs(3_600);

/// Hooks that are called: each has a task and a queue of its own.
pub const HOOKS: usize = 8;

/// News that are told though the store takes nothing, at once.
pub const UNRECORDED: usize = 16;

/// Bytes of an answer to a telling that are looked at.
pub const REPLY: usize = 4_096;

/// Calls of a site that are remembered, to see that it calls too often.
pub const CALLS: usize = 1_000;

/// Bytes of a site's calls that are kept to look at: a screen or two, and with ten thousand sites some 40 MB.
pub const TRACE: usize = 4_096;

/// Pieces of a site's calls that are kept to look at, however small.
pub const TRACED: usize = 200;

/// How long a site that didn't answer isn't called again, whoever wants it: calls cost money.
pub const REDIAL: Duration = Duration::from_secs(60);

/// How long after a start a site that should have called meanwhile is waited for at most.
pub const GRACE: Duration = Duration::from_secs(3_600);

/// Names of points that a station uses, over all its life: two lists of the longest sort.
pub const NAMES: usize = 8_000;

/// Lines a second that a site may push. A site that says more is listened to more slowly, so that it can't fill the disk in
/// a day.
pub const LINES: u32 = 50;

/// How far beyond our clock a station's sample may be. One that claims to be from tomorrow is from now.
pub const FUTURE: Duration = Duration::from_secs(3_600);

/// Alarms that are looked through at a start or a reload.
pub const ALARMS: usize = 10_000;

/// How long a range of registers is left alone that its unit has left unanswered twice while it answered others: as long as
/// the master leaves a unit alone that answers nothing.
pub const QUIET: Duration = Duration::from_secs(30);

/// How long a station that was called may take to ask for the password: two modems that train at 300 bit/s.
pub const PROMPT: Duration = Duration::from_secs(60);
