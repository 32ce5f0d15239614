//! Every form of every command of the Wavecom personas: read, set, tested, and with what it doesn't take.
//!
//! `tests/forms.txt` has them with what each is answered. A modem of its own hears each one.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{Input, Modem, Persona, Stored};

use crate::recorder::Recorder;
use crate::toml_loader::built_in;
use crate::{net, script};

const FORMS: &str = include_str!("../forms.txt");

/// As long as the slowest command takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A part of the table: whom it is about, what comes before, and the forms.
#[derive(Clone, Default)]
struct Section<'t> {
    personas: Vec<(&'t str, Arc<Persona>)>,
    before: Vec<&'t str>,
}

#[test]
fn every_form_of_a_command_is_answered_as_the_table_says_by_every_persona() {
    let mut section = Section::default();
    let mut wrong = String::new();
    let mut asked = 0;
    let mut lines = FORMS.lines().peekable();
    while let Some(line) = lines.next() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "personas" => {
                let of = |name| (name, Arc::new(built_in(name)));
                section =
                    Section { personas: rest.split(' ').map(of).collect(), before: Vec::new() };
            }
            "before" => section.before.push(rest),
            "anew" => section.before.clear(),
            _ => {
                let (command, usual) = line.split_once(" => ").expect("COMMAND => ANSWER");
                let mut others = Vec::new();
                while let Some(other) = lines.next_if(|line| line.starts_with("  ")) {
                    others.push(other.split_once(" => ").expect("PERSONAS => ANSWER"));
                }
                for (name, persona) in &section.personas {
                    let own = others.iter().find(|(names, _)| names.split(' ').any(|n| n == *name));
                    let answer = own.map_or(usual, |(_, answer)| answer);
                    let said = ask(persona, &section.before, command.trim_end());
                    if !fits(&said, answer) {
                        let _ = writeln!(wrong, "{name}: {command} => {answer}\n  but: {said}");
                    }
                    asked += 1;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "of {asked} some are answered otherwise:\n{wrong}");
    assert!(asked > 1000, "{asked}");
}

/// What a new modem answers to a command behind others, of which the last may be news of sockets.
fn ask(persona: &Arc<Persona>, before: &[&str], command: &str) -> String {
    let mut modem = Modem::new(persona.clone(), Stored::new());
    let mut recorder = Recorder::default();
    let mut now = Instant::ORIGIN;
    for typed in ["ATE0", "AT+CMEE=1"].iter().chain(before).chain(&[command]) {
        recorder.dte.clear();
        match typed.strip_prefix("net ") {
            Some(news) => net::event(news, |event| {
                recorder.input(&mut modem, now, Input::Net(event));
            }),
            None => {
                let line = [script::bytes(typed).as_slice(), b"\r"].concat();
                recorder.input(&mut modem, now, Input::Dte(&line));
            }
        }
        now = now + PATIENCE;
        recorder.until(&mut modem, now);
    }
    script::escaped(&recorder.dte)
}

/// `OK`, `ERROR`, `CME 3` and `CMS 302` are answers without lines; `: a \ b` are these lines and `OK`, and what ends
/// in `…` begins so; `bare a` is a line without `OK`; behind `~` is all there is to see, escaped. `␣` is a blank.
fn fits(said: &str, answer: &str) -> bool {
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
