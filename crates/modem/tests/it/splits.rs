//! However the equipment's bytes are cut into reads, the modem does the same at the same instants.

use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{CallEvent, Connected, Input, Modem, Stored, Value};
use proptest::prelude::*;

use crate::recorder::{Done, Recorder};
use crate::toml_loader::built_in;

/// Pieces of what equipment sends, more likely to mean something than random bytes.
const WORDS: &[&[u8]] = &[
    b"AT",
    b"at",
    b"A/",
    b"\r",
    b"\r\n",
    b"+++",
    b"+",
    b"E0",
    b"E1",
    b"V0",
    b"V1",
    b"Q1",
    b"Q0",
    b"D1",
    b"DT10.0.0.5;",
    b"DL",
    b"H",
    b"O",
    b"A",
    b"Z",
    b"S0=1",
    b"S2=43",
    b"S12=0",
    b"S12=2",
    b"S3=10",
    b"I3",
    b"&F",
    b"&V",
    b"+IFC=1,1;",
    b"+FCLASS?",
    b"&Z1=2",
    b"DS1",
    b"\x08",
    b"x",
    b" ",
    b"\x00\xff",
    b"&T1",
    b"X9",
    b"\xab\xab\xab",
    b"\\K0",
    b"&W",
    b"S7?",
];

#[derive(Clone, Debug)]
enum Happening {
    Bytes(Vec<u8>),
    Passes(Duration),
    Connected,
    Cleared,
    Data,
    Ringing,
    Gone,
}

fn happening() -> impl Strategy<Value = Happening> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 1..6)
        .prop_map(|words| Happening::Bytes(words.concat()));
    let spans = prop::sample::select(vec![1u64, 40, 124, 125, 999, 1000, 2500, 7000]);
    prop_oneof![
        8 => words,
        4 => spans.prop_map(|ms| Happening::Passes(Duration::from_millis(ms))),
        3 => Just(Happening::Connected),
        1 => Just(Happening::Cleared),
        1 => Just(Happening::Data),
        1 => Just(Happening::Ringing),
        1 => Just(Happening::Gone),
    ]
}

fn run(
    (name, keys): (&str, &[(&str, Value<'_>)]),
    story: &[Happening],
    mut cut: impl FnMut(usize) -> usize,
) -> Recorder {
    let mut persona = built_in(name);
    for (key, value) in keys {
        persona.set(key, *value).unwrap();
    }
    let mut modem = Modem::new(Arc::new(persona), Stored::new());
    let mut recorder = Recorder::default();
    let mut now = Instant::ORIGIN;
    for happening in story {
        let event = match happening {
            Happening::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (read, after) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
                    recorder.input(&mut modem, now, Input::Dte(read));
                    rest = after;
                }
                continue;
            }
            Happening::Passes(span) => {
                now = now + *span;
                recorder.until(&mut modem, now);
                continue;
            }
            Happening::Connected => CallEvent::Connected(Connected::default()),
            Happening::Cleared => CallEvent::Cleared(at::result::Cause::RemoteHangUp),
            Happening::Data => CallEvent::Data(b"far end +++ATH\r"),
            Happening::Ringing => CallEvent::Ringing(Default::default()),
            Happening::Gone => CallEvent::CallerGone,
        };
        recorder.input(&mut modem, now, Input::Call(event));
    }
    recorder.until(&mut modem, now + Duration::from_secs(600));
    recorder
}

/// What was done at one instant, without the order among the two directions of data: how a read is
/// cut decides only that.
#[derive(Debug, PartialEq)]
struct Moment {
    at: Instant,
    dte: Vec<u8>,
    line: Vec<u8>,
    acts: Vec<String>,
}

fn moments(recorder: &Recorder) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    for (at, done) in &recorder.done {
        if moments.last().is_none_or(|last| last.at != *at) {
            moments.push(Moment { at: *at, dte: Vec::new(), line: Vec::new(), acts: Vec::new() });
        }
        let last = moments.last_mut().unwrap();
        match done {
            Done::Dte(bytes) => last.dte.extend_from_slice(bytes),
            Done::Line(bytes) => last.line.extend_from_slice(bytes),
            Done::Act(action) => last.acts.push(action.clone()),
        }
    }
    moments
}

/// Personas, and settings that make every way of escaping count.
const PERSONAS: &[(&str, &[(&str, Value<'_>)])] = &[
    ("hayes", &[]),
    ("v250", &[]),
    ("rtu", &[]),
    ("perle", &[]),
    ("comip", &[]),
    ("hayes", &[("hold-back", Value::Boolean(true)), ("settings", Value::Text("S12=2"))]),
    ("hayes", &[("escape", Value::Text("ties"))]),
    ("hayes", &[("escape", Value::Text("ties")), ("hold-back", Value::Boolean(true))]),
    ("hayes", &[("data-parity", Value::Text("even")), ("data-echo", Value::Text("F1"))]),
];

proptest! {

    #[test]
    fn any_split_of_the_equipments_bytes_does_the_same_at_the_same_instants(
        persona in prop::sample::select(PERSONAS),
        story in prop::collection::vec(happening(), 1..24),
        cuts in prop::collection::vec(1usize..9, 1..16),
    ) {
        let whole = run(persona, &story, |length| length);
        let single = run(persona, &story, |_| 1);
        let mut turn = 0;
        let some = run(persona, &story, |_| {
            turn += 1;
            cuts[turn % cuts.len()]
        });
        prop_assert_eq!(moments(&whole), moments(&single));
        prop_assert_eq!(moments(&whole), moments(&some));
    }
}
