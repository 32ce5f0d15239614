//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Bytes read from a module, or from a call, at once: a serial line takes a tenth of a second for so many at
/// 115 200 bit/s, and nothing is asked for that has no room.
pub const READ: usize = 1024;

/// Orders that wait for one module: it does one thing at a time, but equipment of several lines may ask at the
/// same moment how it stands.
pub const ORDERS: usize = 16;

/// Questions of equipment that wait for one module, which is asked one at a time: as many as may be ordered at once,
/// a few times over. Who asks has three seconds, and who has given up is in nobody's way.
pub const QUESTIONS: usize = 64;

/// Commands of the owner's that make a module ready.
pub const INIT_STRINGS: usize = 16;

/// Characters of a command string: modules take 400 or more, and nobody writes that.
pub const COMMAND: usize = 200;

/// Pauses between attempts to open a port that is gone, or to wake a module that doesn't answer: a cable is
/// back within seconds, a broken module after days.
pub const RETRY_FIRST: Duration = Duration::from_secs(2);
/// See [`RETRY_FIRST`].
pub const RETRY_LAST: Duration = Duration::from_secs(300);

/// How long a program that switches a module's power may take.
pub const POWER: Duration = Duration::from_secs(60);

/// How long a module that is left has to end its session.
pub const STOPPING: Duration = Duration::from_secs(5);

/// Lines of the conversation kept for whoever asks what went wrong: from the start to a call and its end.
pub const LOG: usize = 200;

/// How long the last bytes of a call may take to leave for a module that holds its flow control.
pub const LAST_BYTES: Duration = Duration::from_secs(10);
