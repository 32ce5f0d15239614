//! What a module has told, for equipment that asks while it has no time.

use std::time::Duration;

use clock::Instant;

use crate::chat::Chat;
use crate::{Question, Told};

/// The last answer to each question, and when it came.
#[derive(Debug, Default)]
pub(crate) struct Known(Vec<(Question, Instant, Vec<String>)>);

impl Known {
    /// What was said to a question in this chat.
    pub(crate) fn answer(chat: &Chat, question: Question) -> Vec<String> {
        let lines = chat.answer(question.command());
        lines.filter(|line| question.is_answered_by(line)).map(str::to_owned).collect()
    }

    /// Keeps what was said.
    pub(crate) fn learn(&mut self, now: Instant, chat: &Chat) {
        for question in Question::ALL {
            let lines = Self::answer(chat, question);
            if lines.is_empty() {
                continue;
            }
            self.0.retain(|(known, ..)| *known != question);
            self.0.push((question, now, lines));
        }
    }

    /// What is known, unless it is too old.
    pub(crate) fn told(&self, question: Question, now: Instant, age: Duration) -> Told {
        let known = self.0.iter().find(|(known, at, _)| {
            *known == question && (question.is_lasting() || now.since(*at) <= age)
        });
        known.map_or(Told::Nothing, |(.., lines)| Told::Lines(lines.clone()))
    }
}
