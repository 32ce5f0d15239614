//! Units with bad manners.

use std::time::Duration;

use clock::Instant;
use modbus::frame::{Framing, rtu};
use modbus::pdu::{Exception, Pdu, Request};
use modbus::slave::{Memory, Model, Slave};
use modbus::{SerialTiming, UnitId};

use super::cable::Dice;
use crate::wire::Said;

/// Registers of each unit: the first half holds what nobody writes.
pub(super) const SIZE: u16 = 100;

/// What a unit has in a register that nobody writes: no two have the same.
pub(super) fn value(unit: u8, address: u16) -> u16 {
    u16::from(unit) << 8 | address
}

/// How a unit answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// As the standard wants.
    Good,
    /// Not at all.
    Dead,
    /// Every now and then in one of the ways that the issue lists.
    Bad,
    /// Whatever anybody is asked, under its own name.
    Meddling,
}

pub(super) struct Unit {
    pub(super) id: u8,
    pub(super) manners: Manners,
    pub(super) memory: Memory,
    slave: Slave,
    framing: Framing,
    character: Duration,
    said: Said,
    /// What it is about to say.
    pending: Vec<(Instant, Vec<u8>)>,
}

/// A memory that feels addressed by everybody's requests.
struct Meddler<'a>(&'a mut Memory);

impl Model for Meddler<'_> {
    fn is_ours(&self, _: UnitId) -> bool {
        true
    }

    fn read_bits(
        &mut self,
        unit: UnitId,
        table: modbus::address::Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Exception> {
        self.0.read_bits(unit, table, address, count)
    }

    fn read_words(
        &mut self,
        unit: UnitId,
        table: modbus::address::Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        self.0.read_words(unit, table, address, count)
    }

    fn write_bits(&mut self, _: UnitId, _: u16, _: &[bool]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }

    fn write_words(&mut self, _: UnitId, _: u16, _: &[u16]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

impl Unit {
    pub(super) fn new(id: u8, framing: Framing, timing: SerialTiming, manners: Manners) -> Self {
        let mut memory = Memory::new(UnitId(id), usize::from(SIZE));
        memory.holding_registers = (0..SIZE).map(|address| value(id, address)).collect();
        let slave = Slave::new(framing, timing.t3_5());
        let (said, pending, character) = (Said::default(), Vec::new(), timing.characters(1));
        Self { id, manners, memory, slave, framing, character, said, pending }
    }

    pub(super) fn hear(&mut self, now: Instant, byte: u8, dice: &mut Dice) {
        let heard = match self.manners {
            Manners::Dead => return,
            Manners::Meddling => {
                self.slave.input(now, &[byte], &mut Meddler(&mut self.memory), &mut self.said)
            }
            _ => self.slave.input(now, &[byte], &mut self.memory, &mut self.said),
        };
        heard.expect("nothing on a serial bus is refused for good");
        self.answer(now, dice);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.iter().map(|(at, _)| *at);
        pending.chain(self.slave.deadline()).min()
    }

    /// What it says now.
    pub(super) fn speak(&mut self, now: Instant, dice: &mut Dice) -> Vec<Vec<u8>> {
        if self.slave.deadline().is_some_and(|deadline| deadline <= now) {
            if self.manners == Manners::Meddling {
                self.slave.timeout(now, &mut Meddler(&mut self.memory), &mut self.said);
            } else {
                self.slave.timeout(now, &mut self.memory, &mut self.said);
            }
        }
        self.answer(now, dice);
        let (due, pending) = self.pending.drain(..).partition(|(at, _)| *at <= now);
        self.pending = pending;
        let due: Vec<(Instant, Vec<u8>)> = due;
        due.into_iter().map(|(_, frame)| frame).collect()
    }

    fn answer(&mut self, now: Instant, dice: &mut Dice) {
        for mut frame in std::mem::take(&mut self.said.frames) {
            let think = Duration::from_micros(dice.roll(20_000));
            // Late or not, units answer in the order in which they are asked.
            let now = self.pending.iter().map(|(at, _)| *at).max().unwrap_or(now).max(now);
            match self.manners {
                Manners::Dead => {}
                Manners::Good => self.pending.push((now + think, frame)),
                Manners::Meddling => {
                    frame[0] = self.id;
                    // Before the right answer, on top of it, or right behind it. What it says later, when it is
                    // asked itself, nobody could tell from its answer.
                    let at = now + self.character * dice.roll(10) as u32;
                    self.pending.push((at, signed(self.framing, &frame)));
                }
                Manners::Bad => self.misbehave(now + think, frame, dice),
            }
        }
    }

    fn misbehave(&mut self, at: Instant, mut frame: Vec<u8>, dice: &mut Dice) {
        let place = dice.roll(frame.len() as u64) as usize;
        match dice.roll(14) {
            0 => return,
            // Late: often beyond the second that the master waits.
            1 => {
                let late = Duration::from_millis(dice.roll(3000));
                return self.pending.push((at + late, frame));
            }
            // Doubled: the second copy follows before anybody may speak.
            2 => {
                let gap = self.character * dice.roll(3) as u32;
                let again = at + self.character * frame.len() as u32 + gap;
                self.pending.push((again, frame.clone()));
            }
            3 => frame.truncate(place),
            // A wrong CRC or LRC: one bit is another one.
            4 => frame[place] ^= 1 << dice.roll(7),
            // Cut in two by somebody else's bytes.
            5 => {
                let foreign = [dice.byte(), dice.byte(), dice.byte()];
                frame.splice(place..place, foreign);
            }
            // An answer to what nobody has asked, of the right unit, before the right one.
            6 => {
                let stray = Pdu::new(&[4, 2, 0xba, 0xad]).expect("a PDU");
                let mut both = Vec::new();
                let transaction = modbus::frame::tcp::Transaction(0);
                self.framing.encode(transaction, UnitId(self.id), &stray, &mut both);
                both.append(&mut frame);
                frame = both;
            }
            // Noise on both sides.
            7 => {
                frame.splice(0..0, [dice.byte(), dice.byte()]);
                frame.push(dice.byte());
            }
            // A pause in the middle, longer than t1.5 and t3.5.
            8 => {
                let rest = frame.split_off(place);
                let pause = self.character * (place as u32 + dice.roll(40) as u32);
                self.pending.push((at + pause, rest));
            }
            _ => {}
        }
        self.pending.push((at, frame));
    }
}

/// A frame under the name that it has now.
fn signed(framing: Framing, frame: &[u8]) -> Vec<u8> {
    let Framing::Rtu(_) = framing else { unreachable!("only RTU units meddle here") };
    let mut wire = Vec::new();
    let pdu = Pdu::new(&frame[1..frame.len() - 2]).expect("it was one");
    rtu::encode(UnitId(frame[0]), &pdu, &mut wire);
    wire
}

/// Whether this is the answer that a good unit gives, or a refusal.
pub(super) fn is_right(unit: &Unit, request: &Request, answer: &Pdu) -> bool {
    if let [function, code] = answer.bytes()
        && *function == request.function().code() | 0x80
    {
        // Reads beyond the end are refused, and a meddler takes no orders.
        if unit.manners == Manners::Meddling && matches!(request, Request::WriteRegister { .. }) {
            return *code == 1;
        }
        let beyond = matches!(request, Request::ReadHoldingRegisters(span)
            if span.address() + span.count() > SIZE);
        return beyond && *code == 2;
    }
    match request {
        Request::ReadHoldingRegisters(span) => {
            let mut expected = vec![3, 2 * span.count() as u8];
            let values = (0..span.count()).map(|n| value(unit.id, span.address() + n));
            expected.extend(values.flat_map(u16::to_be_bytes));
            answer.bytes() == expected
        }
        Request::WriteRegister { address, value } => {
            unit.memory.holding_registers[usize::from(*address)] == *value
                && *answer == request.encode()
        }
        _ => false,
    }
}
