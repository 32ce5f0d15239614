//! Samples as they are told to the store, and as it tells of them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::sync::oneshot;

use crate::error::Refused;

/// What a sample's value is worth, as it is kept.
pub mod quality {
    /// It is what the device said.
    pub const GOOD: u8 = 0;
    /// It is, but when is not certain, or it is an estimate.
    pub const UNCERTAIN: u8 = 1;
    /// The device has refused to tell it.
    pub const REFUSED: u8 = 2;
    /// The device gave no answer.
    pub const SILENT: u8 = 3;
    /// What it said makes no sense.
    pub const BAD: u8 = 4;

    /// In a word.
    pub fn word(quality: u8) -> &'static str {
        match quality {
            GOOD => "good",
            UNCERTAIN => "uncertain",
            REFUSED => "refused",
            SILENT => "silent",
            _ => "bad",
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleValue {
    /// Nothing: the quality says why.
    None,
    /// A number. One that is none (NaN) or infinite is kept as nothing.
    Number(f64),
    /// A text, or a number that a double can't hold.
    Text(String),
}

/// One value of one point at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRow {
    /// The point's name; new ones are made.
    pub point: String,
    /// The source's number for it; they ascend.
    pub seq: u64,
    /// When it was measured.
    pub at: SystemTime,
    /// What was measured.
    pub value: SampleValue,
    /// What it is worth: one of [`quality`].
    pub quality: u8,
}

/// Samples of a site from one source, in the order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleBatch {
    /// The site's name.
    pub site: String,
    /// Who numbers them. Empty: nobody, and every one is new.
    pub source: String,
    /// The samples. Numbers may be left out, but never go back.
    pub samples: Vec<SampleRow>,
}

/// What has become of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Samples that are kept now and weren't before.
    pub fresh: u64,
    /// Samples that had been kept already.
    pub known: u64,
    /// Everything of the source up to this number is kept.
    pub upto: u64,
}

/// Ready when a batch is on disk, or can't be.
#[derive(Debug)]
#[must_use = "nothing is certain before it is ready"]
pub struct Storing(pub(crate) oneshot::Receiver<Result<Stored, Refused>>);

impl Future for Storing {
    type Output = Result<Stored, Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Without an answer nobody writes any more.
        Pin::new(&mut self.0).poll(cx).map(|stored| stored.unwrap_or(Err(Refused::Closed)))
    }
}

/// A sample that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptSample {
    /// Of which point.
    pub point: String,
    /// When it was measured.
    pub at: SystemTime,
    /// What was measured.
    pub value: SampleValue,
    /// What it is worth: one of [`quality`].
    pub quality: u8,
}

/// What a stretch of time holds of a point, drawn together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Its first sample's moment.
    pub at: SystemTime,
    /// How many numbers it has.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The least of them.
    pub least: f64,
    /// The greatest of them.
    pub most: f64,
}
