//! The numbers behind `+CME ERROR`, and when they are told.

use at::result::ResultCode;

use crate::core::Core;
use crate::port::Port;
use crate::table::MODULE_ERRORS;

/// Another command of this port isn't answered yet.
pub(super) const BUSY: u16 = 515;
/// The operation is not allowed.
pub(super) const NOT_ALLOWED: u16 = 3;

impl Core {
    /// Ends a line with an error of the module's: its number if `+CMEE` asks for it.
    pub(crate) fn cme(&self, number: u16, port: &mut Port<'_>) {
        if self.settings.number(MODULE_ERRORS) == 0 {
            self.result(ResultCode::Error, port);
        } else if self.tells_results() {
            self.information(&[format!("+CME ERROR: {number}")], port);
        }
    }
}
