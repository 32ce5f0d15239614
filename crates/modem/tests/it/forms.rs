//! Every form of every command of the Wavecom personas: read, set, tested, and with what it doesn't take.
//!
//! `tests/forms.txt` has them with what each is answered. A modem of its own hears each one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{Input, Modem, Persona, Stored};

use crate::forms_table::{self, fits};
use crate::recorder::Recorder;
use crate::toml_loader::built_in;
use crate::{net, script};

/// As long as the slowest command takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_form_of_a_command_is_answered_as_the_table_says_by_every_persona() {
    let mut personas = BTreeMap::new();
    let mut wrong = String::new();
    let mut asked = 0;
    forms_table::each(|form| {
        for name in form.personas {
            let persona = personas.entry(*name).or_insert_with(|| Arc::new(built_in(name)));
            let (command, answer) = (form.command, form.answer_of(name));
            let said = ask(persona, form.before, command);
            if !fits(&said, answer) {
                let _ = writeln!(wrong, "{name}: {command} => {answer}\n  but: {said}");
            }
            asked += 1;
        }
    });
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
