//! The one call that a line can have, by how far it has come.

use std::future::Future;
use std::io;
use std::pin::Pin;

use at::result::Cause;
use carrier::{Call, Caller, Counts};
use clock::Instant;

use crate::keeping::Kept;
use crate::limits;
use crate::ticket::{Look, Ticket};

/// ```text
///            Dial                               Answer
///  Free ───────────► Dialling  Noting ─► Ringing ──► Online ──► Free
///   │                   └────────────────────┼─────────▲
///   └──── a caller ──────────────┴───────────┘
/// ```
#[derive(Default)]
pub(crate) enum Slot {
    /// No call.
    #[default]
    Free,
    /// The equipment dialled; the far end hasn't answered.
    Dialling { ticket: Box<Ticket>, dial: Dialling },
    /// A caller waits for his call to be on record; nothing rings yet.
    Noting { ticket: Box<Ticket>, caller: Box<Caller>, kept: Kept },
    /// A caller waits. What it sends stays in the kernel, for after CONNECT.
    Ringing { ticket: Box<Ticket>, caller: Box<Caller> },
    /// The call is established. `over` is set when the far end has sent its last byte.
    Online {
        ticket: Box<Ticket>,
        call: Box<Call>,
        over: Option<Box<Over>>,
        broken: Broken,
        bulk: Bulk,
    },
}

/// What sending to the far end failed of first. The system tells an error only once: to who reads
/// afterwards, a reset or a lost path looks like an end in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Broken(Option<Cause>);

impl Broken {
    /// A broken pipe is what becomes of sending after the far end's end, and no cause of it.
    pub(crate) fn note(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.0.get_or_insert(carrier::cause_of_end(error));
        }
    }

    /// Why the call ended, if reading says `cause`.
    pub(crate) fn or(self, cause: Cause) -> Cause {
        self.0.unwrap_or(cause)
    }
}

/// How much the far end has sent without a pause.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bulk(u32);

impl Bulk {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// There was a pause.
    pub(crate) fn end(&mut self) {
        self.0 = 0;
    }

    /// Whether it is worth a thread.
    pub(crate) fn is_large(self) -> bool {
        self.0 >= limits::BULK
    }
}

/// The far end is gone; the equipment has yet to take what it sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Over {
    pub(crate) cause: Cause,
    /// Bytes that the equipment has not taken.
    pub(crate) left: usize,
    /// When a line whose equipment takes nothing is free again.
    pub(crate) until: Instant,
}

/// A call that is being made; dropping it gives up.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = Result<Reached, Cause>> + Send>>;

/// A call that was established.
pub(crate) struct Reached {
    pub(crate) call: Call,
    pub(crate) over: String,
}

impl Slot {
    /// A call that was just established.
    pub(crate) fn online(ticket: Box<Ticket>, call: Call) -> Self {
        let (broken, bulk) = (Broken::default(), Bulk::default());
        Self::Online { ticket, call: Box::new(call), over: None, broken, bulk }
    }

    pub(crate) fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }

    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Free => None,
            Self::Dialling { ticket, .. }
            | Self::Noting { ticket, .. }
            | Self::Ringing { ticket, .. }
            | Self::Online { ticket, .. } => Some(ticket),
        }
    }

    pub(crate) fn ticket_mut(&mut self) -> Option<&mut Ticket> {
        match self {
            Self::Free => None,
            Self::Dialling { ticket, .. }
            | Self::Noting { ticket, .. }
            | Self::Ringing { ticket, .. }
            | Self::Online { ticket, .. } => Some(ticket),
        }
    }

    pub(crate) fn call(&self) -> Option<&Call> {
        match self {
            Self::Online { call, .. } => Some(call),
            Self::Free | Self::Dialling { .. } | Self::Noting { .. } | Self::Ringing { .. } => None,
        }
    }

    pub(crate) fn call_mut(&mut self) -> Option<&mut Call> {
        match self {
            Self::Online { call, .. } => Some(call),
            Self::Free | Self::Dialling { .. } | Self::Noting { .. } | Self::Ringing { .. } => None,
        }
    }

    /// Looks what the call travels on, and says whether that has turned out since.
    pub(crate) fn look(&mut self) -> Look {
        match self {
            Self::Online { ticket, call, .. } => ticket.look(call),
            Self::Free | Self::Dialling { .. } | Self::Noting { .. } | Self::Ringing { .. } => {
                Look::Same
            }
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.call().map(Call::counts).unwrap_or_default()
    }
}
