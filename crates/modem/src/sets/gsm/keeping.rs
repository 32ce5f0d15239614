//! What outlives the module's power.

use super::messages::{Message, Place, Status};
use super::{Application, Number, Part, Turn, bands, book, error, preferred};
use crate::stored::{Kept, Stored};

impl Part {
    pub(super) fn remember(&mut self, stored: &Stored) {
        if let Some(text) = stored.module("sim") {
            self.sim.remember(text);
        }
        if let Some(bands) = stored.module("bands").and_then(bands::Bands::from_text) {
            self.bands = bands;
        }
        if let Some(text) = stored.module("preferred") {
            self.preferred = preferred::Preferred::from_text(text);
        }
        if let Some(level) = stored.module("wind").and_then(|text| text.parse().ok()) {
            self.indications = level;
        }
        self.application = match stored.module("application") {
            Some("running") => Application::Running,
            Some("stopped") => Application::Stopped,
            Some("erased") => Application::Erased,
            _ => self.application,
        };
        if let Some(centre) = stored.module("centre").and_then(Number::parse) {
            self.centre = Some(centre);
        }
        for (place, text) in stored.messages() {
            if let Some(message) = Message::from_text(text) {
                self.messages.restore(Place(place), message);
            }
        }
        for (place, text) in stored.entries() {
            self.book.put(place, book::Entry::from_text(text));
        }
    }

    pub(super) fn keep_sim(&self, turn: &mut Turn<'_, '_>) {
        turn.keep("sim", &self.sim.to_text(&self.new_sim));
    }

    pub(super) fn keep_module(&self, turn: &mut Turn<'_, '_>) {
        let level = self.indications.to_string();
        turn.keep("wind", if self.indications == 0 { "" } else { &level });
        let runs = turn.facts().application;
        turn.keep(
            "application",
            match self.application {
                Application::Running if runs => "",
                Application::Running => "running",
                Application::Stopped if !runs => "",
                Application::Stopped => "stopped",
                Application::Erased => "erased",
            },
        );
        let centre =
            self.centre.as_ref().filter(|centre| turn.facts().centre.as_ref() != Some(*centre));
        turn.keep("centre", &centre.map(Number::to_string).unwrap_or_default());
    }

    pub(super) fn keep_message(&self, place: Place, turn: &mut Turn<'_, '_>) {
        let kept = self.set_message(place, turn);
        turn.store(kept, error::MESSAGE_MEMORY_FAILURE);
    }

    /// Has a message kept that no command has asked to keep: nobody waits for it.
    pub(super) fn keep_message_aside(&self, place: Place, turn: &mut Turn<'_, '_>) {
        let kept = self.set_message(place, turn);
        turn.core.keep(kept, None, turn.port);
    }

    fn set_message(&self, place: Place, turn: &mut Turn<'_, '_>) -> Kept {
        let text = self.messages.get(place).map(Message::to_text).unwrap_or_default();
        turn.core.stored.set_message(place.0, &text)
    }

    pub(super) fn was_read(&mut self, place: Place, turn: &mut Turn<'_, '_>) {
        if let Some(message) = self.messages.get_mut(place)
            && message.status == Status::Unread
        {
            message.status = Status::Read;
            self.keep_message_aside(place, turn);
        }
    }
}
