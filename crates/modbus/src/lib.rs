//! Modbus without I/O: what is asked and answered, what carries it, and what it means.
//!
//! A [`pdu::Request`] and a [`pdu::Response`] hold nothing that the standard forbids, and decoding refuses it with
//! an error that says what. [`frame`] has RTU, ASCII and TCP, for both sides: a frame ends where its length and
//! its CRC say so, never by silence alone. [`master::Master`] asks the units of a bus and never takes a late answer
//! for the answer of the next request; [`slave::Slave`] is a unit. [`value`] and [`address`] are what registers mean
//! and how manuals number them, [`Wide`] which of them have 32 bits. Start with [`pdu::Request`].
//!
//! ```
//! use clock::Instant;
//! use modbus::UnitId;
//! use modbus::frame::{Side, rtu};
//! use modbus::pdu::{Dialect, Request, Response};
//!
//! let request = Request::read_holding_registers(100, 2)?;
//! let mut wire = Vec::new();
//! rtu::encode(UnitId(17), &request.encode(), &mut wire);
//! assert_eq!(wire, b"\x11\x03\x00\x64\x00\x02\x87\x44");
//!
//! // The unit's answer, with noise in front of it.
//! let mut ears = rtu::Deframer::new(Side::Master, rtu::Silences::TOLERANT);
//! let mut heard: &[u8] = b"\x00\xff\x11\x03\x04\x42\xf6\xe9\x79\x91\xca";
//! let answer = ears.next(Instant::ORIGIN, &mut heard).expect("a frame").frame;
//! let Response::ReadHoldingRegisters(words) = request.accept(&answer.pdu, Dialect::Standard)? else {
//!     unreachable!("a read of registers is answered by registers");
//! };
//! assert_eq!(*words, [0x42f6, 0xe979]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod address;
pub mod frame;
pub mod limits;
pub mod master;
pub mod pdu;
pub mod slave;
mod timing;
mod unit;
pub mod value;
mod wide;

pub use timing::SerialTiming;
pub use unit::UnitId;
pub use wide::{Wide, WideError, WideRange};
