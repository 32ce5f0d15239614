//! A station and a centre that the far end says anything to, behind a probe that was answered.
#![no_main]

use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use telemetry::{Cause, Centre, CentreAction, Hello, Message, Output, Station, Stay, StoreId};

struct Nowhere;

impl<Action> Output<Action> for Nowhere {
    fn send(&mut self, _: &[u8]) {}
    fn act(&mut self, _: Action) {}
}

/// Keeps what has to be answered.
#[derive(Default)]
struct Wishes(Vec<CentreAction>);

impl Output<CentreAction> for Wishes {
    fn send(&mut self, _: &[u8]) {}
    fn act(&mut self, action: CentreAction) {
        self.0.push(action);
    }
}

/// What the far end of a clean path says to a probe.
fn opened() -> Vec<u8> {
    b"\r\nTLP REPORT 0000000000000000000000000000000000000000000000000000000000000000 FEDA\r\n\r\nTLP USE PLAIN\r\n"
        .to_vec()
}

/// Data are frames, each behind its length; the check is made right, so that more than checks is tried.
fn frames(mut data: &[u8]) -> Vec<u8> {
    use armour::channel::{Coding, Sender, Values};
    let sender = Sender::new(Coding::Hdlc(Values::default()));
    let mut out = opened();
    while let Some((&length, rest)) = data.split_first() {
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        sender.send(&Message::sealed(body), &mut out);
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let _ = Message::decode(data);
    let said = frames(data);
    let mut now = Instant::ORIGIN;
    let hello = Hello::new("x", StoreId([0; 16]), Cause::Demand);
    let mut station = Station::start(now, hello, Stay::default(), &mut Nowhere);
    let mut wishes = Wishes::default();
    let mut centre = Centre::start(now, 0, &mut wishes);
    for piece in said.chunks(97) {
        now = now + Duration::from_millis(700);
        station.input(now, piece, &mut Nowhere);
        station.timeout(now, &mut Nowhere);
        centre.input(now, piece, &mut wishes);
        for wish in std::mem::take(&mut wishes.0) {
            match wish {
                CentreAction::Arrived(_) => centre.welcome(now, 0, &mut wishes),
                CentreAction::Store(samples) => {
                    let through = samples.last().map_or(0, |last| last.sample.seq);
                    assert!(samples.windows(2).all(|two| two[0].sample.seq < two[1].sample.seq));
                    centre.stored(through, &mut wishes);
                }
                _ => {}
            }
        }
        centre.timeout(now, &mut wishes);
    }
});
