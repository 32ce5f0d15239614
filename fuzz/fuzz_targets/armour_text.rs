//! Any text as a file in every format, and any noise on a channel: no panic, bounded output; and what is encoded
//! comes back.
#![no_main]

use armour::channel::{Coding, Output, Probe, Receiver, Values};
use armour::coder::{Decoder, Encoder, Facts, Format};
use clock::Instant;
use libfuzzer_sys::fuzz_target;

struct Nowhere;

impl Output for Nowhere {
    fn send(&mut self, _: &[u8]) {}
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let (_, format) = Format::NAMES[usize::from(choice) % Format::NAMES.len()];
    let piece = usize::from(choice >> 2) + 1;
    let mut read = Vec::new();
    let mut decoder = Decoder::new(format);
    if bytes.chunks(piece).all(|piece| decoder.push(piece, &mut read).is_ok()) {
        let _ = decoder.finish(&mut read);
    }
    assert!(read.len() <= 128 * bytes.len() + 8);

    let mut text = Vec::new();
    let mut encoder = Encoder::new(format, &Facts::new("a", bytes.len() as u64)).expect("a name");
    encoder.push(bytes, &mut text).expect("as long as was said");
    encoder.finish(&mut text).expect("as long as was said");
    let mut read = Vec::new();
    let mut decoder = Decoder::new(format);
    for piece in text.chunks(piece) {
        decoder.push(piece, &mut read).expect("it is ours");
    }
    decoder.finish(&mut read).expect("it is ours");
    assert_eq!(read, bytes);

    for coding in [Coding::Hdlc(Values::default()), Coding::Lines] {
        let mut receiver = Receiver::new(coding);
        let mut rest = bytes;
        while let Some(frame) = receiver.next(&mut rest) {
            assert!(frame.len() <= armour::limits::FRAME);
        }
    }
    let mut probe = Probe::start(Instant::ORIGIN, &mut Nowhere);
    let _ = probe.input(&mut &*bytes, &mut Nowhere);
});
