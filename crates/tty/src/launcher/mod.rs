//! Programs started by a small process that has kept root, for a large one that has given it up.
//!
//! The process that callers talk to is the *front*. While it is still root it starts the launcher, which
//! is this same program anew with one end of a [`pair`] as its standard input, and then gives root up.
//! From then on it makes terminals and pipes, hands the program's ends over with an order, and the
//! launcher makes the process, sees its end, and hangs it up when told to, or when the front has ended.
//!
//! ```text
//!   front: Launcher ── Start(order) + descriptors ──►  serve ──► Rules: may that be started? ──► program
//!                   ◄─ Started · Ended · Gone ───────
//! ```
//!
//! Neither knows what an order says: whoever embeds both encodes it, and its [`Rules`] decide. The
//! launcher believes nothing that it is sent: messages are bounded and checked, and descriptors must be
//! the pipes, or the front's own terminal, that they are said to be.

mod client;
mod descriptors;
mod post;
mod reach;
mod server;
mod ward;
mod wire;

pub(crate) use client::Launched;
pub use client::{LaunchError, Launcher};
pub use post::{Opening, await_opening, pair};
pub use server::{Launch, Rules, decline, serve};
pub use wire::LONGEST_ORDER;
