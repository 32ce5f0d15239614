//! A bus for tests: what the master sends, and how its questions ended.

use clock::Instant;
use modbus::UnitId;
use modbus::frame::{Framing, tcp};
use modbus::master::{Master, Outcome, Output, Question, Settings, Ticket};
use modbus::pdu::{Dialect, Pdu, Request};
use modbus::{SerialTiming, slave};

/// What a machine has said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) outcomes: Vec<(Ticket, Outcome)>,
}

impl Output for Said {
    fn send(&mut self, frame: &[u8]) {
        self.frames.push(frame.to_vec());
    }

    fn done(&mut self, ticket: Ticket, outcome: Outcome) {
        self.outcomes.push((ticket, outcome));
    }
}

impl slave::Output for Said {
    fn send(&mut self, frame: &[u8]) {
        self.frames.push(frame.to_vec());
    }
}

/// RTU at 9600.
pub(crate) fn rtu() -> Settings {
    Settings::rtu(SerialTiming::new(9600))
}

/// A read of holding registers.
pub(crate) fn read(address: u16, count: u16) -> Question {
    let request = Request::read_holding_registers(address, count).expect("within the limits");
    Question::Known(request, Dialect::Standard)
}

/// A frame of a PDU; the transaction is that of the n-th question.
pub(crate) fn frame(framing: Framing, n: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    let pdu = Pdu::new(pdu).expect("a PDU");
    framing.encode(tcp::Transaction(n), UnitId(unit), &pdu, &mut wire);
    wire
}

/// A master, its clock, and what it has said.
pub(crate) struct Bench {
    pub(crate) master: Master,
    pub(crate) framing: Framing,
    pub(crate) now: Instant,
    pub(crate) said: Said,
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Self {
        let master = Master::new(settings);
        let now = Instant::from_nanos(1_000_000_000);
        Self { master, framing: settings.framing, now, said: Said::default() }
    }

    pub(crate) fn order(&mut self, ticket: u64, unit: u8, question: Question) {
        self.master
            .order(self.now, Ticket(ticket), UnitId(unit), question, &mut self.said)
            .expect("room in the queue");
    }

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.master.input(self.now, bytes, &mut self.said).expect("Modbus");
    }

    /// Goes on to the next deadline.
    pub(crate) fn wait(&mut self) {
        self.now = self.master.deadline().expect("something to wait for").max(self.now);
        self.master.timeout(self.now, &mut self.said);
    }

    /// What was sent since the last look.
    pub(crate) fn sent(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.said.frames)
    }

    /// How questions ended since the last look.
    pub(crate) fn ended(&mut self) -> Vec<(u64, Outcome)> {
        self.said.outcomes.drain(..).map(|(ticket, outcome)| (ticket.0, outcome)).collect()
    }

    pub(crate) fn frame(&self, n: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
        frame(self.framing, n, unit, pdu)
    }
}

/// An answer of this PDU.
pub(crate) fn answer(pdu: &[u8]) -> Outcome {
    Outcome::Answer(Pdu::new(pdu).expect("a PDU"))
}
