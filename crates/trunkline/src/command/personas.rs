//! `trunkline personas`: which modems there are to be.

use modem::BUILT_IN;

use super::{Failure, exit};
use crate::cli::{Act, Command, Count, Exit, JSON, Matches, Operand, nearest};
use crate::json::Json;
use crate::style::Style;
use crate::table::table;

pub(super) const COMMAND: Command = Command {
    name: "personas",
    about: "show the modems that a line can be",
    text: "A persona of your own is a file like those that `show` prints, named in the configuration by \
           personas = [\"personas/*.toml\"].",
    operands: &[],
    flags: &[],
    examples: &[],
    act: Act::Choose(&[
        Command {
            name: "list",
            about: "list the built-in personas",
            text: "",
            operands: &[],
            flags: &[JSON],
            examples: &[("trunkline personas list", "Name and nature of each.")],
            act: Act::Run(|matches| exit(Ok(list(matches)))),
        },
        Command {
            name: "show",
            about: "print the file of a built-in persona",
            text: "",
            operands: &[Operand { name: "NAME", count: Count::One, help: "Which one" }],
            flags: &[],
            examples: &[(
                "trunkline personas show xport > personas/mine.toml",
                "Begin a persona of your own.",
            )],
            act: Act::Run(|matches| exit(show(matches))),
        },
    ]),
};

fn list(matches: &Matches) -> Exit {
    let style = Style::of(&std::io::stdout());
    let rows: Vec<_> =
        BUILT_IN.iter().map(|(name, text)| [(*name).to_owned(), nature(text)]).collect();
    if !matches.has(&JSON) {
        return crate::show(&table(["PERSONA", "NATURE"], &rows, style));
    }
    let object = |[name, nature]: &[String; 2]| {
        Json::object([("persona", name.as_str().into()), ("nature", nature.as_str().into())])
    };
    crate::show(&rows.iter().map(|row| format!("{}\n", object(row))).collect::<String>())
}

/// What the comment at the head of a persona's file says first.
fn nature(text: &str) -> String {
    let comment: Vec<&str> =
        text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let comment = comment.join(" ");
    // The full stop of an abbreviation, as in U.S., stands behind a capital.
    let abbreviated = |at: usize| {
        comment.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_uppercase()))
    };
    let stop = comment.match_indices(". ").map(|(at, _)| at).find(|at| !abbreviated(*at));
    let end = [stop, comment.find(": "), comment.find("; ")].into_iter().flatten().min();
    comment.get(..end.unwrap_or(comment.len())).unwrap_or_default().trim_end_matches('.').to_owned()
}

fn show(matches: &Matches) -> Result<Exit, Failure> {
    let name = matches.operand(0).unwrap_or_default();
    match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(crate::show(text)),
        None => {
            let near = nearest(name, BUILT_IN.iter().map(|(name, _)| *name));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(Failure::Other(format!("there is no built-in persona {name}{hint}")))
        }
    }
}
