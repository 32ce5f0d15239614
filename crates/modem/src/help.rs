//! Lists of commands, as `AT$` and `ATI8` print them.

use at::body::Help;

use crate::core::Core;
use crate::table::{AMPERSAND, BACKSLASH, BASIC, Command, EXTENDED, OWN, REGISTERS};

/// What stands in front of the help lines, wide enough for most names.
const NAME_WIDTH: usize = 9;

/// The forms that a dial string can have.
const DIALLING: &[&str] = &[
    "D number  a number of the phonebook, an address, a name or a URL",
    "DT DP     the same; T and P are taken off",
    "D \"name\"  a name in quotes: nothing in it is a modifier",
    "DS=n      stored number n, see &Z",
    "DL        the last number again; DL? shows it",
    ";         at the end: stay in command state",
    "Forms of an address: 10.0.0.5:23  10.0.0.5,23  10.0.0.5/23  010000000005#23",
    "[2001:db8::5]:23  host.example:23  telnet://host.example:23",
];

/// The commands that a question mark of the U.S. Robotics kind asks for.
pub(crate) fn lines(which: Help, core: &Core) -> Vec<String> {
    match which {
        Help::Basic => of([BASIC, BACKSLASH, EXTENDED], core),
        Help::Ampersand => of([AMPERSAND], core),
        Help::Registers => of([REGISTERS], core),
        Help::Dial => DIALLING.iter().map(|line| (*line).to_owned()).collect(),
    }
}

/// Our own commands.
pub(crate) fn own(core: &Core) -> Vec<String> {
    of([OWN], core)
}

/// All commands.
pub(crate) fn all(core: &Core) -> Vec<String> {
    of([BASIC, AMPERSAND, BACKSLASH, REGISTERS, EXTENDED, OWN], core)
}

fn of<const N: usize>(families: [&[Command]; N], core: &Core) -> Vec<String> {
    let known = |command: &&Command| core.persona().has(command.name);
    let line = |command: &Command| format!("{:NAME_WIDTH$}{}", command.name, command.help);
    families.iter().copied().flatten().filter(known).map(line).collect()
}
