//! What stands for `net` in a build without a module's TCP/IP commands: nothing, at no cost.

use clock::Instant;
use modem::Modem;

/// There are no sockets.
#[derive(Debug, Default)]
pub(crate) struct Net {}

impl Net {
    pub(crate) const fn has_room_for(&self, _: &Modem) -> bool {
        true
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(crate) const fn count(&self) {}

    pub(crate) const fn due(&mut self, _: Instant) {}
}
