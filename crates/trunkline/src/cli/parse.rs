//! Reading the command line by its table.

use std::fmt::Display;
use std::str::FromStr;

use super::guess::nearest;
use super::{Act, Command, Count, Flag, Operand};

/// What a command line asks for.
pub(crate) enum Parsed {
    /// To run this command.
    Run(fn(&Matches) -> super::Exit, Matches),
    /// To be told about these commands: the path to one of them.
    Help(Vec<&'static Command>),
    /// To be greeted: there were no words at all.
    Overview,
    /// The version.
    Version,
}

/// What was given to a command.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    path: String,
    flags: Vec<(&'static str, String)>,
    operands: Vec<String>,
}

/// A command line that makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// What is wrong with it.
    pub(crate) message: String,
    /// The command whose help would tell; empty for the program itself.
    pub(crate) path: String,
}

/// Reads a command line, without the program's own name.
///
/// # Errors
/// The first word that makes no sense.
pub(crate) fn parse(
    commands: &'static [Command],
    args: impl IntoIterator<Item = String>,
) -> Result<Parsed, Usage> {
    let mut args = args.into_iter().peekable();
    let mut path: Vec<&'static Command> = Vec::new();
    let mut choice = commands;
    loop {
        let Some(word) = args.next() else {
            return Ok(if path.is_empty() { Parsed::Overview } else { Parsed::Help(path) });
        };
        match word.as_str() {
            "-h" | "--help" | "help" => {
                return help(commands, path, args.next_if(|word| !word.starts_with('-')));
            }
            "-V" | "--version" if path.is_empty() => return Ok(Parsed::Version),
            _ => {}
        }
        let Some(command) = choice.iter().find(|command| command.name == word) else {
            return Err(unknown_command(&word, choice, &path));
        };
        path.push(command);
        match command.act {
            Act::Choose(commands) => choice = commands,
            Act::Run(run) => {
                return match matches(command, &path, args)? {
                    Some(matches) => Ok(Parsed::Run(run, matches)),
                    None => Ok(Parsed::Help(path)),
                };
            }
        }
    }
}

fn help(
    commands: &'static [Command],
    mut path: Vec<&'static Command>,
    word: Option<String>,
) -> Result<Parsed, Usage> {
    let choice = match path.last().map(|command| &command.act) {
        None => commands,
        Some(Act::Choose(commands)) => commands,
        Some(Act::Run(_)) => &[],
    };
    if let Some(word) = word {
        let Some(command) = choice.iter().find(|command| command.name == word) else {
            return Err(unknown_command(&word, choice, &path));
        };
        path.push(command);
    }
    Ok(Parsed::Help(path))
}

fn unknown_command(word: &str, choice: &[Command], path: &[&Command]) -> Usage {
    let path = join(path);
    let what = if word.starts_with('-') { "flag" } else { "command" };
    let near = nearest(word, choice.iter().map(|command| command.name));
    let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Usage { message: format!("there is no {what} `{word}`{hint}"), path }
}

/// The flags and operands of one command; `None` if help was asked for among them.
fn matches(
    command: &'static Command,
    path: &[&Command],
    mut args: impl Iterator<Item = String>,
) -> Result<Option<Matches>, Usage> {
    let mut matches = Matches { path: join(path), ..Matches::default() };
    let mut only_operands = false;
    while let Some(word) = args.next() {
        match word.as_str() {
            _ if only_operands => matches.operands.push(word),
            "--" => only_operands = true,
            "-h" | "--help" => return Ok(None),
            "-" => matches.operands.push(word),
            // No flag begins with a digit: `write pump-7 setpoint -5`.
            _ if is_negative(&word) => matches.operands.push(word),
            _ if !word.starts_with('-') => matches.operands.push(word),
            _ => {
                let (flag, value) = matches.flag(command.flags, &word)?;
                let value = match (flag.value, value) {
                    (None, None) => String::new(),
                    (None, Some(_)) => {
                        return Err(matches.wrong(format!("--{} has no value", flag.name)));
                    }
                    (Some(_), Some(value)) => value,
                    (Some(name), None) => args.next().ok_or_else(|| {
                        matches.wrong(format!("--{} needs its {name}", flag.name))
                    })?,
                };
                matches.flags.push((flag.name, value));
            }
        }
    }
    matches.count(command.operands)?;
    Ok(Some(matches))
}

fn is_negative(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

impl Matches {
    fn flag(
        &self,
        flags: &'static [Flag],
        word: &str,
    ) -> Result<(&'static Flag, Option<String>), Usage> {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let known =
            name.strip_prefix("--").and_then(|name| flags.iter().find(|flag| flag.name == name));
        known.map(|flag| (flag, value)).ok_or_else(|| {
            let near = nearest(name.trim_start_matches('-'), flags.iter().map(|flag| flag.name));
            let hint = near.map_or(String::new(), |near| format!("; did you mean --{near}?"));
            self.wrong(format!("there is no flag {name}{hint}"))
        })
    }

    fn count(&self, operands: &[Operand]) -> Result<(), Usage> {
        if let Some(missing) =
            operands.get(self.operands.len()).filter(|operand| operand.count == Count::One)
        {
            return Err(self.wrong(format!("{} is missing", missing.name)));
        }
        match self.operands.get(operands.len()) {
            #[cfg(feature = "modbus")]
            Some(_) if operands.last().is_some_and(|last| last.count == Count::Many) => Ok(()),
            Some(extra) => Err(self.wrong(format!("there is one word too many: `{extra}`"))),
            None => Ok(()),
        }
    }

    /// Whether this flag was given.
    pub(crate) fn has(&self, flag: &Flag) -> bool {
        self.value(flag).is_some()
    }

    /// The flag's value; the last one counts.
    pub(crate) fn value(&self, flag: &Flag) -> Option<&str> {
        self.values(flag).last()
    }

    /// All of the flag's values.
    pub(crate) fn values(&self, flag: &Flag) -> impl Iterator<Item = &str> {
        let name = flag.name;
        self.flags.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// The n-th operand.
    pub(crate) fn operand(&self, n: usize) -> Option<&str> {
        self.operands.get(n).map(String::as_str)
    }

    /// Every operand.
    #[cfg(feature = "modbus")]
    pub(crate) fn operands(&self) -> &[String] {
        &self.operands
    }

    /// The flag's value, read as a `T`.
    ///
    /// # Errors
    /// It isn't one.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&self, flag: &Flag) -> Result<Option<T>, Usage> {
        self.value(flag).map(|value| self.parse_one(flag, value)).transpose()
    }

    /// All of the flag's values, read as `T`s.
    ///
    /// # Errors
    /// One of them isn't one.
    pub(crate) fn parse_all<T: FromStr<Err: Display>>(&self, flag: &Flag) -> Result<Vec<T>, Usage> {
        self.values(flag).map(|value| self.parse_one(flag, value)).collect()
    }

    fn parse_one<T: FromStr<Err: Display>>(&self, flag: &Flag, value: &str) -> Result<T, Usage> {
        value.parse().map_err(|error: T::Err| {
            let error = error.to_string();
            let error = plainly(&error).map_or(error.as_str(), |(_, expected)| expected);
            self.wrong(format!("--{} {value}: {error}", flag.name))
        })
    }

    /// This command line is wrong because of `message`.
    pub(crate) fn wrong(&self, message: impl Into<String>) -> Usage {
        Usage { message: message.into(), path: self.path.clone() }
    }
}

fn join(path: &[&Command]) -> String {
    path.iter().map(|command| command.name).collect::<Vec<_>>().join(" ")
}

/// What the standard library's shortest complaints mean: what is wrong, and what is expected.
pub(crate) fn plainly(error: &str) -> Option<(&'static str, &'static str)> {
    match error {
        "invalid socket address syntax" => Some((
            "this is no address with a port",
            "expected an IP address and a port, such as 127.0.0.1:8023 or [::]:8023",
        )),
        "invalid digit found in string" => Some(("this is no number", "expected a whole number")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exit, Flag};
    use super::*;

    const PTY: Flag = Flag { name: "pty", value: Some("PATH"), help: "" };
    const STDIO: Flag = Flag { name: "stdio", value: None, help: "" };
    const FILE: Operand = Operand { name: "FILE", count: Count::Optional, help: "" };
    const NAME: Operand = Operand { name: "NAME", count: Count::One, help: "" };

    const fn command(name: &'static str, act: Act) -> Command {
        Command { name, about: "", text: "", operands: &[], flags: &[], examples: &[], act }
    }

    fn nothing(_: &Matches) -> Exit {
        Exit::Done
    }

    static COMMANDS: &[Command] = &[
        Command { flags: &[PTY, STDIO], operands: &[FILE], ..command("modem", Act::Run(nothing)) },
        command(
            "account",
            Act::Choose(&[Command { operands: &[NAME], ..command("add", Act::Run(nothing)) }]),
        ),
    ];

    fn read(line: &str) -> Result<Parsed, Usage> {
        parse(COMMANDS, line.split_whitespace().map(str::to_owned))
    }

    fn run(line: &str) -> Matches {
        match read(line) {
            Ok(Parsed::Run(_, matches)) => matches,
            Ok(_) => panic!("{line}: asks for help"),
            Err(usage) => panic!("{line}: {}", usage.message),
        }
    }

    fn refused(line: &str) -> String {
        let Err(usage) = read(line) else { panic!("{line}: accepted") };
        usage.message
    }

    #[test]
    fn a_flag_takes_its_value_after_a_space_or_an_equals_sign() {
        for line in ["modem --pty /x f", "modem --pty=/x f", "modem f --pty /y --pty /x"] {
            let matches = run(line);
            assert_eq!(matches.value(&PTY), Some("/x"), "{line}");
            assert_eq!(matches.operand(0), Some("f"));
            assert!(!matches.has(&STDIO));
        }
        assert_eq!(run("modem --pty 1 --pty 2").values(&PTY).collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn after_two_hyphens_everything_is_an_operand() {
        assert_eq!(run("modem -- --pty").operand(0), Some("--pty"));
        assert_eq!(run("modem -").operand(0), Some("-"));
    }

    #[test]
    fn a_negative_number_is_no_flag() {
        for number in ["-5", "-.5", "-1e3"] {
            assert_eq!(run(&format!("modem --stdio {number}")).operand(0), Some(number));
        }
    }

    #[test]
    fn mistakes_are_named_with_a_guess_at_what_was_meant() {
        for (line, says) in [
            ("modme", "there is no command `modme`; did you mean `modem`?"),
            ("frobnicate", "there is no command `frobnicate`"),
            ("--frob", "there is no flag `--frob`"),
            ("modem --ptty x", "there is no flag --ptty; did you mean --pty?"),
            ("modem -p x", "there is no flag -p"),
            ("modem --pty", "--pty needs its PATH"),
            ("modem --stdio=yes", "--stdio has no value"),
            ("modem a b", "there is one word too many: `b`"),
            ("account add", "NAME is missing"),
            ("account ad x", "there is no command `ad`; did you mean `add`?"),
        ] {
            assert_eq!(refused(line), says);
        }
    }

    #[test]
    fn help_is_found_wherever_people_ask_for_it() {
        for (line, path) in [
            ("help modem", "modem"),
            ("--help modem", "modem"),
            ("modem --help", "modem"),
            ("modem x --pty y -h", "modem"),
            ("account", "account"),
            ("account help add", "account add"),
            ("help", ""),
        ] {
            let Ok(Parsed::Help(found)) = read(line) else { panic!("{line}") };
            assert_eq!(join(&found), path, "{line}");
        }
        assert!(matches!(read(""), Ok(Parsed::Overview)));
        assert!(matches!(read("-V"), Ok(Parsed::Version)));
    }
}
