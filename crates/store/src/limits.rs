//! The limits of the store, each with its reason.

use std::time::Duration;

/// Calls whose begin waits for the disk at once. A redial storm of ten thousand calls fits while the
/// disk hesitates, in a few megabytes; beyond it new calls are refused as busy.
pub const BEGINS: usize = 16_384;

/// Orders of others than calls (changes of accounts) that wait at once: operators are few.
pub const ORDERS: usize = 256;

/// How long logins and ends wait for each other, to be written in one transaction. Nobody waits for
/// them, and a crash within it shows the call as cut off.
pub const GATHER: Duration = Duration::from_millis(50);

/// How often the traffic of calls in progress is noted: what a record knows less of a call that a crash
/// has cut. One small transaction each, and only while there are calls, to be kind to flash.
pub const SWEEP: Duration = Duration::from_secs(30);

/// How long after a failure the disk is tried again.
pub const RETRY: Duration = Duration::from_secs(2);

/// How long trouble must be over before the next one is an error in the log again: a disk on the edge
/// must not fill the log.
pub const CALM: Duration = Duration::from_secs(60);

/// How long another process may hold the file before we call it trouble: its transactions are short.
pub const BUSY: Duration = Duration::from_secs(5);

/// How often callers who were turned away are put on record.
pub const TALLY: Duration = Duration::from_secs(10);

/// How long one source's callers who were turned away share one record.
pub const TALLY_SPAN: Duration = Duration::from_secs(3600);

/// Sources of callers turned away that have records of their own at once; all others share one. With
/// [`TALLY_SPAN`] that bounds what a flood of callers can write.
pub const TALLIES: usize = 512;

/// How often old records are looked for.
pub const PRUNE: Duration = Duration::from_secs(60);

/// Old records removed at once: small enough that no call waits noticeably for it.
pub const PRUNED_AT_ONCE: u32 = 2_000;

/// How much the time of day may differ from what the monotonic clock makes of the time of the last look,
/// before records aren't removed for their age: a clock that jumps must not empty the store.
pub const CLOCK_STEP: Duration = Duration::from_secs(60);

/// How long the time of day must have run evenly before records are removed for their age again.
pub const CLOCK_CALM: Duration = Duration::from_secs(3600);

/// Rows read at once for a list: the reader lets go of the file between them, so that a slow one doesn't
/// make the journal grow.
pub const PAGE: usize = 500;

/// Characters of a text in a record; longer ones are cut.
pub const TEXT: usize = 256;

/// The size to which the journal is cut back after a burst.
pub const JOURNAL: i64 = 16 * 1024 * 1024;

/// Statements kept ready: all there are.
pub const STATEMENTS: usize = 48;

/// How long a store that is dropped may take to write what waits: a few transactions, or one that a slow
/// disk holds up.
pub const FAREWELL: Duration = Duration::from_secs(5);

/// How long the removal of old records rests between two steps when there is more to remove.
pub const PRUNE_REST: Duration = Duration::from_secs(1);

/// Calls in progress whose traffic is noted in one transaction: new calls don't wait noticeably for it.
pub const SWEPT_AT_ONCE: usize = 1_000;

/// Samples that wait for the disk at once: what a redial storm of a thousand sites brings in batches of a hundred.
/// Beyond it a site is told to come again with them.
pub const SAMPLES: usize = 100_000;

/// Samples in one batch: a transaction that holds nobody up noticeably.
pub const BATCH: usize = 5_000;

/// Samples read at once for a list.
pub const SAMPLES_PAGE: usize = 5_000;

/// Pieces that a series is drawn together into: more than a screen has columns.
pub const BUCKETS: u32 = 4_000;

/// Samples that are read one by one for a picture: some tens of milliseconds.
pub const DRAWN: i64 = 200_000;

/// Hours from which on a picture may be drawn of nothing but hours: fewer would be too coarse.
pub const COARSE: i64 = 100;

/// Alarms that are over and still on record.
pub const ALARMS: i64 = 10_000;

/// Wishes that wait for one site: more than an operator has.
pub const WISHES: i64 = 1_000;

/// Wishes that are over and still on record.
pub const WISHES_KEPT: i64 = 10_000;

/// What waits to be told to one destination: a storm of alarms while its server is down for hours. Beyond it alarms are only
/// on record.
pub const TELLINGS: i64 = 1_000;
