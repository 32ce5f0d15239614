//! The table of all forms of all commands, and what fits an answer in it: `tests/forms.txt`.

const FORMS: &str = include_str!("../forms.txt");

/// A form of a command.
pub(crate) struct Form<'s> {
    /// Whom it is about.
    pub(crate) personas: &'s [&'static str],
    /// What comes before it.
    pub(crate) before: &'s [&'static str],
    /// What is typed.
    pub(crate) command: &'static str,
    usual: &'static str,
    others: Vec<(&'static str, &'static str)>,
}

impl Form<'_> {
    /// What this persona answers.
    pub(crate) fn answer_of(&self, persona: &str) -> &'static str {
        let mut others = self.others.iter();
        let own = others.find(|(names, _)| names.split(' ').any(|name| name == persona));
        own.map_or(self.usual, |(_, answer)| answer)
    }
}

/// Goes over the table.
pub(crate) fn each(mut visit: impl FnMut(&Form<'_>)) {
    let (mut personas, mut before) = (Vec::new(), Vec::new());
    let mut lines = FORMS.lines().peekable();
    while let Some(line) = lines.next() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "personas" => (personas, before) = (rest.split(' ').collect(), Vec::new()),
            "before" => before.push(rest),
            "anew" => before.clear(),
            _ => {
                let (command, usual) = line.split_once(" => ").expect("COMMAND => ANSWER");
                let mut others = Vec::new();
                while let Some(other) = lines.next_if(|line| line.starts_with("  ")) {
                    let (names, answer) = other.split_once(" => ").expect("PERSONAS => ANSWER");
                    others.push((names.trim_start(), answer));
                }
                let command = command.trim_end();
                visit(&Form { personas: &personas, before: &before, command, usual, others });
            }
        }
    }
}

/// `OK`, `ERROR`, `CME 3` and `CMS 302` are answers without lines; `: a \ b` are these lines and `OK`, and what ends
/// in `…` begins so; `bare a` is a line without `OK`; behind `~` is all there is to see, escaped. `␣` is a blank.
pub(crate) fn fits(said: &str, answer: &str) -> bool {
    let line = |text: &str| format!("\\r\\n{text}\\r\\n");
    let answer = answer.replace('␣', " ");
    let (kind, rest) = answer.split_once(' ').unwrap_or((answer.as_str(), ""));
    match kind {
        "OK" | "ERROR" => said == line(&answer),
        "CME" => said == line(&format!("+CME ERROR: {rest}")),
        "CMS" => said == line(&format!("+CMS ERROR: {rest}")),
        "bare" => said == line(rest),
        "~" if rest == "…" => said.ends_with(&line("OK")),
        "~" => said == rest,
        // A line behind a line has its own pair of ends with some commands, and shares one with others.
        ":" => {
            let Some(lines) = said.strip_suffix(&line("OK")) else { return false };
            let lines: Vec<_> = lines.split("\\r\\n").filter(|line| !line.is_empty()).collect();
            let wanted: Vec<_> = rest.split(" \\ ").collect();
            let as_wanted = |(line, wanted): (&&str, &&str)| match wanted.strip_suffix('…') {
                Some(begin) => line.starts_with(begin),
                None => line == wanted,
            };
            lines.len() == wanted.len() && lines.iter().zip(&wanted).all(as_wanted)
        }
        other => panic!("no answer is {other}"),
    }
}
