//! What a modem does.

use std::time::Duration;

use at::dial::Dial;
use at::parity::Parity;
use at::result::Cause;

use crate::{SettingError, StateName, Stored};

/// Where a modem puts what it does. The driver implements it; tests collect.
///
/// The order of the calls is the order in which things have to happen. In particular bytes given to
/// [`dte`](Self::dte) or [`data`](Self::data) before an [`Action::Lines`] have to reach the equipment, or to be given up
/// within a bounded time, before the circuits change.
pub trait Output {
    /// The modem's own words for the equipment: echo, results and answers. Of these a driver may drop what
    /// equipment that reads nothing would make it keep without end.
    fn dte(&mut self, bytes: &[u8]);
    /// Data of a call for the equipment, none of which may be dropped: in the data state mostly slices of the
    /// input, and behind a pause what was held meanwhile.
    fn data(&mut self, bytes: &[u8]) {
        self.dte(bytes);
    }
    /// Bytes for the far end: slices of the input, not copies.
    fn line(&mut self, bytes: &[u8]);
    /// What the clock on the wall shows, if the driver can see one.
    #[cfg(feature = "gsm")]
    fn wall_time(&self) -> Option<crate::Moment> {
        None
    }
    /// Everything that is not bytes.
    fn act(&mut self, action: Action<'_>);
}

/// What a modem wants done.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// Establish a call. Answered by `Connected` or `Failed`.
    Dial {
        /// What was dialled.
        dial: &'a Dial,
        /// S7: the modem gives up then, so several addresses have to share it.
        within: Duration,
    },
    /// Give up the dialling in progress; nothing more is to be heard of it.
    CancelDial(Cause),
    /// Pick up the ringing call. Answered by `Connected`, `Failed` or `CallerGone`.
    Answer,
    /// Send the ringing (or just offered) caller away.
    Refuse(Cause),
    /// End the established call, after the bytes already given to [`Output::line`].
    HangUp(Cause),
    /// Drive these circuits.
    Lines(DceLines),
    /// Set the equipment's port to this speed, after the bytes already given to [`Output::dte`];
    /// 0 asks for automatic detection.
    Rate(u32),
    /// Set the equipment's port to this character format.
    Character(Character),
    /// Control the flow between equipment and modem this way.
    Flow(Flow),
    /// Send a BREAK to the far end.
    Break(Duration),
    /// Send a BREAK to the equipment.
    BreakToDte(Duration),
    /// Hand a message of the module's to whoever has its number. Answered by `MessageSent`.
    #[cfg(feature = "gsm")]
    Message(&'a crate::ShortMessage),
    /// Ask the real module behind the line. Answered by `Told`; without an answer within seconds the modem
    /// says that nothing is known.
    #[cfg(feature = "gsm")]
    Ask(at::question::Question),
    /// Keep what is stored, such that it survives a power cut. Answered by `Stored`, within seconds: a command line
    /// may wait for it.
    Store(&'a Stored),
    /// Something for the sockets of a command set.
    #[cfg(feature = "wip")]
    Net(wip::Action<'a>),
    /// For the log.
    Note(Note<'a>),
}

/// The circuits that the modem drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DceLines {
    /// Data carrier detect, circuit 109.
    pub dcd: bool,
    /// Data set ready, circuit 107.
    pub dsr: bool,
    /// Ring indicator, circuit 125.
    pub ri: bool,
    /// Clear to send, circuit 106, as far as the modem decides it: flow control takes it away too.
    pub cts: bool,
}

/// `+ICF`: how the equipment's characters look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Character {
    /// Find out.
    Auto,
    /// This form.
    Form {
        /// 7 or 8.
        data_bits: u8,
        /// [`Parity::None`]: there is no parity bit.
        parity: Parity,
        /// 1 or 2.
        stop_bits: u8,
    },
}

/// Flow control between equipment and modem, per direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// How the equipment stops the modem.
    pub by_dte: FlowBy,
    /// How the modem stops the equipment.
    pub by_dce: FlowBy,
}

/// The means by which one side stops the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowBy {
    /// Not at all.
    Nothing,
    /// DC1 and DC3 in the stream, taken out of it.
    XonXoff,
    /// Circuits 133 (RTS) and 106 (CTS).
    Circuits,
    /// DC1 and DC3 act and are passed on as well.
    XonXoffPassedOn,
    /// Circuits and DC1/DC3.
    Both,
}

/// What a log wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// A command line, without its `AT`, passwords masked.
    CommandLine(&'a str),
    /// The modem went from one state to another.
    State(StateName),
    /// A final result code, in words, and whether the equipment gets to see it.
    Ended(Cause),
    /// Bytes from the far end that could not be kept: the driver gave more than was wanted.
    Lost(usize),
    /// A stored profile was loaded without what this modem does not take: it was stored by another.
    BadProfile(u8, SettingError),
}
