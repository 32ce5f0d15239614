//! What the GSM module and its TCP/IP tell each other.

use std::net::Ipv4Addr;

use super::gsm::{Part, Runs};
use crate::core::Core;

/// The application of the TCP/IP commands was started or stopped.
pub(super) fn application(core: &mut Core, runs: Runs) {
    #[cfg(feature = "wip")]
    if let Some(inner) = core.sets.get_mut() {
        inner.wip.set_application(runs.into());
    }
    let _ = (core, runs);
}

/// The module starts anew, and its sockets with it.
pub(super) fn start_anew(core: &mut Core) {
    #[cfg(feature = "wip")]
    if let Some(inner) = core.sets.get_mut() {
        inner.wip.start_anew();
    }
    let _ = core;
}

/// The contexts that end take a bearer with them that is one of them.
pub(super) fn contexts_end(core: &mut Core, contexts: &[u8]) {
    #[cfg(feature = "wip")]
    if let Some(inner) = core.sets.get_mut() {
        inner.wip.contexts_end(contexts);
    }
    let _ = (core, contexts);
}

/// The context of a bearer that is started, and its address.
pub(super) fn context(core: &Core) -> Option<(u8, Ipv4Addr)> {
    #[cfg(feature = "wip")]
    let context = core.sets.get().and_then(|inner| inner.wip.context());
    #[cfg(not(feature = "wip"))]
    let context = None;
    let _ = core;
    context
}

/// The module has found a network, or lost it, or its card has.
pub(super) fn radio(core: &mut Core, part: &Part) {
    #[cfg(feature = "wip")]
    if let Some(inner) = core.sets.get_mut() {
        inner.wip.set_radio(part.radio());
    }
    let _ = (core, part);
}
