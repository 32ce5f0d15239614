//! What stands for `net` in a build without a module's TCP/IP commands.

use std::task::Context;

use at::result::Cause;
use clock::Instant;

use super::{Driver, Moved};

impl Driver {
    pub(super) const fn sockets(&mut self, _: &mut Context<'_>, _: Instant) -> Moved {
        false
    }

    pub(super) const fn lose_sockets(&mut self, _: &mut Context<'_>, _: Instant, _: Cause) {}
}
