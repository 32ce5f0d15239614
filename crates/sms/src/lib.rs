//! Short messages as octets: 3GPP TS 23.040, and the alphabet of TS 23.038.
//!
//! What a modem shows in PDU mode is a service centre and a [`Deliver`]; what it is handed is a [`Submit`]. Both have a
//! [`Content`], a [`Number`] and moments of the wall clock.
//!
//! ```
//! use sms::{Deliver, Number, hex};
//!
//! let pdu = hex::read(b"07917238010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37").unwrap();
//! let (centre, taken) = Number::from_centre(&pdu).unwrap();
//! let message = Deliver::from_octets(&pdu[taken..]).unwrap();
//! assert_eq!(centre.unwrap().to_string(), "+27831000015");
//! assert_eq!(message.content.text(), "hellohello");
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod address;
pub mod alphabet;
pub mod hex;
mod moment;
mod pdu;

pub use address::{DIGITS, Number};
pub use moment::{Moment, UNSET};
pub use pdu::{Coding, Content, Deliver, Headed, Report, STATUS_REPORT, Submit, TEXT_SEPTETS};
