//! Modbus TCP: a header with a transaction, a length and the unit; TCP itself is the check.

use thiserror::Error;

use super::Frame;
use crate::UnitId;
use crate::limits;
use crate::pdu::Pdu;

/// Bytes before what the length counts: transaction, protocol, length.
const HEAD: usize = 6;

/// Which request an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transaction(pub u16);

/// Why a stream is no Modbus TCP (any more). There is no way back to its frames: close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TcpError {
    /// Another protocol.
    #[error("protocol {0:04X} is not Modbus")]
    Protocol(u16),
    /// A frame that can't be.
    #[error("a frame of {0} bytes is not within 2 to 254")]
    Length(u16),
}

/// Appends the frame of a PDU.
pub fn encode(transaction: Transaction, unit: UnitId, pdu: &Pdu, out: &mut Vec<u8>) {
    // A PDU is never longer than a length could tell.
    let length = u16::try_from(pdu.bytes().len() + 1).unwrap_or(u16::MAX);
    for word in [transaction.0, 0, length] {
        out.extend(word.to_be_bytes());
    }
    out.push(unit.0);
    out.extend(pdu.bytes());
}

/// Finds the frames in a stream, in either direction.
#[derive(Debug, Default)]
pub struct Deframer {
    heard: Vec<u8>,
}

impl Deframer {
    /// The next frame in `bytes`, which are taken as far as they were looked at. Nothing: all are.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<(Transaction, Frame)>, TcpError> {
        loop {
            if let Some(found) = self.found()? {
                self.heard.clear();
                return Ok(Some(found));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let wanted = self.length()?.unwrap_or(HEAD).saturating_sub(self.heard.len());
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.heard.extend_from_slice(taken);
            *bytes = rest;
        }
    }

    /// Whether a frame is unfinished.
    pub const fn is_unfinished(&self) -> bool {
        !self.heard.is_empty()
    }

    /// The length of the whole frame, once its head is there.
    fn length(&self) -> Result<Option<usize>, TcpError> {
        let [_, _, p0, p1, l0, l1, ..] = *self.heard.as_slice() else { return Ok(None) };
        let (protocol, length) = (u16::from_be_bytes([p0, p1]), u16::from_be_bytes([l0, l1]));
        if protocol != 0 {
            return Err(TcpError::Protocol(protocol));
        }
        let whole = HEAD + usize::from(length);
        if length < 2 || whole > limits::TCP_FRAME {
            return Err(TcpError::Length(length));
        }
        Ok(Some(whole))
    }

    fn found(&self) -> Result<Option<(Transaction, Frame)>, TcpError> {
        if self.length()? != Some(self.heard.len()) {
            return Ok(None);
        }
        let [t0, t1, _, _, _, _, unit, ref pdu @ ..] = *self.heard.as_slice() else {
            return Ok(None);
        };
        let pdu = Pdu::new(pdu).ok();
        let transaction = Transaction(u16::from_be_bytes([t0, t1]));
        Ok(pdu.map(|pdu| (transaction, Frame { unit: UnitId(unit), pdu })))
    }
}
