//! The manual, made from the table.

use std::fmt::Write;

use super::{Command, Does, Effect, FAMILIES};
use crate::persona::persona_keys;

/// The manual of all AT commands and S registers, in Markdown.
pub fn manual() -> String {
    let mut text = String::from(
        "# AT commands and S registers\n\n\
         Ranges and defaults are those of the `hayes` persona. *Shown* means that the value is \
         stored and shown, for initialisation strings, and changes nothing else.\n",
    );
    for family in FAMILIES {
        let _ = write!(
            text,
            "\n## {}\n\n| command | values | default | effect |\n|---|---|---|---|\n",
            family.title
        );
        for command in family.commands {
            row(command, &mut text);
        }
    }
    text
}

/// The manual of a persona's keys, in Markdown.
pub fn persona_manual() -> String {
    let mut text = String::from(
        "# Keys of a persona\n\n\
         A persona is a TOML table. Keys with a dot stand in a table of their own; `*` is any name. \
         What a persona does not set is as in the one it names as its `base`, or as in `hayes`.\n\n\
         | key | takes | effect |\n|---|---|---|\n",
    );
    for key in persona_keys() {
        let _ = writeln!(text, "| `{}` | {} | {} |", key.name, key.takes, key.help);
    }
    text
}

pub(crate) fn row(command: &Command, to: &mut String) {
    let column = |texts: Vec<String>| if texts.is_empty() { "-".into() } else { texts.join("; ") };
    let ranges = column(command.cells.iter().map(|cell| cell.range()).collect());
    let defaults = match command.does {
        Does::Sets | Does::SetsBare | Does::Means(..) => {
            let default = |cell: &super::Cell| {
                let mut text = String::new();
                cell.show(cell.default, &mut text);
                text
            };
            column(command.cells.iter().map(default).collect())
        }
        Does::Tells(_) | Does::Controls(_) => "-".to_owned(),
    };
    let shown = match command.effect {
        Effect::Acts => "",
        Effect::Shown => "*Shown.* ",
    };
    let name = command.name.replace('|', "\\|");
    let _ = writeln!(to, "| `{name}` | {ranges} | {defaults} | {shown}{} |", command.help);
}
