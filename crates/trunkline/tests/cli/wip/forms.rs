//! Every form of every command on pseudo-terminals: the program answers what the table of `modem` says.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::stage::{Equipment, PATIENCE, Stage};

#[allow(dead_code, reason = "no form is about bytes")]
#[path = "../../../../modem/tests/it/escapes.rs"]
mod escapes;
#[path = "../../../../modem/tests/it/forms_table.rs"]
mod forms_table;

use escapes::{bytes, escaped};
use forms_table::{each, fits};

/// Lines of one instance: not so many that other tests want for pseudo-terminals.
const LINES: usize = 160;

/// A form for one persona.
struct Case {
    persona: &'static str,
    before: Vec<&'static str>,
    command: &'static str,
    answer: &'static str,
}

/// All but those behind news of the network, which comes from this host here, and those behind a module's start.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    each(|form| {
        let is_apart = |typed: &&str| {
            ["net ", "AT+CFUN=1", "AT+WOPEN"].iter().any(|apart| typed.starts_with(apart))
        };
        if form.before.iter().any(is_apart) {
            return;
        }
        for persona in form.personas {
            cases.push(Case {
                persona,
                before: form.before.to_vec(),
                command: form.command,
                answer: form.answer_of(persona),
            });
        }
    });
    cases
}

#[test]
fn every_form_of_a_command_is_answered_on_a_terminal_as_the_table_says() {
    let cases = cases();
    let wrong: String = cases.chunks(LINES).map(walk).collect();
    assert!(wrong.is_empty(), "of {} some are answered otherwise:\n{wrong}", cases.len());
    assert!(cases.len() > 1000, "{}", cases.len());
}

/// Each form on a line of its own, all at once; those that are answered otherwise.
fn walk(cases: &[Case]) -> String {
    let line = |(at, case): (usize, &Case)| {
        format!(
            "[[line]]\nname = \"l{at}\"\npty = \"l{at}\"\npersona = \"{}\"\n\
             gsm = {{ restart-ms = 1, wopen-restart-ms = 1, search-ms = 1, scan-ms = 1, attach-ms = 1 }}\n",
            case.persona
        )
    };
    let stage = Stage::run(&cases.iter().enumerate().map(line).collect::<String>());
    let open = |at: usize| Equipment::open(&stage.path(&format!("l{at}")));
    let mut lines: Vec<Equipment> = (0..cases.len()).map(open).collect();
    let steps = cases.iter().map(|case| case.before.len()).max().unwrap_or(0);
    for step in 0..steps + 2 {
        let typed = |case: &Case| match step {
            0 => Some("ATE0"),
            1 => Some("AT+CMEE=1"),
            step => case.before.get(step - 2).copied(),
        };
        for (line, case) in lines.iter().zip(cases) {
            typed(case).into_iter().for_each(|typed| line.send(&format!("{typed}\r")));
        }
        for (line, case) in lines.iter_mut().zip(cases) {
            if typed(case).is_some() {
                line.expect("OK\r\n");
            }
        }
    }
    for (line, case) in lines.iter().zip(cases) {
        line.send_bytes(&[bytes(case.command).as_slice(), b"\r"].concat());
    }
    let last = Instant::now() + PATIENCE;
    let mut wrong = String::new();
    for (line, case) in lines.iter_mut().zip(cases) {
        let end = last.max(Instant::now() + Duration::from_millis(10));
        let right = line.hears_such(end, |heard| fits(&escaped(heard), case.answer));
        if let Err(heard) = right {
            let Case { persona, command, answer, .. } = case;
            let _ = writeln!(wrong, "{persona}: {command} => {answer}\n  but: {}", escaped(&heard));
        }
    }
    wrong
}
