//! What has to be true of every entry of the table.

use std::collections::HashSet;
use std::sync::Arc;

use at::body::{self, Reading};
use clock::Instant;

use super::*;
use crate::{Action, Input, Modem, Output, Persona, Stored};

#[derive(Default)]
struct Said(String);

impl Output for Said {
    fn dte(&mut self, bytes: &[u8]) {
        self.0.push_str(&String::from_utf8_lossy(bytes));
    }

    fn line(&mut self, _: &[u8]) {
        panic!("a command line went to the far end");
    }

    fn act(&mut self, action: Action<'_>) {
        assert!(
            !matches!(action, Action::Store(_) | Action::Dial { .. } | Action::Break(_)),
            "garbage did something: {action:?}"
        );
    }
}

/// What a fresh modem answers to one line, without its line ends.
fn answer(persona: Persona, line: &str) -> String {
    let mut modem = Modem::new(Arc::new(persona), Stored::new());
    let mut said = Said::default();
    modem.input(Instant::ORIGIN, Input::Dte(b"ATE0\r"), &mut said);
    said.0.clear();
    modem.input(Instant::ORIGIN, Input::Dte(format!("AT{line}\r").as_bytes()), &mut said);
    said.0.split("\r\n").filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn strict() -> Persona {
    let mut persona = Persona::with_every_command();
    persona.grammar.unknown = crate::persona::Unknown::Error;
    persona
}

/// A command is typed as a letter, a register or a name.
enum Typing {
    Letter,
    Register,
    Name,
}

fn typing(command: &Command) -> Typing {
    let name = command.name.as_bytes();
    match name[0] {
        b'S' if name.len() > 1 => Typing::Register,
        b'+' | b'@' | b'#' | b'*' | b'-' => Typing::Name,
        _ => Typing::Letter,
    }
}

/// Lines that this command must not take.
fn garbage(command: &Command) -> Vec<String> {
    let name = command.name;
    let beyond = match command.cells.first().map(|cell| cell.allowed) {
        Some(Allowed::Span(_, last)) => last + 1,
        Some(Allowed::List(list)) => list.iter().max().unwrap() + 1,
        Some(Allowed::Words(_)) => 0x1_0000,
        None => 1,
    };
    match typing(command) {
        Typing::Letter if name == "D" => vec!["D\"".into(), "D\"a\"b".into()],
        Typing::Letter if name == "&Z" => vec!["&Z100=1".into(), "&Z=\"".into(), "&Z".into()],
        Typing::Letter => {
            vec![format!("{name}{beyond}"), format!("{name}4294967295"), format!("{name}=\"x\"")]
        }
        Typing::Register => vec![
            format!("{name}={beyond}"),
            format!("{name}=99999999999"),
            format!("{name}=\"text\""),
        ],
        Typing::Name => {
            let too_many = vec!["0"; command.cells.len() + 2].join(",");
            let mut lines = vec![format!("{name}=\"no\""), format!("{name}={too_many}")];
            if !command.cells.is_empty() {
                lines.push(format!("{name}={beyond}"));
                lines.push(format!("{name}=no"));
            }
            lines
        }
    }
}

#[test]
fn every_command_refuses_garbage_and_is_as_before() {
    for command in commands().filter(|command| command.name != "+VRID") {
        for line in garbage(command) {
            assert_eq!(answer(strict(), &line), "ERROR", "AT{line}");
        }
    }
}

#[test]
fn commands_that_act_refuse_garbage_from_everybody() {
    for command in commands().filter(|command| command.effect == Effect::Acts) {
        let line = garbage(command).remove(0);
        let persona = Persona::with_every_command();
        if command.name != "+VRID" {
            assert_eq!(answer(persona, &line), "ERROR", "AT{line}");
        }
    }
}

#[test]
fn every_command_is_found_under_the_name_it_is_typed_by() {
    let settings = Settings::factory(Arc::new(Persona::with_every_command()));
    for command in commands() {
        let line = match typing(command) {
            Typing::Register => format!("{}?", command.name),
            _ => command.name.to_owned(),
        };
        let typed = body::commands(line.as_bytes(), Reading::Strict).next().unwrap().unwrap();
        let found = settings.find(&typed).unwrap_or_else(|| panic!("{line} is not found"));
        assert_eq!(found.name, command.name);
    }
}

#[test]
fn every_command_that_sets_tells_its_range_and_its_value() {
    for command in commands().filter(|command| matches!(command.does, Does::Sets)) {
        let mut value = String::new();
        for (place, cell) in command.cells.iter().enumerate() {
            if place > 0 {
                value.push(',');
            }
            cell.show(cell.default, &mut value);
        }
        match typing(command) {
            Typing::Letter => {}
            Typing::Register => {
                let shown = format!("{:03} OK", command.cells[0].default);
                assert_eq!(answer(strict(), &format!("{}?", command.name)), shown);
            }
            Typing::Name => {
                let name = command.name;
                assert_eq!(answer(strict(), &format!("{name}?")), format!("{name}: {value} OK"));
                let range = answer(strict(), &format!("{name}=?"));
                assert!(range.starts_with(&format!("{name}: (")), "{range}");
                assert_eq!(answer(strict(), &format!("{name}={value}")), "OK");
            }
        }
    }
}

#[test]
fn every_cell_takes_its_default_and_has_a_key_of_its_own() {
    let mut keys = HashSet::new();
    for command in commands() {
        for cell in command.cells {
            assert!(keys.insert(format!("{:?}", cell.key)), "{} shares a key", command.name);
            let word = matches!(cell.allowed, Allowed::Words(_));
            assert!(word || cell.accept(cell.default).is_some(), "{}", command.name);
            let mut shown = String::new();
            cell.show(cell.default, &mut shown);
            if word {
                assert_eq!(cell.accept_word(&shown), Some(cell.default));
            }
        }
    }
}

#[test]
fn every_name_stands_once_and_every_help_fits_a_line() {
    let mut names = HashSet::new();
    for command in commands() {
        assert!(names.insert(command.name), "{} stands twice", command.name);
        assert!(!command.help.is_empty() && !command.help.ends_with('.'), "{}", command.name);
        assert!(command.help.len() <= 110, "{}: {}", command.name, command.help.len());
    }
    assert!(GSM.iter().all(|name| names.contains(name)));
}

#[test]
fn the_manual_has_a_row_for_every_command() {
    let manual = manual();
    for command in commands() {
        let row = format!("| `{}` |", command.name);
        assert_eq!(manual.matches(&row).count(), 1, "{}", command.name);
    }
    assert!(
        manual
            .lines()
            .filter(|line| line.starts_with('|'))
            .all(|line| { line.matches('|').count() == 5 })
    );
}
