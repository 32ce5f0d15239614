//! What a modem says: result codes, their numbers and texts, and the exact bytes around them.

mod cause;
mod code;
mod family;
mod format;
mod level;
mod rates;

pub use cause::{Cause, CauseRules, Fault};
pub use code::ResultCode;
pub use family::{Codes, CodesError, Family};
pub use format::{Format, Verbosity};
pub use level::XLevel;
