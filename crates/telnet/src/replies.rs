//! What the codec itself has to say, in order and bounded.

use crate::limits;
use crate::wire::{IAC, NUL, SB, SE, Verb};

/// Commands waiting to be put on the wire.
#[derive(Debug, Default)]
pub(crate) struct Replies(pub(crate) Vec<u8>);

impl Replies {
    /// Whether another command may be queued.
    pub(crate) fn has_room(&self) -> bool {
        self.0.len() < limits::REPLIES
    }

    pub(crate) fn command(&mut self, code: u8) {
        self.0.extend([IAC, code]);
    }

    pub(crate) fn negotiate(&mut self, verb: Verb, option: u8) {
        self.0.extend([IAC, verb.code(), option]);
    }

    /// A sub-negotiation, with 0xFF doubled inside.
    pub(crate) fn sub(&mut self, option: u8, parameters: &[u8]) {
        self.0.extend([IAC, SB, option]);
        for &byte in parameters {
            self.0.push(byte);
            if byte == IAC {
                self.0.push(IAC);
            }
        }
        self.0.extend([IAC, SE]);
    }

    /// Text for a person's screen; the same in every coding, since its line ends are CR LF.
    pub(crate) fn text(&mut self, text: &str) {
        debug_assert!(!text.bytes().any(|byte| byte == NUL || byte == IAC));
        self.0.extend(text.as_bytes());
    }
}
