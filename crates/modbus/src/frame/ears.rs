//! One way to frame, whichever it is.

use clock::Instant;

use super::{Frame, Heard, Side, ascii, rtu, tcp};
use crate::UnitId;
use crate::pdu::Pdu;

/// How PDUs are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// RTU, with what silences mean.
    Rtu(rtu::Silences),
    /// ASCII.
    Ascii,
    /// Modbus TCP, also over other paths without errors.
    Tcp,
}

/// Finds frames in any framing.
#[derive(Debug)]
pub enum Ears {
    /// In RTU.
    Rtu(rtu::Deframer),
    /// In ASCII.
    Ascii(ascii::Deframer),
    /// In Modbus TCP.
    Tcp(tcp::Deframer),
}

/// A frame, with its transaction where there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The frame.
    pub heard: Heard,
    /// What its sender calls the transaction.
    pub transaction: Option<tcp::Transaction>,
}

impl Ears {
    /// Ears for this framing, of this side.
    pub fn new(framing: Framing, side: Side) -> Self {
        match framing {
            Framing::Rtu(silences) => Self::Rtu(rtu::Deframer::new(side, silences)),
            Framing::Ascii => Self::Ascii(ascii::Deframer::new(side)),
            Framing::Tcp => Self::Tcp(tcp::Deframer::default()),
        }
    }

    /// The next frame in `bytes`, which are taken as far as they were looked at.
    ///
    /// # Errors
    /// The stream is no Modbus TCP; it must be closed.
    pub fn next(
        &mut self,
        now: Instant,
        bytes: &mut &[u8],
        side: Side,
    ) -> Result<Option<Caught>, tcp::TcpError> {
        Ok(match self {
            Self::Rtu(ears) => ears.next(now, bytes).map(Caught::untold),
            Self::Ascii(ears) => ears.next(now, bytes).map(Caught::untold),
            Self::Tcp(ears) => ears.next(bytes)?.map(|(transaction, frame)| Caught {
                heard: Heard { frame, direction: side.hears() },
                transaction: Some(transaction),
            }),
        })
    }

    /// When silence has something to decide.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Rtu(ears) => ears.deadline(),
            Self::Ascii(_) | Self::Tcp(_) => None,
        }
    }

    /// What silence has ended by now; to be called until nothing comes.
    pub fn silence(&mut self, now: Instant) -> Option<Caught> {
        match self {
            Self::Rtu(ears) => ears.silence(now).map(Caught::untold),
            Self::Ascii(_) | Self::Tcp(_) => None,
        }
    }

    /// A frame in what has been heard, since nothing more will come in time.
    pub fn finish(&mut self) -> Option<Caught> {
        match self {
            Self::Rtu(ears) => ears.finish().map(Caught::untold),
            Self::Ascii(_) | Self::Tcp(_) => None,
        }
    }

    /// Forgets what is unfinished, on paths where a frame's beginning is found again.
    pub fn forget(&mut self) {
        match self {
            Self::Rtu(ears) => ears.forget(),
            Self::Ascii(ears) => ears.forget(),
            Self::Tcp(_) => {}
        }
    }

    /// Tells a master's ears whose answer is waited for.
    pub fn expect(&mut self, unit: UnitId, function: u8) {
        if let Self::Rtu(ears) = self {
            ears.expect(unit, function);
        }
    }

    /// Bytes so far that belonged to no frame.
    pub fn noise(&self) -> u64 {
        match self {
            Self::Rtu(ears) => ears.noise(),
            Self::Ascii(ears) => ears.noise(),
            Self::Tcp(_) => 0,
        }
    }
}

impl Caught {
    const fn untold(heard: Heard) -> Self {
        Self { heard, transaction: None }
    }
}

impl Framing {
    /// Appends a frame.
    pub fn encode(self, transaction: tcp::Transaction, unit: UnitId, pdu: &Pdu, out: &mut Vec<u8>) {
        match self {
            Self::Rtu(_) => super::rtu::encode(unit, pdu, out),
            Self::Ascii => super::ascii::encode(unit, pdu, out),
            Self::Tcp => super::tcp::encode(transaction, unit, pdu, out),
        }
    }

    /// Whether it is one for buses of many units, where unit 0 is everybody.
    pub const fn is_serial(self) -> bool {
        !matches!(self, Self::Tcp)
    }
}

impl From<Caught> for Frame {
    fn from(caught: Caught) -> Self {
        caught.heard.frame
    }
}
