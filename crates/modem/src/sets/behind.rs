//! Questions that the real module behind the line answers, in place of what a persona says of itself.

use std::time::Duration;

use at::body::ExtendedAct;
use at::question::{Question, Told};
use clock::Instant;

use super::gsm::registration_told;
use super::{Answer, Named, Set};
use crate::core::Core;
use crate::output::Action;
use crate::port::Port;

/// How long an answer is awaited. The driver has an earlier end; this is for one that says nothing at all.
const ANSWER: Duration = Duration::from_secs(8);

/// `+CME ERROR`: unknown.
const UNKNOWN: u16 = 100;

/// The question that waits for its answer, and until when.
#[derive(Debug, Default)]
pub(super) struct Asked(Option<(Question, Instant)>);

impl Asked {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.map(|(_, until)| until)
    }
}

/// Asks, if this is such a question and the persona has it answered by a module.
pub(super) fn command(named: &Named<'_>, core: &mut Core, port: &mut Port<'_>) -> Option<Answer> {
    let inner = core.sets.get_mut()?;
    // Whoever asks something new has no use for an answer from before.
    inner.asked = Asked::default();
    let question = question(named)?;
    inner.asked = Asked(Some((question, port.now() + ANSWER)));
    port.act(Action::Ask(question));
    Some(Answer::Waits)
}

fn question(named: &Named<'_>) -> Option<Question> {
    let name = match named.name {
        "GMI" => "CGMI",
        "GMM" => "CGMM",
        "GMR" => "CGMR",
        "GSN" => "CGSN",
        name => name,
    };
    let asked = Question::ALL
        .into_iter()
        .find(|question| named.mark == b'+' && question.name().strip_prefix('+') == Some(name))?;
    let reads = asked.command().ends_with('?');
    match named.act {
        ExtendedAct::Read => Some(asked),
        ExtendedAct::Execute if !reads => Some(asked),
        _ => None,
    }
}

/// The module has answered.
pub(crate) fn told(question: Question, told: &Told, core: &mut Core) {
    let awaited = core
        .sets
        .get_mut()
        .is_some_and(|inner| inner.asked.0.take_if(|(asked, _)| *asked == question).is_some());
    if awaited {
        let answer = answer(question, told, core);
        core.sets.finish(answer);
    }
}

/// An answer that is late is none.
pub(super) fn due(core: &mut Core, now: Instant) {
    let late = core.sets.get_mut().and_then(|inner| {
        inner.asked.0.take_if(|(_, until)| *until <= now).map(|(question, _)| question)
    });
    if let Some(question) = late {
        let answer = answer(question, &Told::Nothing, core);
        core.sets.finish(answer);
    }
}

fn answer(question: Question, told: &Told, core: &Core) -> Answer {
    let lines = match told {
        Told::Lines(lines) if !lines.is_empty() => lines.clone(),
        Told::Refused(number) => return Answer::Cme(number.unwrap_or(UNKNOWN)),
        Told::Lines(_) | Told::Nothing => match question.unknown() {
            Some(line) => vec![line.to_owned()],
            None => return Answer::Cme(UNKNOWN),
        },
    };
    // What the equipment has set, and not what we have set at the module.
    let wanted = match core.persona().sets.has(Set::Gsm) {
        true => registration_told(question, core),
        false => 0,
    };
    let own = |line: String| match question {
        Question::Registration | Question::PacketRegistration | Question::LteRegistration => {
            registration(question, &line, wanted).unwrap_or(line)
        }
        _ => line,
    };
    Answer::Lines(lines.into_iter().map(own).collect())
}

/// `+CREG: 2,1,"178D","1678"`, as equipment is told that has set `+CREG` to `wanted`.
fn registration(question: Question, line: &str, wanted: u32) -> Option<String> {
    let name = question.name();
    let values = line.strip_prefix(name)?.strip_prefix(':')?.trim();
    let mut values = values.splitn(3, ',');
    let (_, stat, place) = (values.next()?, values.next()?, values.next());
    Some(match place.filter(|_| wanted == 2) {
        Some(place) => format!("{name}: {wanted},{stat},{place}"),
        None => format!("{name}: {wanted},{stat}"),
    })
}
