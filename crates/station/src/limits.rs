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

/// The longest time between two reads of a device, or two calls: nobody waits for longer, and calendars reckon with it.
pub const SLOWEST: Duration = Duration::from_secs(10 * 366 * 86_400);

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

/// By how much the centre may set a clock that was set before, unless told otherwise: what a bad crystal loses in
/// months.
pub const TIME_STEP: Duration = Duration::from_secs(3600);

/// Half a round trip on which no time is believed: it could be off by as much.
pub const VAGUE: Duration = Duration::from_secs(60);

/// For how long a centre has to say the same before it is believed against a clock that was set.
pub const INSISTS: Duration = Duration::from_secs(24 * 3600);

/// No centre ran before 2026, in milliseconds since 1970.
pub const FIRST_MS: i64 = 1_767_225_600_000;

/// None of this kind will after 2100.
pub const LAST_MS: i64 = 4_102_444_800_000;

/// By which part of its period at most a scheduled call is later than its place.
pub const SHAKEN: i64 = 20;

/// Over how long at most calls that waited for their hours spread when those begin: half of them, if they are short.
pub const OPENING: Duration = Duration::from_secs(900);

/// Calls that may fail before a configuration of the centre's is given up for the one before it.
pub const TRIAL_CALLS: u32 = 5;

/// Questions with a mark whose answers are kept: the centre asks again what it has asked last, and no more than its wishes
/// that wait for one site.
pub const ONCE: u64 = 1_000;

/// Learned limits of one device that are kept: one for every two of its points.
pub const LEARNED: usize = telemetry::limits::POINTS / 2;

/// How much longer or shorter than said a wait is, in percent, so that a fleet doesn't call as one.
pub const JITTER: u32 = 20;

/// How long at most an alarm is held back, so that those that come together go in one call, and those of a whole
/// district don't come all at once.
pub const ALARM: Duration = Duration::from_secs(2);

/// Characters of a password that a caller may say: as many as secrets have.
pub const PASSWORD: usize = 256;

/// After how long a caller who has said nothing is asked again: his modem may have been ready later than ours.
pub const ASKED_AGAIN: Duration = Duration::from_secs(5);
