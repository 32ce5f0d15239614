//! What a command has stored, whose line goes on once that is kept.

use at::result::ResultCode;

use crate::core::Core;
use crate::output::Action;
use crate::port::Port;
use crate::stored::Kept;

/// What was stored could not be kept, or it isn't known whether it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStored;

/// A command has stored something: its answer waits.
#[derive(Debug)]
pub(crate) struct Keeping {
    /// What is answered if it can't be kept.
    pub(crate) unkept: Unkept,
    /// What the command says before the next one of its line follows.
    pub(crate) lines: Vec<String>,
}

/// How a line ends of which something could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unkept {
    /// `ERROR`
    Error,
    /// `+CME ERROR` with this number, or `ERROR` without `+CMEE`.
    #[cfg(feature = "wip")]
    Cme(u16),
    /// The error of a module's own commands.
    #[cfg(feature = "gsm")]
    Refused(crate::sets::gsm::Refusal),
}

impl Unkept {
    /// Ends a line.
    pub(crate) fn say(self, core: &Core, port: &mut Port<'_>) {
        match self {
            Self::Error => core.result(ResultCode::Error, port),
            #[cfg(feature = "wip")]
            Self::Cme(number) => core.cme(number, port),
            #[cfg(feature = "gsm")]
            Self::Refused(refusal) => core.refuse(refusal, port),
        }
    }
}

impl Core {
    /// Has the driver keep what changed. Of a command whose line is to wait for that, `unkept` says how it ends if it
    /// can't be kept; without, nobody waits.
    pub(crate) fn keep(&self, kept: Kept, unkept: Option<Unkept>, port: &mut Port<'_>) {
        match kept {
            Kept::Changed => {}
            // What the disk lacks is all stored again with what is stored next.
            Kept::AsBefore if self.memory.is_unkept() => {}
            Kept::AsBefore | Kept::Refused => return,
        }
        port.act(Action::Store(&self.stored));
        if let Some(unkept) = unkept {
            port.awaits(Keeping { unkept, lines: Vec::new() });
        }
    }
}
