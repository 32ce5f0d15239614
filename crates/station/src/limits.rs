//! Every limit of the crate, with its reason.

use std::time::Duration;

/// Samples that a station keeps unless told otherwise: a hundred points a minute for a week, in some 60 MB.
pub const SAMPLES: u64 = 1_000_000;

/// Samples that a station can be told to keep. SQLite has room for more; a field machine's flash hasn't.
pub const MOST_SAMPLES: u64 = 100_000_000;

/// Samples read from the store at once: more than fit into a message, and little enough to be thrown away.
pub const READ_AHEAD: u32 = 128;

/// Devices of one station: one for each unit number that the centre can say.
pub const DEVICES: usize = 255;

/// The shortest time between two reads of a device. A bus that is read more often has no time for questions.
pub const FASTEST: Duration = Duration::from_millis(100);

/// How long a unit that was silent is left alone at first.
pub const FIRST_REST: Duration = Duration::from_secs(10);

/// How long it is left alone at most: who mends it sees it come back.
pub const LONGEST_REST: Duration = Duration::from_secs(600);

/// How long the login may take, prompts at 300 bit/s and a busy centre included.
pub const LOGIN: Duration = Duration::from_secs(90);

/// Text before a prompt that is looked at; banners are longer, and their beginning doesn't matter.
pub const PROMPT: usize = 512;

/// How long a call may take to be answered, unless told otherwise: two modems that train, and a second address.
pub const DIALLING: Duration = Duration::from_secs(120);

/// How long the far end may take nothing before the call is given up.
pub const STUCK: Duration = Duration::from_secs(600);

/// How long the end of a call may take.
pub const HANG_UP: Duration = Duration::from_secs(10);

/// How far the clock may be off before the centre's time is taken over.
pub const CLOCK: Duration = Duration::from_secs(2);

/// How much longer or shorter than said a wait is, in percent, so that a fleet doesn't call as one.
pub const JITTER: u32 = 20;

/// How long at most an alarm is held back, so that those that come together go in one call, and those of a whole
/// district don't come all at once.
pub const ALARM: Duration = Duration::from_secs(2);
