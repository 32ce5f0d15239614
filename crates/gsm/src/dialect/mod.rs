//! Whose commands: what differs from maker to maker, as data and a few small functions.
//!
//! A new dialect is a file beside these, with one [`Dialect`] in it, and its line in [`ALL`].

mod edsoft;
mod quectel;
mod simcom;
mod wavecom;

use std::fmt;
use std::net::SocketAddr;

use crate::Reason;
use crate::script::{Ask, Step};
use crate::setup::Setup;

/// Every dialect. Where a module could be of several, the last of them is meant.
pub const ALL: &[&Dialect] =
    &[&wavecom::DIALECT, &edsoft::DIALECT, &simcom::DIALECT, &quectel::DIALECT];

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host, by address or by a name that the module has looked up.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A connection, by the number that its module has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link(pub u8);

/// Somebody who has connected to a module's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knock {
    /// His connection.
    pub link: Link,
    /// His address, if it is known; port 0 where only the host is.
    pub from: Option<SocketAddr>,
}

/// How a module is asked who has connected to it.
#[derive(Clone, Copy)]
pub struct Who {
    /// The command.
    pub command: &'static str,
    /// Reads a line of its answer.
    pub read: fn(&str, Link) -> Option<SocketAddr>,
}

/// How a module takes connections from outside.
pub struct Listening {
    /// What has it listen on a port, or finds that it does.
    pub open: fn(u16) -> Vec<Step>,
    /// Reads the line that tells of a connection.
    pub knock: fn(&str) -> Option<Knock>,
    /// What asks who it is, where that line doesn't tell, and reads the answer.
    pub who: Option<Who>,
    /// What has its data pass.
    pub answer: fn(Link) -> Vec<Step>,
}

/// How a module is asked whether its data session is up.
#[derive(Clone, Copy)]
pub struct Attached {
    /// What asks.
    pub ask: fn() -> Ask,
    /// It is, if a line with one of these answers.
    pub up: &'static [&'static str],
}

/// What one maker's modules are told, and how they answer.
pub struct Dialect {
    /// What a configuration calls it.
    pub name: &'static str,
    /// What such modules say of themselves: any of these, in maker, model or version.
    pub known_by: &'static [&'static str],
    /// Where it may be registered: `+CREG`, `+CGREG`, `+CEREG`.
    pub networks: &'static [&'static str],
    /// What starts it anew.
    pub reset: &'static str,
    /// What brings up the data session, or finds that it is up.
    pub attach: fn(&Setup) -> Vec<Step>,
    /// What asks whether it is up, if anything does.
    pub attached: Option<Attached>,
    /// What ends it.
    pub detach: fn() -> Vec<Step>,
    /// What opens a connection. At its end data pass.
    pub open: fn(&Setup, &Target) -> Vec<Step>,
    /// What closes it, in command state.
    pub close: fn(Link) -> Vec<Step>,
    /// The connection that `open` opens.
    pub link: Link,
    /// How it takes connections from outside, if that is known.
    pub listening: Option<Listening>,
    /// How data pass.
    pub passing: Passing,
    /// What a line means that comes unasked, for this connection.
    pub sign: fn(&str, Link) -> Option<Sign>,
    /// What an error code means, beside those that all modules have.
    pub code: fn(u16) -> Option<Reason>,
}

/// How data pass.
#[derive(Clone, Copy)]
pub enum Passing {
    /// As a stream, in which ETX means something.
    Stuffed,
    /// By the piece, each with its length.
    Counted(Counted),
}

/// How data pass by the piece.
#[derive(Clone, Copy)]
pub struct Counted {
    /// The command in front of so many bytes; `>` answers it.
    pub send: fn(Link, usize) -> String,
    /// What says that they are taken.
    pub sent: &'static str,
    /// What says that there is no room for them yet.
    pub full: Option<&'static str>,
    /// The command that asks for at most so many bytes.
    pub fetch: fn(Link, usize) -> String,
    /// Reads the line in front of fetched bytes.
    pub header: fn(&str) -> Option<Fetched>,
}

/// What stands in front of fetched bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// So many bytes follow.
    pub count: usize,
    /// Whether that was all that waits.
    pub rest: Rest,
}

/// Whether anything waits behind what was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing does; more is told of.
    None,
    /// Perhaps: it must be asked for until nothing comes.
    Perhaps,
}

/// What a line means that comes unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Data wait to be fetched.
    Waiting,
    /// The connection is over.
    Closed(Reason),
    /// The data session is over.
    SessionLost,
    /// The module has started anew.
    Restarted,
    /// From here on it says data, and takes what it hears for data.
    Streams,
}

impl Dialect {
    /// The dialect of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|dialect| dialect.name == name)
    }

    /// The dialect of a module that says this of itself.
    pub(crate) fn of(says: &str) -> Option<&'static Self> {
        let says = says.to_uppercase();
        let known = |dialect: &&&Self| dialect.known_by.iter().any(|word| says.contains(word));
        ALL.iter().rfind(known).copied()
    }

    /// Whether this tells of somebody who has connected.
    pub(crate) fn knock(&self, line: &str) -> Option<Knock> {
        (self.listening.as_ref()?.knock)(line)
    }

    /// What an error code means.
    pub(crate) fn reason(&self, code: u16) -> Option<Reason> {
        (self.code)(code).or(match code {
            10 => Some(Reason::NoSim),
            11 => Some(Reason::PinNeeded),
            12 => Some(Reason::PukNeeded),
            // Busy, for longer than a card may be.
            13 | 14 => Some(Reason::SimFailed),
            16 => Some(Reason::PinRefused),
            30 => Some(Reason::NotRegistered(crate::Refusal::Searching)),
            _ => None,
        })
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Dialect {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_known_by_what_they_say_of_themselves() {
        for (says, name) in [
            ("WAVECOM MODEM MULTIBAND  900E  1800 R7.46.0.201108091301.Q2687", "wavecom"),
            ("WAVECOM MODEM 651b09gg.Q2406B 244 041410 13:45", "edsoft"),
            ("WAVECOM MODEM 657g09gg.Q24PL001 1976864", "wavecom"),
            ("SIERRA WIRELESS SL6087", "wavecom"),
            ("SIMCOM_Ltd SIMCOM_SIM800L Revision:1418B05SIM800L24", "simcom"),
            ("Quectel EC25 EC25EFAR06A01M4G", "quectel"),
            ("Quectel_Ltd BG96", "quectel"),
        ] {
            assert_eq!(Dialect::of(says).map(|dialect| dialect.name), Some(name), "{says}");
        }
        assert_eq!(Dialect::of("HAL 9000"), None);
    }

    #[test]
    fn names_are_unique() {
        for dialect in ALL {
            assert_eq!(Dialect::named(dialect.name), Some(*dialect));
        }
    }
}
