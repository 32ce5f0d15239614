//! Paths.

use armour::channel::{Coding, NoProbe, Outcome, Output, Probe, Receiver, Sender, Values};
use armour::limits;
use clock::Instant;
use proptest::collection::vec;
use proptest::prelude::*;

const NOW: Instant = Instant::ORIGIN;

#[derive(Default)]
struct Wire(Vec<u8>);

impl Output for Wire {
    fn send(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A path, as what it makes of each byte.
type Path = fn(u8) -> Vec<u8>;

fn clean(byte: u8) -> Vec<u8> {
    vec![byte]
}

fn seven_bits(byte: u8) -> Vec<u8> {
    vec![byte & 0x7f]
}

fn even_parity(byte: u8) -> Vec<u8> {
    let odd = (byte & 0x7f).count_ones() % 2 == 1;
    vec![byte & 0x7f | u8::from(odd) << 7]
}

fn flow_control(byte: u8) -> Vec<u8> {
    if matches!(byte, 0x11 | 0x13) { Vec::new() } else { vec![byte] }
}

fn network_virtual_terminal(byte: u8) -> Vec<u8> {
    match byte {
        0 => Vec::new(),
        0xff => vec![0xff, 0xff],
        byte => vec![byte],
    }
}

fn over(path: Path, bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| path(*byte)).collect()
}

/// Two ends over two paths; what they have agreed on.
fn probed(there: Path, back: Path) -> (Option<Outcome>, Option<Outcome>) {
    let (mut a_out, mut b_out) = (Wire::default(), Wire::default());
    let mut a = Probe::start(NOW, &mut a_out);
    let mut b = Probe::start(NOW, &mut b_out);
    let (mut a_done, mut b_done) = (None, None);
    while !(a_out.0.is_empty() && b_out.0.is_empty()) {
        let heard = over(there, &std::mem::take(&mut a_out.0));
        let mut heard = heard.as_slice();
        if b_done.is_none() {
            b_done = b.input(&mut heard, &mut b_out);
        }
        let heard = over(back, &std::mem::take(&mut b_out.0));
        let mut heard = heard.as_slice();
        if a_done.is_none() {
            a_done = a.input(&mut heard, &mut a_out);
        }
    }
    (a_done, b_done)
}

#[test]
fn each_direction_gets_the_lightest_coding_that_it_bears() {
    let escaped = |values: &[u8]| Coding::Hdlc(values.iter().copied().collect());
    for (there, coding) in [
        (clean as Path, Coding::Plain),
        (flow_control, escaped(&[0x11, 0x13])),
        (network_virtual_terminal, escaped(&[0, 0xff])),
        (seven_bits, Coding::Lines),
        (even_parity, Coding::Lines),
    ] {
        let (a, b) = probed(there, clean);
        let (a, b) = (a.expect("it answers"), b.expect("it answers"));
        assert_eq!((a.sending, a.receiving), (coding, Coding::Plain));
        assert_eq!(b.sending, Coding::Plain);
        // The receiving end need not know what is escaped.
        let kind = std::mem::discriminant(&b.receiving);
        assert_eq!(kind, std::mem::discriminant(&coding));

        let frames: Vec<Vec<u8>> = vec![(0..=255).collect(), vec![0x7e, 0x7d, 0xff, 0], vec![1]];
        let sender = Sender::new(a.sending);
        let mut receiver = Receiver::new(b.receiving);
        for frame in frames {
            let mut wire = Vec::new();
            sender.send(&frame, &mut wire);
            let heard = over(there, &wire);
            assert_eq!(receiver.next(&mut heard.as_slice()), Some(frame));
        }
    }
}

#[test]
fn who_does_not_probe_is_found_out() {
    let mut out = Wire::default();
    let mut probe = Probe::start(NOW, &mut out);
    assert_eq!(probe.input(&mut &b"login: Password: \r\n"[..], &mut out), None);
    let mut said = 0;
    loop {
        let now = probe.deadline();
        said += 1;
        match probe.timeout(now, &mut out) {
            Ok(()) => {}
            Err(NoProbe) => break,
        }
    }
    assert_eq!(said, limits::PROBE_TRIES);
}

#[test]
fn what_got_lost_is_said_again() {
    let (mut a_out, mut b_out) = (Wire::default(), Wire::default());
    let mut a = Probe::start(NOW, &mut a_out);
    let mut b = Probe::start(NOW, &mut b_out);
    // Everything that was said so far is lost.
    (a_out, b_out) = (Wire::default(), Wire::default());
    a.timeout(a.deadline(), &mut a_out).expect("not yet");
    b.timeout(b.deadline(), &mut b_out).expect("not yet");
    let (mut a_done, mut b_done) = (None, None);
    while a_done.is_none() || b_done.is_none() {
        let heard = std::mem::take(&mut a_out.0);
        b_done = b_done.or_else(|| b.input(&mut heard.as_slice(), &mut b_out));
        let heard = std::mem::take(&mut b_out.0);
        a_done = a_done.or_else(|| a.input(&mut heard.as_slice(), &mut a_out));
    }
    assert_eq!(a_done.expect("done").sending, Coding::Plain);
}

#[test]
fn frames_behind_the_last_word_of_a_probe_are_left_for_the_receiver() {
    let mut out = Wire::default();
    let mut probe = Probe::start(NOW, &mut out);
    let digits = "0".repeat(64);
    let mut heard = Vec::new();
    // A report of the far end's, as this machine makes it.
    let mut far_out = Wire::default();
    let mut far = Probe::start(NOW, &mut far_out);
    far_out.0.clear();
    far.input(&mut out.0.clone().as_slice(), &mut far_out);
    heard.extend(&far_out.0);
    assert!(String::from_utf8_lossy(&heard).contains(&digits));
    heard.extend(b"\r\nTLP USE PLAIN\r\n\x01\x03frame");
    let mut rest = heard.as_slice();
    assert!(probe.input(&mut rest, &mut out).is_some());
    assert_eq!(rest, b"\x01\x03frame");
}

proptest! {
    #[test]
    fn frames_come_back_however_they_are_cut_and_behind_noise(
        frames in vec(vec(any::<u8>(), 1..300), 1..6),
        harmed in vec(0u8..0x20, 0..10),
        pieces in vec(1usize..50, 0..50),
        noise in vec(any::<u8>(), 0..30),
    ) {
        for coding in [Coding::Hdlc(harmed.into_iter().collect()), Coding::Lines] {
            let sender = Sender::new(coding);
            let mut wire = noise.clone();
            // Noise ends with what begins a frame.
            wire.extend(b"\x7e\r\n");
            for frame in &frames {
                sender.send(frame, &mut wire);
            }
            if let Coding::Hdlc(escaped) = coding {
                prop_assert!(!wire[noise.len() + 3..].iter().any(|byte| escaped.contains(*byte)));
            }
            let mut receiver = Receiver::new(coding);
            let mut found = Vec::new();
            let mut rest = wire.as_slice();
            let mut pieces = pieces.iter().copied().chain(std::iter::repeat(7));
            while !rest.is_empty() {
                let size = pieces.next().expect("endless").clamp(1, rest.len());
                let (mut piece, later) = rest.split_at(size);
                while let Some(frame) = receiver.next(&mut piece) {
                    found.push(frame);
                }
                rest = later;
            }
            prop_assert!(found.ends_with(&frames), "{coding:?}");
        }
    }

    #[test]
    fn a_damaged_frame_is_dropped(frame in vec(any::<u8>(), 1..300), at in any::<prop::sample::Index>(), flip in 1u8..0x80) {
        for coding in [Coding::Hdlc(Values::default()), Coding::Lines] {
            let mut wire = Vec::new();
            Sender::new(coding).send(&frame, &mut wire);
            *at.get_mut(&mut wire) ^= flip;
            let mut receiver = Receiver::new(coding);
            let mut rest = wire.as_slice();
            while let Some(found) = receiver.next(&mut rest) {
                prop_assert_eq!(&found, &frame);
            }
        }
    }

    #[test]
    fn whatever_is_heard_little_is_kept(noise in vec(any::<u8>(), 0..10_000)) {
        let mut out = Wire::default();
        let mut probe = Probe::start(NOW, &mut out);
        let _ = probe.input(&mut noise.as_slice(), &mut out);
        for coding in [Coding::Hdlc(Values::default()), Coding::Lines] {
            let mut receiver = Receiver::new(coding);
            let mut rest = noise.as_slice();
            while let Some(frame) = receiver.next(&mut rest) {
                prop_assert!(frame.len() <= limits::FRAME);
            }
        }
    }

    #[test]
    fn a_coding_never_sends_what_is_harmed(values in vec(any::<u8>(), 0..40), frame in vec(any::<u8>(), 1..300)) {
        let harmed: Values = values.into_iter().collect();
        let coding = Coding::for_harmed(&harmed);
        let mut wire = Vec::new();
        Sender::new(coding).send(&frame, &mut wire);
        if matches!(coding, Coding::Hdlc(_)) {
            prop_assert!(!wire.iter().any(|byte| harmed.contains(*byte)));
        }
    }
}
