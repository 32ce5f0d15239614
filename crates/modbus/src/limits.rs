//! Every limit of the crate, with its reason.

use std::time::Duration;

/// Bytes of a PDU: a serial frame of 256 less unit and CRC (Modbus Application Protocol 1.1b3, 4.1).
pub const PDU: usize = 253;

/// Bytes of an RTU frame: unit, PDU, CRC.
pub const RTU_FRAME: usize = PDU + 3;

/// Characters of an ASCII frame: colon, unit, PDU and LRC in hexadecimal, CR LF.
pub const ASCII_FRAME: usize = 1 + 2 * (PDU + 2) + 2;

/// Bytes of a frame on TCP: the header of seven with the unit, and the PDU.
pub const TCP_FRAME: usize = 7 + PDU;

/// Bits that one request reads.
pub const READ_BITS: u16 = 2000;

/// Bits that one request writes.
pub const WRITE_BITS: u16 = 1968;

/// Registers that one request reads.
pub const READ_REGISTERS: u16 = 125;

/// Registers that one request writes.
pub const WRITE_REGISTERS: u16 = 123;

/// Registers written by a request that reads too.
pub const READ_WRITE_REGISTERS: u16 = 121;

/// Registers in a FIFO queue.
pub const FIFO: usize = 31;

/// Events in a communication event log.
pub const EVENTS: usize = 64;

/// The last record of a file.
pub const LAST_RECORD: u16 = 9999;

/// Byte count of a read of file records, asked and answered.
pub const READ_FILES: usize = 0xf5;

/// Byte count of a write of file records.
pub const WRITE_FILES: usize = 0xfb;

/// Words that a diagnostic echo carries at most.
pub const ECHO: usize = (PDU - 3) / 2;

/// How long an unfinished frame waits for its rest before its first byte counts as noise.
///
/// Networks, modems and USB adapters (16 ms by their default) make gaps inside of frames, so this is no
/// t3.5: it only decides when to look for the next frame behind what never became one.
pub const RESYNC: Duration = Duration::from_millis(500);

/// How long an unfinished ASCII frame waits between two characters: the standard's second.
pub const ASCII_GAP: Duration = Duration::from_secs(1);

/// Requests that wait in one bus's queue.
///
/// More than a fleet of clients has in flight, and little enough that who waits behind them still wants
/// the answer.
pub const QUEUE: usize = 256;

/// Repetitions of one request after the first.
pub const RETRIES: u8 = 10;

/// How long a unit that answers nothing at all, sentinels included, is left alone.
///
/// Longer than any path keeps an answer back; short enough that who mends the unit sees it come back.
pub const REST: Duration = Duration::from_secs(30);
