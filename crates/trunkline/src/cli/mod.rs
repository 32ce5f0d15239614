//! The command line as data: one table of commands feeds the parser, the help and the tests.
//!
//! An argument library would be a third of the small build; ours knows exactly what our commands need.

mod guess;
mod help;
mod parse;

#[cfg(feature = "exchange")]
pub(crate) use carrier::words;
pub(crate) use guess::nearest;
pub(crate) use help::{help, overview};
#[cfg(feature = "configuration")]
pub(crate) use parse::plainly;
pub(crate) use parse::{Matches, Parsed, Usage, parse};

/// How a process ends: its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked.
    Done,
    /// It could not; the reason is on standard error.
    Failed,
    /// It was asked wrongly: the command line or the configuration is at fault.
    Misused,
    /// A call failed: the modem's own number for it (3 no carrier, 6 no dial tone, 7 busy, 8 no answer).
    Call(u8),
}

impl Exit {
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Misused => 2,
            Self::Call(code) => code,
        }
    }
}

/// One command.
pub(crate) struct Command {
    /// The word typed.
    pub(crate) name: &'static str,
    /// What it does, in a few words without a full stop.
    pub(crate) about: &'static str,
    /// What there is to know beyond that; may be empty.
    pub(crate) text: &'static str,
    /// What it is given without a flag, in order.
    pub(crate) operands: &'static [Operand],
    /// What it is given with one.
    pub(crate) flags: &'static [Flag],
    /// Whole command lines, each with what it does.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// What it does.
    pub(crate) act: Act,
}

/// What a command does.
pub(crate) enum Act {
    /// It runs.
    Run(fn(&Matches) -> Exit),
    /// It has commands of its own.
    #[cfg_attr(not(feature = "configuration"), allow(dead_code))]
    Choose(&'static [Command]),
}

/// Something a command is given without a flag.
pub(crate) struct Operand {
    /// Its name in the help.
    pub(crate) name: &'static str,
    /// How often it may stand.
    pub(crate) count: Count,
    /// What it is.
    pub(crate) help: &'static str,
}

/// How often an operand stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// Exactly once.
    One,
    /// Once or not at all.
    #[cfg(any(feature = "configuration", test))]
    Optional,
    /// Any number of times, also none; only as the last operand.
    #[cfg(feature = "modbus")]
    Many,
}

/// A flag: `--name`, or `--name VALUE` as often as one likes.
#[derive(PartialEq, Eq)]
pub(crate) struct Flag {
    /// The name, without hyphens.
    pub(crate) name: &'static str,
    /// What its value is called in the help; `None` if it has none.
    pub(crate) value: Option<&'static str>,
    /// What it means.
    pub(crate) help: &'static str,
}

#[cfg(feature = "configuration")]
/// `--json`, the same for every command that lists.
pub(crate) const JSON: Flag =
    Flag { name: "json", value: None, help: "Print JSON, one object per line" };

#[cfg(feature = "configuration")]
/// `--control`, the same for every command that talks to a running instance.
pub(crate) const CONTROL: Flag = Flag {
    name: "control",
    value: Some("PATH"),
    help: "The control socket of the running instance; by default the one that `trunkline run` would make here",
};

/// `--log`, the same for every command that runs something.
pub(crate) const LOG: Flag = Flag {
    name: "log",
    value: Some("LEVEL"),
    help: "What to log: error, warn, info (default), debug or trace, also per part: info,line=debug",
};
