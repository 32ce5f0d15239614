//! RFC 2217 commands as bytes. An access server answers with the client's code plus 100.

use std::num::NonZeroU32;

use super::{
    Control, DataSize, LineState, ModemState, Notification, Parity, Purge, Request, StopSize,
};
use crate::limits;

const SIGNATURE: u8 = 0;
const BAUD_RATE: u8 = 1;
const DATA_SIZE: u8 = 2;
const PARITY: u8 = 3;
const STOP_SIZE: u8 = 4;
const CONTROL: u8 = 5;
const LINE_STATE: u8 = 6;
const MODEM_STATE: u8 = 7;
const SUSPEND: u8 = 8;
const RESUME: u8 = 9;
const LINE_STATE_MASK: u8 = 10;
const MODEM_STATE_MASK: u8 = 11;
const PURGE: u8 = 12;

/// From the client's codes to the access server's.
const ANSWER: u8 = 100;

impl Request {
    /// The code and its value, before 0xFF is doubled.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Signature(text) => signature(SIGNATURE, text),
            Self::BaudRate(rate) => baud_rate(BAUD_RATE, rate.map_or(0, NonZeroU32::get)),
            Self::DataSize(size) => vec![DATA_SIZE, size.map_or(0, |size| size as u8)],
            Self::Parity(parity) => vec![PARITY, parity.map_or(0, |parity| parity as u8)],
            Self::StopSize(size) => vec![STOP_SIZE, size.map_or(0, |size| size as u8)],
            Self::Control(control) => vec![CONTROL, *control as u8],
            Self::LineState => vec![LINE_STATE],
            Self::ModemState => vec![MODEM_STATE],
            Self::Suspend => vec![SUSPEND],
            Self::Resume => vec![RESUME],
            Self::LineStateMask(mask) => vec![LINE_STATE_MASK, mask.0],
            Self::ModemStateMask(mask) => vec![MODEM_STATE_MASK, mask.0],
            Self::Purge(which) => vec![PURGE, *which as u8],
        }
    }

    pub(crate) fn decode(code: u8, value: &[u8]) -> Option<Self> {
        Some(match (code, value) {
            (SIGNATURE, text) => Self::Signature(shortened(text)),
            (BAUD_RATE, &[b3, b2, b1, b0]) => {
                Self::BaudRate(NonZeroU32::new(u32::from_be_bytes([b3, b2, b1, b0])))
            }
            (DATA_SIZE, &[size]) => Self::DataSize(DataSize::from_code(size)),
            (PARITY, &[parity]) => Self::Parity(Parity::from_code(parity)),
            (STOP_SIZE, &[size]) => Self::StopSize(StopSize::from_code(size)),
            (CONTROL, &[control]) => Self::Control(Control::from_code(control)?),
            // pyserial asks for the modem state with the code that announces it, and nothing else in it.
            (LINE_STATE, _) => Self::LineState,
            (MODEM_STATE, _) => Self::ModemState,
            (SUSPEND, _) => Self::Suspend,
            (RESUME, _) => Self::Resume,
            (LINE_STATE_MASK, &[mask]) => Self::LineStateMask(LineState(mask)),
            (MODEM_STATE_MASK, &[mask]) => Self::ModemStateMask(ModemState(mask)),
            (PURGE, &[which]) => Self::Purge(Purge::from_code(which)?),
            _ => return None,
        })
    }
}

impl Notification {
    /// The code and its value, before 0xFF is doubled.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Signature(text) => signature(ANSWER + SIGNATURE, text),
            Self::BaudRate(rate) => baud_rate(ANSWER + BAUD_RATE, rate.get()),
            Self::DataSize(size) => vec![ANSWER + DATA_SIZE, *size as u8],
            Self::Parity(parity) => vec![ANSWER + PARITY, *parity as u8],
            Self::StopSize(size) => vec![ANSWER + STOP_SIZE, *size as u8],
            Self::Control(control) => vec![ANSWER + CONTROL, *control as u8],
            Self::LineState(state) => vec![ANSWER + LINE_STATE, state.0],
            Self::ModemState(state) => vec![ANSWER + MODEM_STATE, state.0],
            Self::Suspend => vec![ANSWER + SUSPEND],
            Self::Resume => vec![ANSWER + RESUME],
            Self::LineStateMask(mask) => vec![ANSWER + LINE_STATE_MASK, mask.0],
            Self::ModemStateMask(mask) => vec![ANSWER + MODEM_STATE_MASK, mask.0],
            Self::Purge(which) => vec![ANSWER + PURGE, *which as u8],
        }
    }

    pub(crate) fn decode(code: u8, value: &[u8]) -> Option<Self> {
        Some(match (code.checked_sub(ANSWER)?, value) {
            (SIGNATURE, text) => Self::Signature(shortened(text)),
            (BAUD_RATE, &[b3, b2, b1, b0]) => {
                Self::BaudRate(NonZeroU32::new(u32::from_be_bytes([b3, b2, b1, b0]))?)
            }
            (DATA_SIZE, &[size]) => Self::DataSize(DataSize::from_code(size)?),
            (PARITY, &[parity]) => Self::Parity(Parity::from_code(parity)?),
            (STOP_SIZE, &[size]) => Self::StopSize(StopSize::from_code(size)?),
            (CONTROL, &[control]) => Self::Control(Control::from_code(control)?),
            (LINE_STATE, &[state]) => Self::LineState(LineState(state)),
            (MODEM_STATE, &[state]) => Self::ModemState(ModemState(state)),
            (SUSPEND, _) => Self::Suspend,
            (RESUME, _) => Self::Resume,
            (LINE_STATE_MASK, &[mask]) => Self::LineStateMask(LineState(mask)),
            (MODEM_STATE_MASK, &[mask]) => Self::ModemStateMask(ModemState(mask)),
            (PURGE, &[which]) => Self::Purge(Purge::from_code(which)?),
            _ => return None,
        })
    }
}

fn signature(code: u8, text: &[u8]) -> Vec<u8> {
    let mut command = vec![code];
    command.extend(text.iter().take(limits::SIGNATURE));
    command
}

fn shortened(text: &[u8]) -> Vec<u8> {
    text.iter().copied().take(limits::SIGNATURE).collect()
}

fn baud_rate(code: u8, rate: u32) -> Vec<u8> {
    let [b3, b2, b1, b0] = rate.to_be_bytes();
    vec![code, b3, b2, b1, b0]
}

impl DataSize {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Five, Self::Six, Self::Seven, Self::Eight].into_iter().find(|it| *it as u8 == code)
    }
}

impl Parity {
    fn from_code(code: u8) -> Option<Self> {
        [Self::None, Self::Odd, Self::Even, Self::Mark, Self::Space]
            .into_iter()
            .find(|it| *it as u8 == code)
    }
}

impl StopSize {
    fn from_code(code: u8) -> Option<Self> {
        [Self::One, Self::Two, Self::OneAndHalf].into_iter().find(|it| *it as u8 == code)
    }
}

impl Purge {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Receive, Self::Transmit, Self::Both].into_iter().find(|it| *it as u8 == code)
    }
}

impl Control {
    fn from_code(code: u8) -> Option<Self> {
        [
            Self::AskFlow,
            Self::FlowNone,
            Self::FlowXonXoff,
            Self::FlowHardware,
            Self::AskBreak,
            Self::BreakOn,
            Self::BreakOff,
            Self::AskDtr,
            Self::DtrOn,
            Self::DtrOff,
            Self::AskRts,
            Self::RtsOn,
            Self::RtsOff,
            Self::AskInboundFlow,
            Self::InboundFlowNone,
            Self::InboundFlowXonXoff,
            Self::InboundFlowHardware,
            Self::FlowDcd,
            Self::InboundFlowDtr,
            Self::FlowDsr,
        ]
        .into_iter()
        .find(|it| *it as u8 == code)
    }
}
