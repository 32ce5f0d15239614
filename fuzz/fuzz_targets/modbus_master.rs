//! A master on any bus: whatever is heard and whenever, each question ends once, and none is forgotten.
#![no_main]

use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use modbus::frame::Framing;
use modbus::master::{Master, Outcome, Output, Question, Settings, Ticket};
use modbus::pdu::{Dialect, Request};
use modbus::{SerialTiming, UnitId};

#[derive(Default)]
struct Bus {
    ended: Vec<Ticket>,
    sent: usize,
}

impl Output for Bus {
    fn send(&mut self, frame: &[u8]) {
        self.sent += frame.len();
    }

    fn done(&mut self, ticket: Ticket, _: Outcome) {
        assert!(!self.ended.contains(&ticket));
        self.ended.push(ticket);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let settings = Settings::rtu(SerialTiming::new(9600));
    let settings = match choice % 3 {
        0 => settings,
        1 => Settings { framing: Framing::Ascii, ..settings },
        _ => Settings::tcp(),
    };
    let mut master = Master::new(settings);
    let mut bus = Bus::default();
    let mut now = Instant::ORIGIN;
    let mut asked = 0;
    for piece in bytes.chunks(16) {
        let (unit, address) = (UnitId(piece[0] % 4), u16::from(piece[0]));
        let request = Request::read_holding_registers(address, 1).expect("one");
        let question = Question::Known(request, Dialect::Standard);
        if master.order(now, Ticket(asked), unit, question, &mut bus).is_ok() {
            asked += 1;
        }
        now = now + Duration::from_millis(u64::from(piece[0]) * 8);
        master.timeout(now, &mut bus);
        if master.input(now, piece, &mut bus).is_err() {
            master.closed(now, &mut bus);
        }
    }
    for _ in 0..100_000 {
        let Some(deadline) = master.deadline() else { break };
        now = deadline.max(now);
        master.timeout(now, &mut bus);
    }
    assert_eq!(bus.ended.len() as u64, asked, "every question ends");
});
