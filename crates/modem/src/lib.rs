//! The modem itself, as a pure machine: V.250 behaviour, S registers, personas and call states.
//!
//! It is told what happens ([`Input`]) together with the time, says what to do through [`Output`],
//! and asks to be called again at [`Modem::deadline`]. It knows neither sockets nor serial ports nor
//! clocks: a driver has those, and tests make them up. Which modem it pretends to be is data, a
//! [`Persona`]; what survives a power cut is text, [`Stored`].
//!
//! Start with [`Modem`]:
//!
//! ```
//! use clock::Instant;
//! use modem::{Action, Input, Modem, Output, Persona, Stored};
//!
//! #[derive(Default)]
//! struct Screen(String);
//!
//! impl Output for Screen {
//!     fn dte(&mut self, bytes: &[u8]) {
//!         self.0.push_str(&String::from_utf8_lossy(bytes));
//!     }
//!     fn line(&mut self, _: &[u8]) {}
//!     fn act(&mut self, _: Action<'_>) {}
//! }
//!
//! let mut modem = Modem::new(Persona::default().into(), Stored::new());
//! let mut screen = Screen::default();
//! modem.input(Instant::ORIGIN, Input::Dte(b"ATE0S7?\r"), &mut screen);
//! assert_eq!(screen.0, "ATE0S7?\r\r\n060\r\n\r\nOK\r\n");
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod limits;

mod call;
mod caller;
mod connect;
mod core;
mod escape;
mod execute;
mod flow;
mod help;
mod identity;
mod information;
mod input;
mod keeping;
mod mask;
mod memory;
mod modem;
mod output;
mod persona;
mod port;
mod report;
#[cfg(feature = "sets")]
mod sets;
#[cfg(not(feature = "sets"))]
#[path = "no_sets.rs"]
mod sets;
mod settings;
mod state;
mod stored;
mod table;
mod timer;
mod watch;

pub use input::{Bell, CallEvent, Caller, Connected, DteLines, Input, WallTime};
pub use keeping::NotStored;
pub use modem::Modem;
pub use output::{Action, Character, DceLines, Flow, FlowBy, Note, Output};
pub use persona::{BUILT_IN, Persona, PersonaError, PersonaKey, Value, persona_keys};
#[cfg(feature = "gsm")]
pub use sets::gsm::{Content, Moment, Number, ShortMessage, gsm_manual};
pub use settings::SettingError;
pub use state::StateName;
pub use stored::{Stored, StoredError, StoredProblem};
pub use table::{knows, manual, persona_manual};
#[cfg(feature = "wip")]
pub use wip;
