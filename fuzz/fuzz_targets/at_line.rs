//! Any bytes as a command line: recognised within bounds, and read to its end.
#![no_main]

use at::body::{Reading, commands};
use at::line::{LineChars, Recognised, Recogniser};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let chars = LineChars::default();
    let mut recogniser = Recogniser::new();
    for &byte in bytes {
        let (_, recognised) = recogniser.push(byte, &chars);
        let body = recogniser.body();
        assert!(body.len() <= at::limits::BODY_MAX);
        if matches!(recognised, Recognised::Line | Recognised::Repeat) {
            for reading in [Reading::Strict, Reading::Lenient] {
                // Every command takes at least one byte.
                assert!(commands(body, reading).count() <= body.len() + 1);
            }
        }
    }
});
