//! A module's dialogue, however its bytes are cut.

use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{Input, Modem, Number, ShortMessage, Stored, Value};
use proptest::prelude::*;

use crate::recorder::Recorder;
use crate::toml_loader::built_in;

/// Pieces of what equipment sends to a module.
const WORDS: &[&[u8]] = &[
    b"AT",
    b"\r",
    b"\r\n",
    b"\n",
    b"AT\r",
    b"ATE0\r",
    b"+CMGF=0",
    b"+CMGF=1",
    b"AT+CMGS=\"5551212\"\r",
    b"AT+CMGW=\"5551212\"\r\n",
    b"AT+CMGS=19\r",
    b"0011000B917228001032F40000A905C8329BFD06",
    b"text",
    b"\x08",
    b"\x1a",
    b"\x1b",
    b"\xff\x00",
    b"AT+CMGL=\"ALL\"\r",
    b"AT+CMGR=1\r",
    b"AT+CMGD=1,4\r",
    b"AT+CMSS=1\r",
    b"AT+CPIN=1234\r",
    b"AT+CPIN=0000\r",
    b"AT+COPS=?;+CSQ\r",
    b"AT+CGATT=0\r",
    b"AT+CFUN=1,1\r",
    b"AT+CFUN=4\r",
    b"AT+CFUN=1,0\r",
    b"AT+CMER=3,0,0,1;+CGEREP=1\r",
    b"AT+WMBS=4,1\r",
    b"AT+CTZR=1;+CUSD=1,\"*1#\"\r",
    b"AT+CPBW=1,\"5551212\"\r",
    b"ATD>1\r",
    b"ATZ\r",
];

#[derive(Clone, Debug)]
enum Happening {
    Bytes(Vec<u8>),
    Passes(Duration),
    Message,
    Sent(Result<(), u16>),
}

fn happening() -> impl Strategy<Value = Happening> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 1..6)
        .prop_map(|words| Happening::Bytes(words.concat()));
    let spans = prop::sample::select(vec![1u64, 500, 3000, 31_000]);
    prop_oneof![
        8 => words,
        4 => spans.prop_map(|ms| Happening::Passes(Duration::from_millis(ms))),
        1 => Just(Happening::Message),
        2 => prop_oneof![Just(Ok(())), Just(Err(38))].prop_map(Happening::Sent),
    ]
}

fn run(story: &[Happening], most: usize) -> Recorder {
    let mut persona = built_in("wavecom-q26");
    for (key, value) in [("gsm.pin", Value::Text("1234")), ("settings", Value::Text("+CMGF=1"))] {
        persona.set(key, value).unwrap();
    }
    let mut modem = Modem::new(Arc::new(persona), Stored::new());
    let mut recorder = Recorder::default();
    let number = || Number::parse("5551212").unwrap();
    let message = ShortMessage::of_text(number(), number(), "hello").unwrap();
    let mut now = Instant::ORIGIN;
    for happening in story {
        match happening {
            Happening::Bytes(bytes) => {
                for read in bytes.chunks(most) {
                    recorder.input(&mut modem, now, Input::Dte(read));
                }
            }
            Happening::Passes(span) => {
                now = now + *span;
                recorder.until(&mut modem, now);
            }
            Happening::Message => recorder.input(&mut modem, now, Input::Message(&message)),
            Happening::Sent(outcome) => {
                recorder.input(&mut modem, now, Input::MessageSent(*outcome));
            }
        }
    }
    recorder.until(&mut modem, now + Duration::from_secs(600));
    recorder
}

proptest! {
    #[test]
    fn every_byte_may_come_alone(story in prop::collection::vec(happening(), 1..20)) {
        let (whole, alone) = (run(&story, usize::MAX), run(&story, 1));
        prop_assert_eq!(
            String::from_utf8_lossy(&whole.dte),
            String::from_utf8_lossy(&alone.dte)
        );
        prop_assert_eq!(whole.done.last().map(|(at, _)| *at), alone.done.last().map(|(at, _)| *at));
    }
}
