//! A driver may drop a modem's words, and must be told what is none: all data of a call, also what was held.

use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::{CallEvent, Connected, DteLines, Input, Modem, Stored};

use crate::recorder::Recorder;
use crate::toml_loader::built_in;

const START: Instant = Instant::ORIGIN;

/// A modem in a call whose far end is held back for a second after CONNECT.
fn connected() -> (Modem, Recorder) {
    let mut modem = Modem::new(Arc::new(built_in("hayes")), Stored::default());
    let mut recorder = Recorder::default();
    let delay = Some(Duration::from_secs(1));
    recorder.input(&mut modem, START, Input::Lines(DteLines { dtr: true, rts: true }));
    recorder.input(&mut modem, START, Input::Dte(b"ATE0S12=0DT10.0.0.5\r"));
    let event = CallEvent::Connected(Connected { delay, ..Connected::default() });
    recorder.input(&mut modem, START, Input::Call(event));
    (modem, recorder)
}

#[test]
fn what_the_far_end_says_right_after_connect_is_data() {
    let (mut modem, mut recorder) = connected();
    recorder.input(&mut modem, START, Input::Call(CallEvent::Data(b"READY")));
    recorder.input(&mut modem, START, Input::Call(CallEvent::Data(&[b'x'; 65_536])));
    assert_eq!(recorder.data, b"");
    recorder.until(&mut modem, START + Duration::from_secs(2));
    assert_eq!(recorder.data.len(), 5 + 65_536);
    assert!(recorder.dte.ends_with(&recorder.data), "behind CONNECT");
    assert!(!recorder.data.starts_with(b"\r\nCONNECT"));
}

#[test]
fn what_the_far_end_says_during_commands_is_data_and_the_answers_are_not() {
    let (mut modem, mut recorder) = connected();
    let online = START + Duration::from_secs(2);
    recorder.until(&mut modem, online);
    recorder.input(&mut modem, online, Input::Dte(b"+++"));
    recorder.until(&mut modem, online + Duration::from_secs(1));
    recorder.input(&mut modem, online, Input::Call(CallEvent::Data(b"meanwhile")));
    recorder.input(&mut modem, online, Input::Dte(b"ATI\r"));
    assert_eq!(recorder.data, b"");
    recorder.input(&mut modem, online, Input::Dte(b"ATO\r"));
    recorder.until(&mut modem, online + Duration::from_secs(4));
    assert_eq!(recorder.data, b"meanwhile");
}

#[test]
fn what_is_sent_back_by_a_loop_is_data() {
    let (mut modem, mut recorder) = (connected().0, Recorder::default());
    recorder.input(&mut modem, START, Input::Call(CallEvent::CallerGone));
    recorder.input(&mut modem, START + Duration::from_secs(9), Input::Dte(b"AT&T1\r"));
    recorder.input(&mut modem, START + Duration::from_secs(10), Input::Dte(b"round and round"));
    assert_eq!(recorder.data, b"round and round");
}
