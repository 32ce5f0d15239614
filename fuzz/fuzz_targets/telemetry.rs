//! A station and a centre that the far end says anything to, behind a probe that was answered.
#![no_main]

use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use modbus::UnitId;
use modbus::pdu::Pdu;
use telemetry::{
    Cause, Centre, CentreAction, Hello, Message, Output, PointId, Quality, Reason, Sample, Stamp,
    Station, StationAction, Status, Stay, StoreId, Ticket, Value, limits,
};

/// Keeps what has to be done.
struct Wishes<A>(Vec<A>);

impl<A> Output<A> for Wishes<A> {
    fn send(&mut self, _: &[u8]) {}
    fn act(&mut self, action: A) {
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

/// The station's surroundings do all that it wants.
fn serve_station(now: Instant, station: &mut Station, wishes: &mut Wishes<StationAction>) {
    while !wishes.0.is_empty() {
        for wish in std::mem::take(&mut wishes.0) {
            match wish {
                StationAction::Ask { id, pdu, .. } | StationAction::Once { id, pdu, .. } => station.answer(now, id, pdu, wishes),
                StationAction::Configure { version, .. } => {
                    station.configured(now, version, Ok(()), wishes);
                }
                StationAction::Renew { version, text } => {
                    assert!(text.len() <= limits::CONFIGURATION);
                    station.configured(now, version, Err("no".repeat(300)), wishes);
                }
                StationAction::Tell => station.tell(Status::default(), wishes),
                StationAction::Acknowledged(through) => assert!(through <= 40),
                StationAction::Time { .. } | StationAction::HangUp(_) => {}
            }
        }
    }
    if let Some(after) = station.wants() {
        let sample = |seq| Sample {
            seq,
            point: PointId(seq as u32 % 3),
            at_ms: -5,
            stamp: Stamp::Unsure,
            reason: Reason::Low,
            quality: Quality::Good,
            value: Value::Text("x".repeat(250)),
        };
        let samples: Vec<Sample> = (after + 1..=40).map(sample).collect();
        station.upload(now, &samples, wishes);
    }
}

fn serve_centre(now: Instant, centre: &mut Centre, wishes: &mut Wishes<CentreAction>) {
    while !wishes.0.is_empty() {
        for wish in std::mem::take(&mut wishes.0) {
            match wish {
                CentreAction::Arrived(_) => centre.welcome(now, 0, wishes),
                CentreAction::Store(samples) => {
                    let through = samples.last().map_or(0, |last| last.sample.seq);
                    assert!(samples.windows(2).all(|two| two[0].sample.seq < two[1].sample.seq));
                    centre.stored(through, wishes);
                }
                _ => {}
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::decode(&Message::sealed(data)) {
        assert_eq!(Message::decode(&message.encode()).as_ref().map(|again| format!("{again:?}")), Ok(format!("{message:?}")));
    }
    let said = frames(data);
    let mut now = Instant::ORIGIN;
    let mut hello = Hello::new("x", StoreId([0; 16]), Cause::Demand);
    (hello.last, hello.configuration) = (40, 3);
    let mut wants = Wishes(Vec::new());
    let mut station = Station::start(now, hello, Stay::default(), &mut wants);
    let mut wishes = Wishes(Vec::new());
    let mut centre = Centre::start(now, 0, &mut wishes);
    let pdu = Pdu::new(&[3, 0, 0, 0, 1]).expect("a question");
    let _ = centre.ask(now, Ticket(1), UnitId(1), pdu, &mut wishes);
    centre.renew(now, 5, &"line\n".repeat(200), &mut wishes);
    for piece in said.chunks(97) {
        now = now + Duration::from_millis(700);
        station.input(now, piece, &mut wants);
        station.timeout(now, &mut wants);
        serve_station(now, &mut station, &mut wants);
        centre.input(now, piece, &mut wishes);
        centre.timeout(now, &mut wishes);
        serve_centre(now, &mut centre, &mut wishes);
    }
    // Whatever was said, both come to an end.
    for _ in 0..2000 {
        let Some(at) = [station.deadline(), centre.deadline()].into_iter().flatten().min() else { return };
        now = at.max(now);
        station.timeout(now, &mut wants);
        serve_station(now, &mut station, &mut wants);
        centre.timeout(now, &mut wishes);
        serve_centre(now, &mut centre, &mut wishes);
    }
    panic!("it never ends");
});
