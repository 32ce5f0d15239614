//! What carries PDUs: RTU, ASCII, TCP.

pub mod ascii;
mod crc;
mod ears;
mod echo;
pub mod rtu;
pub mod tcp;

pub use crc::crc16;
pub use ears::{Caught, Ears, Framing};
pub use echo::Echo;
pub(crate) use echo::Returning;

use crate::UnitId;
use crate::pdu::Pdu;

/// A PDU, and whom it is for or from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The unit: who is asked, and who answers.
    pub unit: UnitId,
    /// What is asked or answered.
    pub pdu: Pdu,
}

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the master.
    Request,
    /// To the master.
    Response,
}

/// Whose ears these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A master's: everything that comes answers.
    Master,
    /// A unit's: it hears requests, and on a bus of several wires' ends also what others answer.
    Slave,
}

impl Side {
    /// What frames are held for, the likelier first.
    const fn directions(self) -> &'static [Direction] {
        match self {
            Self::Master => &[Direction::Response],
            Self::Slave => &[Direction::Request, Direction::Response],
        }
    }

    /// What comes where nobody else can be heard.
    const fn hears(self) -> Direction {
        match self {
            Self::Master => Direction::Response,
            Self::Slave => Direction::Request,
        }
    }
}

/// A frame, and which way it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The frame.
    pub frame: Frame,
    /// Which way it goes.
    pub direction: Direction,
}
