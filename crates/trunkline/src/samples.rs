//! Samples as they are told: by an instance over its control socket, and from its store without one.

use store::{KeptSample, SampleValue, Samples, Store, StoreError, quality};

use crate::control::Span;
use crate::failure::chain;
use crate::json::Json;
use crate::limits;
use crate::time::Civil;

/// What there is to say of a sample, in the order in which it is said.
pub(crate) const MEMBERS: [&str; 4] = ["point", "at", "value", "quality"];

/// How many samples follow.
pub(crate) const COUNT: &str = "samples";

/// A span's samples as lines of JSON, some at a time; the first says how many they are.
pub(crate) struct Pieces {
    head: Option<Result<String, String>>,
    samples: Option<Samples>,
}

impl Pieces {
    /// Those of a store. Each waits for the disk.
    pub(crate) fn of(store: &Store, span: &Span) -> Self {
        let point = (span.site.as_str(), span.point.as_str());
        let open = || {
            Ok::<_, StoreError>((
                store.count_samples(point, span.times())?,
                store.samples(point, span.times())?,
            ))
        };
        match open() {
            Ok((count, samples)) => {
                let head = format!("{}\n", Json::object([(COUNT, count.into())]));
                Self { head: Some(Ok(head)), samples: Some(samples) }
            }
            Err(error) => Self { head: Some(Err(said(&error))), samples: None },
        }
    }
}

impl Iterator for Pieces {
    type Item = Result<String, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(head) = self.head.take() {
            return Some(head);
        }
        let mut lines = String::new();
        let samples = self.samples.as_mut()?;
        // Behind a failure there is nothing more.
        for sample in samples.take(limits::SAMPLES) {
            match sample {
                Ok(sample) => lines += &format!("{}\n", json(&sample)),
                Err(error) => return Some(Err(said(&error))),
            }
        }
        (!lines.is_empty()).then_some(Ok(lines))
    }
}

fn said(error: &StoreError) -> String {
    chain(error)
}

/// A sample, for whoever shows it.
pub(crate) fn json(sample: &KeptSample) -> Json {
    let at = format!("{:.3}", Civil::from(sample.at));
    Json::object([
        ("point", sample.point.as_str().into()),
        ("at", at.into()),
        ("value", text(&sample.value).into()),
        ("quality", quality::word(sample.quality).into()),
    ])
}

/// A value as people read it: no forty zeros. Empty where nothing was measured.
pub(crate) fn text(value: &SampleValue) -> String {
    match value {
        SampleValue::None => String::new(),
        SampleValue::Number(number) => modbus::value::Value::Double(*number).to_string(),
        SampleValue::Text(text) => text.clone(),
    }
}
