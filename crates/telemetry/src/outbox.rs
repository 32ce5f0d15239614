//! An output for whoever drives a machine.

use std::collections::VecDeque;

use crate::Output;

/// Keeps what a machine says and wants done until whoever drives it takes that. The machines bound what they say
/// at once by [`crate::limits`].
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox<Action> {
    /// Bytes for the call.
    pub bytes: Vec<u8>,
    /// What is to be done, in this order.
    pub actions: VecDeque<Action>,
}

impl<Action> Default for Outbox<Action> {
    fn default() -> Self {
        Self { bytes: Vec::new(), actions: VecDeque::new() }
    }
}

impl<Action> Output<Action> for Outbox<Action> {
    fn send(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}
