//! What `--help` prints.

use std::fmt::Write as _;

use super::{Act, Command, Count};
use crate::style::Style;

/// Columns of text: fits every terminal, a 1981 one included.
const WIDTH: usize = 80;

/// What `trunkline` alone prints: what it is, and where to begin.
pub(crate) fn overview(style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: the dial-up network, in software.\n", style.bold("trunkline"));
    let _ = writeln!(out, "Try it now, without a configuration:\n");
    let _ = writeln!(out, "    {}\n", style.bold("trunkline run"));
    let _ = writeln!(
        out,
        "It brings up a modem on a pseudo-terminal and an exchange that answers, and says\nwhat to type next.\n"
    );
    let _ = writeln!(out, "    {}   every command", style.bold("trunkline --help       "));
    let _ = writeln!(
        out,
        "    {}   a modem for a program to open",
        style.bold("trunkline modem --help ")
    );
    let _ = writeln!(
        out,
        "    {}   an exchange for callers to log in",
        style.bold("trunkline answer --help")
    );
    let _ =
        writeln!(out, "    {}   is a configuration right", style.bold("trunkline check --help "));
    out
}

/// The help of the command at the end of `path`, or of the program if there is none.
pub(crate) fn help(
    commands: &'static [Command],
    path: &[&'static Command],
    style: Style,
) -> String {
    let mut name = String::from("trunkline");
    for command in path {
        let _ = write!(name, " {}", command.name);
    }
    match path.last() {
        None => program(commands, style),
        Some(command) => of(command, &name, style),
    }
}

fn program(commands: &'static [Command], style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "trunkline {}: the dial-up network, in software\n",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(out, "{} trunkline COMMAND …\n", style.bold("Usage:"));
    choice(&mut out, commands, style);
    let _ = writeln!(out, "\n`trunkline COMMAND --help` tells more, with examples.");
    out
}

fn of(command: &Command, name: &str, style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}{}.\n",
        command.about.get(..1).unwrap_or_default().to_ascii_uppercase(),
        { command.about.get(1..).unwrap_or_default() }
    );
    let _ = writeln!(out, "{} {name}{}", style.bold("Usage:"), shape(command));
    if !command.text.is_empty() {
        out.push('\n');
        for paragraph in command.text.split("\n\n") {
            wrap(&mut out, paragraph, 0, 0);
        }
    }
    if let Act::Choose(commands) = command.act {
        out.push('\n');
        choice(&mut out, commands, style);
    }
    if !command.operands.is_empty() {
        let _ = writeln!(out, "\n{}", style.bold("Arguments:"));
        rows(
            &mut out,
            command.operands.iter().map(|operand| (operand.name.to_owned(), operand.help)),
            style,
        );
    }
    if !command.flags.is_empty() {
        let _ = writeln!(out, "\n{}", style.bold("Flags:"));
        let flags = command.flags.iter().map(|flag| {
            let value = flag.value.map_or(String::new(), |value| format!(" {value}"));
            (format!("--{}{value}", flag.name), flag.help)
        });
        rows(&mut out, flags, style);
    }
    if !command.examples.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            style.bold(if command.examples.len() == 1 { "Example:" } else { "Examples:" })
        );
        for (line, what) in command.examples {
            let _ = writeln!(out, "  {line}");
            wrap(&mut out, what, 6, 6);
        }
    }
    out
}

fn shape(command: &Command) -> String {
    let mut shape = String::new();
    if !command.flags.is_empty() {
        shape.push_str(" [FLAGS]");
    }
    for operand in command.operands {
        let _ = match operand.count {
            Count::One => write!(shape, " {}", operand.name),
            #[cfg(any(feature = "configuration", test))]
            Count::Optional => write!(shape, " [{}]", operand.name),
            #[cfg(feature = "modbus")]
            Count::Many => write!(shape, " [{}…]", operand.name),
        };
    }
    if matches!(command.act, Act::Choose(_)) {
        shape.push_str(" COMMAND …");
    }
    shape
}

fn choice(out: &mut String, commands: &'static [Command], style: Style) {
    let _ = writeln!(out, "{}", style.bold("Commands:"));
    rows(out, commands.iter().map(|command| (command.name.to_owned(), command.about)), style);
}

/// Two columns; a name too long for the first gets a line of its own.
fn rows<'a>(out: &mut String, rows: impl Iterator<Item = (String, &'a str)>, style: Style) {
    let rows: Vec<_> = rows.collect();
    let column = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default().min(18) + 4;
    for (name, help) in rows {
        let _ = write!(out, "  {}", style.bold(&name));
        let used = name.len() + 2;
        if used + 2 > column {
            out.push('\n');
            wrap(out, help, column, column);
        } else {
            let _ = write!(out, "{:1$}", "", column - used);
            wrap(out, help, 0, column);
        }
    }
}

/// Fills `text` into lines, the first of which is already `column` wide when `first` is 0.
fn wrap(out: &mut String, text: &str, first: usize, column: usize) {
    let _ = write!(out, "{:first$}", "");
    let mut used = column;
    for (n, word) in text.split_whitespace().enumerate() {
        let width = word.chars().count();
        if n > 0 && used + 1 + width > WIDTH {
            let _ = write!(out, "\n{:column$}", "");
            used = column;
        } else if n > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out.push('\n');
}
