//! Every limit of the crate, with its reason.

use std::time::Duration;

/// Bytes of a message with its check: what a frame of [`armour`] holds.
pub const MESSAGE: usize = armour::limits::FRAME;

/// Bytes of a name: of a station, a device, a point, a unit of measure.
pub const NAME: usize = 64;

/// Bytes of a text that stood in registers, or of the words of a refusal.
pub const TEXT: usize = 250;

/// Points of one station. More than any field machine serves, and a centre keeps them for each of its calls.
pub const POINTS: usize = 4096;

/// Bytes of points that are told at once: on a path of 300 bit/s they take seventeen seconds.
pub const DESCRIBED: usize = 512;

/// Changes in one message of configuration.
pub const CHANGES: usize = 64;

/// Bytes of a whole configuration: some hundred devices with their points.
pub const CONFIGURATION: usize = 64 * 1024;

/// Bytes of a configuration in one message: nine seconds at 300 bit/s, less than it waits before it is said again.
pub const PIECE: usize = 256;

/// Devices that a station names as silent; those beyond are only counted.
pub const SILENT: usize = 16;

/// Batches on their way that aren't acknowledged yet. Enough to fill a path with a round trip of seconds.
pub const WINDOW: usize = 4;

/// Bytes of the first batch: on a path of 300 bit/s it takes nine seconds.
pub const FIRST_BATCH: usize = 256;

/// An acknowledgement that comes as fast as this lets batches grow.
pub const FAST: Duration = Duration::from_secs(3);

/// How long the first batch may go unacknowledged: that of 300 bit/s, and a centre whose disk is busy.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The least wait for an acknowledgement. Resending costs money where the path is slow, and TCP loses nothing.
pub const LEAST_WAIT: Duration = Duration::from_secs(10);

/// The longest wait for an acknowledgement.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often the same batch is said before the call is given up.
pub const BATCH_TRIES: u8 = 5;

/// How long a greeting, a question, a farewell waits before it is said again.
pub const AGAIN: Duration = Duration::from_secs(15);

/// How often such is said.
pub const TRIES: u8 = 4;

/// How long a path may take to be probed: both texts at 300 bit/s, twice.
pub const PROBING: Duration = Duration::from_secs(180);

/// While something is heard, a probe isn't repeated: on a slow path it would only be in its own way.
pub const PROBE_QUIET: Duration = Duration::from_secs(5);

/// How long a centre waits for a greeting once the path is probed.
pub const GREETING: Duration = Duration::from_secs(60);

/// How often a station says that it is still there, unless told otherwise.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// After so many keep-alives without a word the far end is gone.
pub const MISSED: u32 = 3;

/// The shortest silence that a station may announce. Less would cut calls on slow paths.
pub const LEAST_SILENCE: Duration = Duration::from_secs(30);

/// The longest silence. Who says that it will be silent for years would have its call kept for years.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(24 * 3600);

/// How long a station stays for questions after everything else, unless told otherwise.
pub const LINGER: Duration = Duration::from_secs(5);

/// Questions of the centre on their way to a station. A bus answers one at a time; a few keep the path full.
pub const ASKED: usize = 4;

/// Questions that wait at the centre for one station.
pub const ASKS: usize = 256;

/// Answers that a station keeps in case they are asked for again: more than are ever on their way.
pub const ANSWERS: usize = 32;
