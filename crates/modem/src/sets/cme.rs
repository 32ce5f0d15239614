//! The numbers behind `+CME ERROR`, and when they are told.

use at::result::ResultCode;

use crate::core::Core;
use crate::port::Port;
use crate::table::MODULE_ERRORS;

/// Another command of this port isn't answered yet.
pub(super) const BUSY: u16 = 515;
/// The operation is not allowed.
#[cfg(feature = "wip")]
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

    /// Ends a line with an error of the module's, in words if `+CMEE` asks for them.
    #[cfg(feature = "gsm")]
    pub(crate) fn refuse(&self, refusal: super::gsm::Refusal, port: &mut Port<'_>) {
        use super::gsm::Refusal;
        let level = self.settings.number(MODULE_ERRORS);
        let (name, number) = match refusal {
            // Errors of messages have numbers whatever `+CMEE` says: 27.005, 3.2.5.
            Refusal::Message(number) => ("+CMS ERROR", number),
            Refusal::Equipment(number) if level > 0 => ("+CME ERROR", number),
            Refusal::Equipment(_) | Refusal::Syntax => {
                return self.result(ResultCode::Error, port);
            }
        };
        let text = match refusal.words().filter(|_| level == 2) {
            Some(words) => format!("{name}: {words}"),
            None => format!("{name}: {number}"),
        };
        if self.tells_results() {
            self.information(&[text], port);
        }
    }
}
