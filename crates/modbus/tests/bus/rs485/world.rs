//! A bus with a master, its units, and those who ask.

use std::time::Duration;

use clock::Instant;
use modbus::frame::{Echo, Framing};
use modbus::master::{Failure, Master, Outcome, Question, Settings, Ticket};
use modbus::pdu::{Dialect, Request};
use modbus::{SerialTiming, UnitId};

use super::cable::{Cable, Dice, NOISE};
use super::unit::{self, Manners, Unit};
use crate::wire::Said;

/// How the master's port hands out what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// Each character when it has come.
    Bare,
    /// What has come, every 16 ms, as USB adapters do.
    Usb,
}

/// What became of one unit's questions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) right: u32,
    pub(super) failed: u32,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) units: Vec<Unit>,
    pub(super) tallies: Vec<Tally>,
    /// Until when the wires are shorted, and everybody hears noise without end.
    pub(super) shorted_until: Instant,
    /// The least silence before anything that the master said.
    pub(super) least_silence: Duration,
    settings: Settings,
    master: Master,
    port: Port,
    buffer: Vec<u8>,
    said: Said,
    cable: Cable,
    dice: Dice,
    /// What each unit is being asked, by its place.
    asked: Vec<Option<Request>>,
}

impl World {
    pub(super) fn new(framing: Framing, speed: u32, manners: &[Manners], seed: u64) -> Self {
        let timing = SerialTiming::new(speed);
        let settings = match framing {
            Framing::Ascii => Settings::ascii(timing),
            _ => Settings::rtu(timing),
        };
        let units: Vec<Unit> = (1..)
            .zip(manners)
            .map(|(id, manners)| Unit::new(id, settings.framing, timing, *manners))
            .collect();
        let count = units.len();
        Self {
            now: Instant::from_nanos(1_000_000_000),
            units,
            tallies: vec![Tally::default(); count],
            shorted_until: Instant::ORIGIN,
            least_silence: Duration::MAX,
            settings,
            master: Master::new(settings),
            port: Port::Bare,
            buffer: Vec::new(),
            said: Said::default(),
            cable: Cable::new(speed),
            dice: Dice(seed),
            asked: vec![None; count],
        }
    }

    pub(super) fn with_port(self, port: Port) -> Self {
        Self { port, ..self }
    }

    pub(super) fn with_echo(self) -> Self {
        let settings = Settings { echo: Echo::Local, ..self.settings };
        Self { settings, master: Master::new(settings), ..self }
    }

    /// Every unit is asked something all the time, for so long.
    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            for place in 0..self.units.len() {
                self.ask(place);
            }
            self.step();
        }
    }

    /// Nothing new is asked; whatever is asked comes to its end.
    pub(super) fn come_to_rest(&mut self) {
        let begun = self.now;
        while self.asked.iter().any(Option::is_some) {
            self.step();
            let waited = self.now.since(begun);
            assert!(waited < Duration::from_secs(600), "a question never ended");
        }
    }

    fn ask(&mut self, place: usize) {
        if self.asked[place].is_some() {
            return;
        }
        let address = self.dice.roll(55) as u16;
        let request = match self.dice.roll(8) {
            0 => Request::WriteRegister {
                address: 60 + address % 40,
                value: self.dice.roll(0x1_0000) as u16,
            },
            1 => Request::read_holding_registers(99, 2).expect("within the limits"),
            // Most are of one shape, so that nothing but the rules tells their answers apart.
            2 => {
                let count = 1 + self.dice.roll(5) as u16;
                Request::read_holding_registers(address, count).expect("within the limits")
            }
            _ => Request::read_holding_registers(address, 1).expect("within the limits"),
        };
        let question = Question::Known(request.clone(), Dialect::Standard);
        self.asked[place] = Some(request);
        let unit = UnitId(self.units[place].id);
        let ticket = Ticket(place as u64);
        self.master
            .order(self.now, ticket, unit, question, &mut self.said)
            .expect("there is room for one of each unit");
        self.after_the_master();
    }

    /// Goes on to whatever happens next.
    fn step(&mut self) {
        self.make_noise();
        let units = self.units.iter().filter_map(Unit::deadline);
        let next = units.chain(self.cable.next()).chain(self.master.deadline());
        let flush = (!self.buffer.is_empty()).then(|| self.next_flush());
        let next = next.chain(flush).min().unwrap_or(self.now + Duration::from_millis(1));
        self.now = next.max(self.now);
        for character in self.cable.heard(self.now, &mut self.dice) {
            let own = character.speaker == 0;
            if !own && !self.cable.speaks(0, &character) || own && self.settings.echo == Echo::Local
            {
                self.buffer.push(character.byte);
            }
            for (place, unit) in self.units.iter_mut().enumerate() {
                let speaker = place + 1;
                if character.speaker != speaker && !self.cable.speaks(speaker, &character) {
                    unit.hear(self.now, character.byte, &mut self.dice);
                }
            }
            if self.port == Port::Bare {
                self.flush();
            }
        }
        if self.port == Port::Usb && self.now == self.next_flush() {
            self.flush();
        }
        for place in 0..self.units.len() {
            for frame in self.units[place].speak(self.now, &mut self.dice) {
                self.cable.say(place + 1, self.now, &frame);
            }
        }
        if self.master.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.master.timeout(self.now, &mut self.said);
        }
        self.after_the_master();
    }

    fn next_flush(&self) -> Instant {
        const LATENCY: u64 = 16_000_000;
        Instant::from_nanos(self.now.as_nanos().div_ceil(LATENCY) * LATENCY)
    }

    fn flush(&mut self) {
        let heard = std::mem::take(&mut self.buffer);
        if !heard.is_empty() {
            self.master.input(self.now, &heard, &mut self.said).expect("a serial bus goes on");
        }
        self.after_the_master();
    }

    fn make_noise(&mut self) {
        if self.now < self.shorted_until && !self.cable.is_speaking(NOISE, self.now) {
            let byte = self.dice.byte();
            self.cable.say(NOISE, self.now, &[byte]);
        }
    }

    fn after_the_master(&mut self) {
        for frame in std::mem::take(&mut self.said.frames) {
            let silence = self.now.since(self.cable.silent_from);
            self.least_silence = match self.cable.silent_from > self.now {
                true => Duration::ZERO,
                false => self.least_silence.min(silence),
            };
            self.cable.say(0, self.now, &frame);
        }
        for (ticket, outcome) in std::mem::take(&mut self.said.outcomes) {
            let place = ticket.0 as usize;
            let request = self.asked[place].take().expect("no question ends twice");
            match outcome {
                Outcome::Answer(pdu) => {
                    let unit = &self.units[place];
                    assert!(
                        unit::is_right(unit, &request, &pdu),
                        "unit {} was asked {request:?} and is said to answer {:02x?}",
                        unit.id,
                        pdu.bytes()
                    );
                    self.tallies[place].right += 1;
                }
                Outcome::Failed(Failure::Silent) => self.tallies[place].failed += 1,
                other => panic!("{request:?} ended as {other:?}"),
            }
        }
    }
}
