//! RFC 2217: a serial port behind a telnet connection.
//!
//! The peer that has the port is the *access server*; the *client* sends [`Request`]s, the access
//! server answers each with the [`Notification`] of the same name and reports changes by itself.

mod coding;
mod port;

use std::num::NonZeroU32;

pub use self::port::Port;

/// What a client asks of an access server.
///
/// A setting without a value asks for the one in force. A value that no port has is reported like
/// such a question, since the right answer to both is the value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The client's own signature, or (empty) a question for ours.
    Signature(Vec<u8>),
    /// Bits per second.
    BaudRate(Option<NonZeroU32>),
    /// Bits in a character.
    DataSize(Option<DataSize>),
    /// Parity.
    Parity(Option<Parity>),
    /// Stop bits.
    StopSize(Option<StopSize>),
    /// Flow control, BREAK, DTR and RTS.
    Control(Control),
    /// Report the line state now.
    LineState,
    /// Report the modem state now.
    ModemState,
    /// Stop sending data to the client.
    Suspend,
    /// Send data again.
    Resume,
    /// The line-state changes that the client wants to hear of. It has been obeyed and answered.
    LineStateMask(LineState),
    /// The modem-state changes that the client wants to hear of. It has been obeyed and answered.
    ModemStateMask(ModemState),
    /// Throw away what is in the port's buffers.
    Purge(Purge),
}

/// What an access server tells its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The access server's signature, or (empty) a question for the client's.
    Signature(Vec<u8>),
    /// Bits per second in force.
    BaudRate(NonZeroU32),
    /// Bits in a character in force.
    DataSize(DataSize),
    /// Parity in force.
    Parity(Parity),
    /// Stop bits in force.
    StopSize(StopSize),
    /// Flow control, BREAK, DTR or RTS in force.
    Control(Control),
    /// The line state, of which some bits are events.
    LineState(LineState),
    /// The modem lines and which of them changed.
    ModemState(ModemState),
    /// Stop sending data to the access server.
    Suspend,
    /// Send data again.
    Resume,
    /// The line-state mask in force.
    LineStateMask(LineState),
    /// The modem-state mask in force.
    ModemStateMask(ModemState),
    /// The buffers were thrown away.
    Purge(Purge),
}

/// Bits in a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSize {
    /// 5 bits.
    Five = 5,
    /// 6 bits.
    Six,
    /// 7 bits.
    Seven,
    /// 8 bits.
    Eight,
}

/// Parity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None = 1,
    /// Odd.
    Odd,
    /// Even.
    Even,
    /// Always 1.
    Mark,
    /// Always 0.
    Space,
}

/// Stop bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSize {
    /// One.
    One = 1,
    /// Two.
    Two,
    /// One and a half.
    OneAndHalf,
}

/// The values of SET-CONTROL. Those that ask never appear in a [`Notification`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Which outbound flow control?
    AskFlow = 0,
    /// No outbound flow control.
    FlowNone,
    /// XON/XOFF outbound.
    FlowXonXoff,
    /// RTS/CTS outbound.
    FlowHardware,
    /// Is a BREAK being sent?
    AskBreak,
    /// BREAK on.
    BreakOn,
    /// BREAK off.
    BreakOff,
    /// What is DTR?
    AskDtr,
    /// DTR on.
    DtrOn,
    /// DTR off.
    DtrOff,
    /// What is RTS?
    AskRts,
    /// RTS on.
    RtsOn,
    /// RTS off.
    RtsOff,
    /// Which inbound flow control?
    AskInboundFlow,
    /// No inbound flow control.
    InboundFlowNone,
    /// XON/XOFF inbound.
    InboundFlowXonXoff,
    /// RTS/CTS inbound.
    InboundFlowHardware,
    /// DCD stops the outbound data.
    FlowDcd,
    /// DTR stops the inbound data.
    InboundFlowDtr,
    /// DSR stops the outbound data.
    FlowDsr,
}

/// Which buffers to throw away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// What the port has received.
    Receive = 1,
    /// What waits to be transmitted.
    Transmit,
    /// Both.
    Both,
}

/// Bits of NOTIFY-LINESTATE and of its mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineState(pub u8);

impl LineState {
    /// A BREAK was received.
    pub const BREAK: u8 = 0x10;
    /// A character without a stop bit.
    pub const FRAMING_ERROR: u8 = 0x08;
    /// A character of wrong parity.
    pub const PARITY_ERROR: u8 = 0x04;
    /// Characters were lost.
    pub const OVERRUN: u8 = 0x02;
    /// Data is waiting.
    pub const DATA_READY: u8 = 0x01;

    /// What of this a client with such a mask hears; `None` if that is nothing.
    pub(crate) fn through(self, mask: Self) -> Option<Self> {
        Some(Self(self.0 & mask.0)).filter(|state| state.0 != 0)
    }
}

/// Bits of NOTIFY-MODEMSTATE and of its mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModemState(pub u8);

impl ModemState {
    /// Carrier.
    pub const DCD: u8 = 0x80;
    /// Ring.
    pub const RI: u8 = 0x40;
    /// Data set ready.
    pub const DSR: u8 = 0x20;
    /// Clear to send.
    pub const CTS: u8 = 0x10;
    /// DCD changed.
    pub const DELTA_DCD: u8 = 0x08;
    /// RI ended.
    pub const RI_ENDED: u8 = 0x04;
    /// DSR changed.
    pub const DELTA_DSR: u8 = 0x02;
    /// CTS changed.
    pub const DELTA_CTS: u8 = 0x01;

    /// What of this a client with such a mask hears; `None` if that is nothing.
    ///
    /// A state in which nothing has changed is the answer to a question, which no mask forbids.
    pub(crate) fn through(self, mask: Self) -> Option<Self> {
        let changes = self.0 & 0x0F;
        let concerns = changes | changes << 4;
        match (changes, concerns & mask.0) {
            (0, _) => Some(self),
            (_, 0) => None,
            (_, _) => Some(Self(self.0 & mask.0)),
        }
    }
}
