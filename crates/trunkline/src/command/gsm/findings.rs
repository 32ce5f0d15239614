//! What was found at a module, for people and for programs.

use std::path::Path;
use std::time::Duration;

use translator::gsm::{Registration, Status};

use super::advice::folded;
use crate::json::Json;
use crate::style::Style;

/// What was found.
pub(super) struct Findings {
    device: String,
    pub(super) module: Status,
    signals: Vec<Option<i16>>,
    pub(super) call: Option<Tried>,
    /// The card's own number, and its subscriber's.
    pub(super) card: String,
    pub(super) subscriber: String,
    pub(super) trouble: Option<Trouble>,
    /// What isn't in order when it is left.
    pub(super) left: Vec<&'static str>,
}

/// What is wrong.
pub(super) struct Trouble {
    /// Its code, as in records of calls.
    pub(super) cause: &'static str,
    /// In words.
    pub(super) words: String,
    /// What to do about it, if that is known.
    pub(super) next: String,
}

/// A call that came up.
pub(super) struct Tried {
    pub(super) to: String,
    pub(super) took: Duration,
}

/// Characters of a line.
const WIDTH: usize = 80;

/// Looks at the signal that are kept: an hour of them.
const SIGNALS: usize = 1800;

impl Findings {
    pub(super) fn of(device: &Path) -> Self {
        Self {
            device: device.display().to_string(),
            module: Status::default(),
            signals: Vec::new(),
            call: None,
            card: String::new(),
            subscriber: String::new(),
            trouble: None,
            left: Vec::new(),
        }
    }

    pub(super) fn signal(&mut self, dbm: Option<i16>) {
        if self.signals.len() < SIGNALS {
            self.signals.push(dbm);
        }
    }

    fn heard(&self) -> impl Iterator<Item = i16> {
        self.signals.iter().copied().flatten()
    }

    pub(super) fn json(&self) -> Json {
        let module = &self.module;
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let dbm = |value: Option<i16>| value.map(|dbm| Json::Number(dbm.into()));
        Json::object([
            ("device", self.device.as_str().into()),
            ("maker", known(&module.maker).into()),
            ("model", known(&module.model).into()),
            ("version", known(&module.version).into()),
            ("serial", known(&module.serial).into()),
            ("dialect", module.dialect.into()),
            ("card", known(&self.card).into()),
            ("subscriber", known(&self.subscriber).into()),
            ("registration", module.registration.word().into()),
            ("operator", known(&module.operator).into()),
            ("dbm", dbm(module.signal).into()),
            ("dbm-least", dbm(self.heard().min()).into()),
            ("dbm-most", dbm(self.heard().max()).into()),
            ("looks", (self.signals.len() as u64).into()),
            ("call", self.call.as_ref().map(|call| call.to.clone()).into()),
            ("milliseconds", self.call.as_ref().map(|call| call.took.as_millis() as u64).into()),
            ("cause", self.trouble.as_ref().map(|trouble| trouble.cause).into()),
            ("trouble", self.trouble.as_ref().map(|trouble| trouble.words.clone()).into()),
            ("next", self.trouble.as_ref().and_then(|trouble| known(&trouble.next)).into()),
            ("left", known(&self.left.join(" ")).into()),
        ])
    }

    pub(super) fn text(&self, style: Style) -> String {
        let module = &self.module;
        let mut rows = vec![("port", self.device.clone())];
        let mut known = |what: &'static str, text: String| {
            if !text.is_empty() {
                rows.push((what, text));
            }
        };
        let names = [&module.maker, &module.model].map(|name| name.as_str());
        known("module", names.join(" ").trim().to_owned());
        known("version", module.version.clone());
        known("IMEI", module.serial.clone());
        known("SIM", self.card.clone());
        known("IMSI", self.subscriber.clone());
        known("commands", module.dialect.unwrap_or_default().to_owned());
        if module.registration != Registration::Unknown {
            let network = [module.operator.as_str(), module.registration.word()];
            known("network", network.join(" ").trim().to_owned());
            known("signal", self.strength());
        }
        if let Some(call) = &self.call {
            known("call", format!("{} answered after {:.1} s", call.to, call.took.as_secs_f32()));
        }
        let mut text: String =
            rows.iter().map(|(what, row)| format!("{what:<10}{row}\n")).collect();
        let verdict = self.trouble.as_ref().map_or("it is in order", |trouble| &trouble.words);
        text.push_str(&format!("\n{}\n", style.bold(folded(verdict, WIDTH))));
        if let Some(next) = self.trouble.as_ref().map(|trouble| &trouble.next)
            && !next.is_empty()
        {
            text.push_str(&format!("{}\n", folded(next, WIDTH)));
        }
        for left in &self.left {
            text.push_str(&format!("{}\n", folded(left, WIDTH)));
        }
        text
    }

    fn strength(&self) -> String {
        let Some(dbm) = self.module.signal else { return "none".to_owned() };
        let word = match dbm {
            -73.. => "strong",
            -85.. => "good",
            -97.. => "fair",
            _ => "weak",
        };
        let deaf = self.signals.iter().filter(|dbm| dbm.is_none()).count();
        let mut text = format!("{dbm} dBm, {word}");
        if let (Some(least), Some(most)) = (self.heard().min(), self.heard().max())
            && self.signals.len() > 1
        {
            text.push_str(&format!("; {least} to {most} dBm in {} looks", self.signals.len()));
            if deaf > 0 {
                text.push_str(&format!(", none in {deaf}"));
            }
        }
        text
    }
}
