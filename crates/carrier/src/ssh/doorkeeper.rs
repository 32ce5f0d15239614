//! Who decides whether a caller may come in.

use std::future::Future;

use super::PublicKey;

/// Decides about one caller. What it has learnt is handed back with the call.
///
/// Names and passwords come from the network as they are, of at most
/// [`SSH_PACKET`](crate::limits::SSH_PACKET) bytes.
pub trait Doorkeeper: Send + 'static {
    /// Compares a password.
    fn password(&mut self, name: &str, password: &str) -> impl Future<Output = Verdict> + Send;

    /// Looks at a key that the caller claims to have, or has shown to have.
    fn key(
        &mut self,
        name: &str,
        key: &PublicKey,
        proof: Proof,
    ) -> impl Future<Output = Verdict> + Send;
}

/// Whether a caller has shown that a key is his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// He asks whether it would be taken. Nobody is let in for that.
    Offered,
    /// He has signed with it.
    Shown,
}

/// What becomes of a try to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// He is in, and gets this.
    Admitted(Terms),
    /// Not with that; he may try something else.
    Refused,
    /// Not with that, and not with anything else.
    GoAway,
}

/// What a caller gets who is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether he may have a terminal.
    pub terminal: Terminal,
    /// What becomes of a command that he asks for.
    pub commands: Commands,
}

/// Whether a caller may have a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terminal {
    /// If he asks for one.
    #[default]
    Allowed,
    /// Never: his account's program runs on clean pipes.
    Refused,
}

/// What becomes of a command that a caller asks for instead of the account's program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    /// He gets the account's program all the same.
    #[default]
    Ignored,
    /// He gets the account's program, which is told what he asked for.
    Told,
    /// He gets nothing.
    Refused,
}
