//! Text of an owner on its way into a dialogue.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether a text can stand in a line of a dialogue: nothing in it ends one.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// As logins are written: RFC 4648, 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
