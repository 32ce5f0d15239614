//! What a modem is told.

use std::time::Duration;

use at::result::Cause;

/// Something that happened at the equipment's end, at the line's end, or on the clock.
///
/// Timers that are due run before any input is looked at, so an input never sees a stale state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Bytes from the equipment, as one read brought them: their arrival times make the escape guards.
    Dte(&'a [u8]),
    /// The equipment sent a BREAK.
    Break,
    /// The equipment's circuits now. Given once at the start and after each change.
    Lines(DteLines),
    /// The speed of the equipment's port now, in bit/s; it becomes the number in `CONNECT`.
    Rate(u32),
    /// News of the call.
    Call(CallEvent<'a>),
    /// So many bytes of the last call that was up, which is over, had gone to the equipment by the side of the modem and
    /// are told of only now, whatever has begun since.
    PassedLast(u64),
    /// News of the sockets of a command set.
    #[cfg(feature = "wip")]
    Net(wip::Event<'a>),
    /// A message for the module. Ask [`Modem::can_receive`](crate::Modem::can_receive) before.
    #[cfg(feature = "gsm")]
    Message(&'a crate::ShortMessage),
    /// What became of [`Action::Message`](crate::Action::Message): it has arrived, or the number that
    /// `+CMS ERROR` is to tell.
    #[cfg(feature = "gsm")]
    MessageSent(Result<(), u16>),
    /// What came of [`Action::Ask`](crate::Action::Ask).
    #[cfg(feature = "gsm")]
    Told(at::question::Question, &'a at::question::Told),
    /// What came of the last [`Action::Store`](crate::Action::Store), and with it of all before: each has everything
    /// with it that is stored.
    Stored(Result<(), crate::NotStored>),
    /// Nothing but time passed: [`Modem::deadline`](crate::Modem::deadline) is reached.
    Timeout,
}

/// The circuits that the equipment drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DteLines {
    /// Data terminal ready, circuit 108. A closed pty or a speed of B0 counts as off.
    pub dtr: bool,
    /// Request to send, circuit 105/133.
    pub rts: bool,
}

impl DteLines {
    /// Equipment that is switched on and ready.
    pub const READY: Self = Self { dtr: true, rts: true };
}

/// News of the one call that a modem can have.
///
/// After [`Action::CancelDial`](crate::Action::CancelDial), [`Action::Refuse`](crate::Action::Refuse)
/// and [`Action::HangUp`](crate::Action::HangUp) no event of that call may follow. Events that fit no
/// call are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEvent<'a> {
    /// Somebody calls. Ask [`Modem::can_ring`](crate::Modem::can_ring) before: a modem that is busy
    /// answers with [`Action::Refuse`](crate::Action::Refuse).
    Ringing(Caller<'a>),
    /// The caller left before being answered.
    CallerGone,
    /// The dialled call, or the answered one, is established. While online it says that a broken path
    /// was mended within S10.
    Connected(Connected),
    /// Bytes from the far end.
    Data(&'a [u8]),
    /// So many bytes from the far end have gone to the equipment by the side of the modem, as
    /// [`Modem::lets_pass`](crate::Modem::lets_pass) allows. Of a call that is over there is
    /// [`Input::PassedLast`].
    Passed(u64),
    /// The far end sent a BREAK.
    Break,
    /// The call could not be established.
    Failed(Cause),
    /// The far end is gone, and all its data was given before.
    Cleared(Cause),
}

/// Who calls, for RING, caller identification and the call list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The caller's address as text, without a port.
    pub address: &'a str,
    /// The twelve digits of an IPv4 address, empty if there are none.
    pub digits: &'a str,
    /// The number under which the phonebook knows the caller, empty if it does not.
    pub number: &'a str,
    /// The caller's name from the phonebook or a name server, empty if unknown.
    pub name: &'a str,
    /// The date and time on the wall, which a machine without a clock has to be told.
    pub time: Option<WallTime>,
    /// How the bell sounds for this caller.
    pub bell: Bell,
}

/// Local date and time of a call, for the `DATE` and `TIME` lines of caller identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallTime {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// The distinctive ring: which of the numbers of this line was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// The ordinary cadence.
    #[default]
    Plain,
    /// `RING A`
    A,
    /// `RING B`
    B,
    /// `RING C`
    C,
}

/// What the carrier says about an established call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    /// The number for `CONNECT` in place of the equipment's speed.
    pub rate: Option<u32>,
    /// How long to hold the far end's bytes after `CONNECT`, in place of the persona's.
    pub delay: Option<Duration>,
}
