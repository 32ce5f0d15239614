//! The escape, at every timing that could matter, against a plain statement of the rule.

use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{CallEvent, Connected, Input, Modem, Persona, Stored, Value};

use crate::recorder::{Done, Recorder};

const GUARD: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_nanos(1);

/// How reads are cut that arrive at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reads {
    Joined,
    BytePerByte,
}

/// What comes after the third character.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fourth {
    Nothing,
    Escape,
    Other,
}

/// The instant of the escape, by the rule of the book: silence, three within the guard time, silence.
fn rule(bytes: &[(Instant, u8)], online: Instant) -> Option<(usize, Instant)> {
    (0..bytes.len()).find_map(|first| {
        let before = if first == 0 { online } else { bytes[first - 1].0 };
        let three = bytes.get(first..first + 3)?;
        let quick = three.windows(2).all(|pair| pair[1].0.since(pair[0].0) < GUARD);
        let escape = three.iter().all(|(_, byte)| *byte == b'+')
            && three[0].0.since(before) >= GUARD
            && quick;
        let end = three[2].0 + GUARD;
        let silent = bytes.get(first + 3).is_none_or(|(at, _)| *at >= end);
        (escape && silent).then_some((first, end))
    })
}

fn online_modem(hold_back: bool) -> (Modem, Instant) {
    let mut persona = Persona::default();
    persona.set("hold-back", Value::Boolean(hold_back)).unwrap();
    persona.set("settings", Value::Text("E0")).unwrap();
    let mut modem = Modem::new(Arc::new(persona), Stored::new());
    let mut recorder = Recorder::default();
    let start = Instant::ORIGIN + GUARD;
    recorder.input(&mut modem, start, Input::Dte(b"ATD1\r"));
    recorder.input(&mut modem, start, Input::Call(CallEvent::Connected(Connected::default())));
    (modem, start)
}

fn check(bytes: &[(Instant, u8)], reads: Reads, hold_back: bool) {
    let (mut modem, online) = online_modem(hold_back);
    let mut recorder = Recorder::default();
    let mut rest = bytes;
    while let Some((at, _)) = rest.first() {
        let together = match reads {
            Reads::Joined => rest.iter().take_while(|(other, _)| other == at).count(),
            Reads::BytePerByte => 1,
        };
        let (read, after) = rest.split_at(together);
        rest = after;
        let read: Vec<u8> = read.iter().map(|(_, byte)| *byte).collect();
        recorder.until(&mut modem, *at);
        recorder.input(&mut modem, *at, Input::Dte(&read));
    }
    let end = bytes.last().unwrap().0 + GUARD + GUARD;
    recorder.until(&mut modem, end);

    let expected = rule(bytes, online);
    let escaped = recorder
        .done
        .iter()
        .find_map(|(at, done)| (*done == Done::Dte(b"\r\nOK\r\n".to_vec())).then_some(*at));
    let case = format!("{bytes:?} {reads:?} held back {hold_back}");
    assert_eq!(escaped, expected.map(|(_, at)| at), "{case}");
    let data = match expected {
        None => bytes,
        Some((first, _)) if hold_back => &bytes[..first],
        Some((first, _)) => &bytes[..first + 3],
    };
    let data: Vec<u8> = data.iter().map(|(_, byte)| *byte).collect();
    assert_eq!(recorder.line, data, "{case}");
}

#[test]
fn the_escape_is_recognised_at_exactly_the_timings_of_the_rule() {
    let around = [GUARD - TICK, GUARD, GUARD + TICK];
    let within = [Duration::ZERO, TICK, GUARD - TICK, GUARD, GUARD + TICK];
    for before in around {
        for first_gap in within {
            for second_gap in within {
                for after in [Duration::ZERO, GUARD - TICK, GUARD, GUARD + TICK] {
                    for fourth in [Fourth::Nothing, Fourth::Escape, Fourth::Other] {
                        let mut at = Instant::ORIGIN + GUARD + before;
                        let mut bytes = vec![(at, b'+')];
                        for gap in [first_gap, second_gap] {
                            at = at + gap;
                            bytes.push((at, b'+'));
                        }
                        match fourth {
                            Fourth::Nothing => {}
                            Fourth::Escape => bytes.push((at + after, b'+')),
                            Fourth::Other => bytes.push((at + after, b'x')),
                        }
                        for hold_back in [false, true] {
                            check(&bytes, Reads::Joined, hold_back);
                            check(&bytes, Reads::BytePerByte, hold_back);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn data_around_the_sequence_decides_like_the_rule() {
    let gaps = [Duration::ZERO, GUARD - TICK, GUARD];
    for text in [b"x+++y".as_slice(), b"++++", b"+++++++", b"+x++", b"xx+++", b"++x+++", b"+++x+++"]
    {
        // Every way of choosing each gap.
        for choice in 0..gaps.len().pow(text.len() as u32) {
            let mut at = Instant::ORIGIN + GUARD;
            let mut choice = choice;
            let bytes: Vec<_> = text
                .iter()
                .map(|byte| {
                    at = at + gaps[choice % gaps.len()];
                    choice /= gaps.len();
                    (at, *byte)
                })
                .collect();
            for hold_back in [false, true] {
                check(&bytes, Reads::Joined, hold_back);
                check(&bytes, Reads::BytePerByte, hold_back);
            }
        }
    }
}
