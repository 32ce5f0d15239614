//! The login dialogue as a machine: bytes in with the time, bytes out, and questions that must be
//! answered.
//!
//! [`Session::read`] consumes the session and gives it back inside a [`Step`]; a [`Check`] carries
//! it until somebody has compared the password. Who drops a check has refused: without the session
//! nobody gets in.
//!
//! ```text
//!            line          line               accept
//!   name ──────────► password ──► Check ──────────────► Admitted
//!    ▲  empty, odd ◄─┐   │          │ refuse
//!    └───────────────┴───┴──────────┤
//!                                   └──► Over: tries, vain prompts, deadline, a modem speaking, busy
//! ```

mod reader;
mod script;

use std::sync::Arc;

use clock::Instant;

pub use script::Script;
pub(crate) use script::line as line_for_the_wire;

use crate::config::{Echo, Parity};
use crate::limits;
use reader::{Read, Reader, Show};
use settings::Secret;

/// A login that is under way.
#[derive(Debug)]
pub struct Session {
    script: Arc<Script>,
    reader: Reader,
    prompt: Prompt,
    tries_left: u32,
    vain_left: u32,
    deadline: Instant,
}

#[derive(Debug)]
enum Prompt {
    Name,
    Password { name: String },
}

/// What bytes or time have led to.
#[derive(Debug)]
pub enum Step {
    /// The session wants to read more.
    More(Session),
    /// A name and a password wait to be compared.
    Check(Check),
    /// The login has failed for good; the call ends once the output is delivered.
    Over(Ending),
}

/// What a refusal has led to.
#[derive(Debug)]
pub enum Refused {
    /// The caller may try again.
    Again(Session),
    /// That was his last try.
    Over(Ending),
}

impl From<Refused> for Step {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Again(session) => Self::More(session),
            Refused::Over(ending) => Self::Over(ending),
        }
    }
}

/// Why a login has failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Too many wrong passwords.
    TriesUsed,
    /// Too many prompts answered without a name.
    VainPrompts,
    /// The deadline has passed.
    Deadline,
    /// What came as a name was a modem's message: there is no caller (any more).
    ModemSpeaking,
    /// The exchange couldn't compare the password now.
    Busy,
}

impl Session {
    /// Greets a caller: banner and prompt go to `out`.
    pub fn new(script: Arc<Script>, parity: Parity, now: Instant, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&script.banner);
        out.extend_from_slice(&script.name_prompt);
        Self {
            reader: Reader::new(parity),
            prompt: Prompt::Name,
            tries_left: script.tries,
            vain_left: limits::VAIN_PROMPTS,
            deadline: now + script.deadline,
            script,
        }
    }

    /// When the login must be done, and [`Session::read`] be called without bytes if it isn't.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Reads what the caller has sent. Stops at a [`Step::Check`]; says how many bytes it has
    /// taken.
    pub fn read(mut self, now: Instant, bytes: &[u8], out: &mut Vec<u8>) -> (usize, Step) {
        if now >= self.deadline {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&self.script.timed_out);
            return (0, Step::Over(Ending::Deadline));
        }
        for (taken, byte) in (1..).zip(bytes) {
            match self.take(*byte, out) {
                Step::More(session) => self = session,
                step => return (taken, step),
            }
        }
        (bytes.len(), Step::More(self))
    }

    fn take(mut self, byte: u8, out: &mut Vec<u8>) -> Step {
        let (room, show) = match (&self.prompt, self.script.echo) {
            (Prompt::Name, Echo::On) => (limits::NAME, Show::Typing),
            (Prompt::Name, Echo::Off) => (limits::NAME, Show::Nothing),
            (Prompt::Password { .. }, _) => (limits::PASSWORD, Show::Nothing),
        };
        let Read::Line(line) = self.reader.push(byte, room, show, out) else {
            return Step::More(self);
        };
        out.extend_from_slice(b"\r\n");
        match (std::mem::replace(&mut self.prompt, Prompt::Name), line) {
            (Prompt::Name, Ok(line)) => self.named(&line, out),
            (Prompt::Name, Err(_)) => self.vain(out),
            (Prompt::Password { name }, Ok(password)) => {
                Step::Check(Check { session: self, name, password })
            }
            // Nobody has such a password: there is nothing to compare.
            (Prompt::Password { .. }, Err(_)) => self.refused(out).into(),
        }
    }

    fn named(mut self, line: &Secret, out: &mut Vec<u8>) -> Step {
        let name = line.expose();
        if is_modem_message(name) {
            return Step::Over(Ending::ModemSpeaking);
        }
        match std::str::from_utf8(name) {
            Ok(text) if self.script.is_name(name) => {
                self.prompt = Prompt::Password { name: text.to_owned() };
                out.extend_from_slice(&self.script.password_prompt);
                Step::More(self)
            }
            _ => self.vain(out),
        }
    }

    /// Asks again after an answer that named nobody.
    fn vain(mut self, out: &mut Vec<u8>) -> Step {
        self.vain_left = self.vain_left.saturating_sub(1);
        if self.vain_left == 0 {
            out.extend_from_slice(&self.script.goodbye);
            return Step::Over(Ending::VainPrompts);
        }
        out.extend_from_slice(&self.script.name_prompt);
        Step::More(self)
    }

    fn refused(mut self, out: &mut Vec<u8>) -> Refused {
        out.extend_from_slice(&self.script.refusal);
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left == 0 {
            out.extend_from_slice(&self.script.goodbye);
            return Refused::Over(Ending::TriesUsed);
        }
        out.extend_from_slice(&self.script.name_prompt);
        Refused::Again(self)
    }
}

/// What the caller's own modem says when the call is gone or garbled; an echo of it must not become
/// a conversation between two machines.
fn is_modem_message(name: &[u8]) -> bool {
    [&b"NO CARRIER"[..], b"ERROR", b"RING"].contains(&name.trim_ascii())
}

/// A name and a password that somebody must compare. Dropped, the caller is refused and the login
/// is over.
#[derive(Debug)]
#[must_use = "dropping a check refuses the caller"]
pub struct Check {
    session: Session,
    name: String,
    password: Secret,
}

impl Check {
    /// The name, of allowed characters only.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password; the check keeps none.
    pub fn take_password(&mut self) -> Secret {
        std::mem::replace(&mut self.password, Secret::with_room(0))
    }

    /// The password was right.
    pub fn accept(self, out: &mut Vec<u8>) -> Admitted {
        out.extend_from_slice(&self.session.script.welcome);
        Admitted { late: self.session.reader.late() }
    }

    /// The name or the password was wrong; nobody learns which.
    pub fn refuse(self, out: &mut Vec<u8>) -> Refused {
        self.session.refused(out)
    }

    /// The password couldn't be compared now.
    pub fn busy(self, out: &mut Vec<u8>) -> Ending {
        out.extend_from_slice(&self.session.script.busy);
        Ending::Busy
    }
}

/// The caller is in: from here on his bytes are data.
#[derive(Debug)]
pub struct Admitted {
    late: Option<u8>,
}

impl Admitted {
    /// Without a dialogue: the first byte is data.
    pub(crate) fn at_once() -> Self {
        Self { late: None }
    }

    /// Takes the second half of the password's line end off the front of the first data, if it is
    /// there.
    ///
    /// Must see every piece of data until one was not empty.
    pub fn data<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some((first, rest)) = bytes.split_first() else { return bytes };
        match self.late.take() {
            Some(late) if late == *first => rest,
            _ => bytes,
        }
    }
}

#[cfg(test)]
mod tests;
