//! A unit.

use std::time::Duration;

use clock::Instant;
use modbus::frame::{Echo, Framing, rtu, tcp};
use modbus::slave::{Memory, Slave};
use modbus::{SerialTiming, UnitId};

use crate::wire::{Said, frame};

const NOW: Instant = Instant::from_nanos(5_000_000);

struct Unit {
    slave: Slave,
    framing: Framing,
    memory: Memory,
    said: Said,
}

impl Unit {
    fn new(framing: Framing, silence: Duration) -> Self {
        let slave = Slave::new(framing, silence);
        Self { slave, framing, memory: Memory::new(UnitId(5), 10), said: Said::default() }
    }

    fn rtu() -> Self {
        Self::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO)
    }

    /// What is answered, as a PDU.
    fn ask(&mut self, unit: u8, pdu: &[u8]) -> Option<Vec<u8>> {
        let wire = frame(self.framing, 7, unit, pdu);
        self.slave.input(NOW, &wire, &mut self.memory, &mut self.said).expect("Modbus");
        let answer = self.said.frames.pop()?;
        let end = answer.len();
        Some(match self.framing {
            Framing::Tcp => {
                assert_eq!(answer[..2], [0, 7], "the transaction comes back");
                answer[7..].to_vec()
            }
            _ => answer[1..end - 2].to_vec(),
        })
    }
}

#[test]
fn tables_are_read_and_written() {
    for mut unit in [Unit::rtu(), Unit::new(Framing::Tcp, Duration::ZERO)] {
        for (asked, answered) in [
            (&[0x10, 0, 1, 0, 2, 4, 0, 7, 0, 8][..], &[0x10, 0, 1, 0, 2][..]),
            (&[3, 0, 0, 0, 3], &[3, 6, 0, 0, 0, 7, 0, 8]),
            (&[6, 0, 0, 0x12, 0x34], &[6, 0, 0, 0x12, 0x34]),
            (&[0x16, 0, 0, 0xff, 0, 0, 0x55], &[0x16, 0, 0, 0xff, 0, 0, 0x55]),
            (&[3, 0, 0, 0, 1], &[3, 2, 0x12, 0x55]),
            (&[0x17, 0, 0, 0, 2, 0, 1, 0, 1, 2, 0xaa, 0xbb], &[0x17, 4, 0x12, 0x55, 0xaa, 0xbb]),
            (&[0x0f, 0, 0, 0, 9, 2, 0xff, 1], &[0x0f, 0, 0, 0, 9]),
            (&[5, 0, 0, 0, 0], &[5, 0, 0, 0, 0]),
            (&[1, 0, 0, 0, 10], &[1, 2, 0xfe, 1]),
            (&[2, 0, 0, 0, 3], &[2, 1, 0]),
            (&[4, 0, 9, 0, 1], &[4, 2, 0, 0]),
            (&[8, 0, 0, 0x12, 0x34], &[8, 0, 0, 0x12, 0x34]),
            // Refusals.
            (&[4, 0, 9, 0, 2], &[0x84, 2]),
            (&[3, 0, 0, 0, 126], &[0x83, 3]),
            (&[5, 0, 0, 0, 1], &[0x85, 3]),
            (&[7], &[0x87, 1]),
        ] {
            assert_eq!(unit.ask(5, asked).as_deref(), Some(answered), "{asked:02x?}");
        }
    }
}

#[test]
fn a_refused_write_changes_nothing() {
    let mut unit = Unit::rtu();
    assert_eq!(unit.ask(5, &[0x10, 0, 9, 0, 2, 4, 0, 7, 0, 8]).as_deref(), Some(&[0x90, 2][..]));
    let both = [0x17, 0, 10, 0, 1, 0, 0, 0, 1, 2, 0, 9];
    assert_eq!(unit.ask(5, &both).as_deref(), Some(&[0x97, 2][..]));
    assert_eq!(unit.memory.holding_registers, [0; 10]);
}

#[test]
fn others_are_left_alone_and_broadcasts_carried_out_in_silence() {
    let mut unit = Unit::rtu();
    assert_eq!(unit.ask(6, &[6, 0, 0, 0, 1]), None);
    assert_eq!(unit.memory.holding_registers[0], 0);
    assert_eq!(unit.ask(0, &[6, 0, 0, 0, 1]), None);
    assert_eq!(unit.memory.holding_registers[0], 1);
}

#[test]
fn counters_tell_of_the_line_and_listening_only_ends_with_a_restart() {
    let mut unit = Unit::rtu();
    unit.ask(6, &[6, 0, 0, 0, 1]);
    unit.ask(5, &[3, 0, 99, 0, 1]);
    assert_eq!(unit.ask(5, &[8, 0, 0x0b, 0, 0]).as_deref(), Some(&[8, 0, 0x0b, 0, 3][..]));
    assert_eq!(unit.ask(5, &[8, 0, 0x0d, 0, 0]).as_deref(), Some(&[8, 0, 0x0d, 0, 1][..]));
    assert_eq!(unit.ask(5, &[8, 0, 4, 0, 0]), None);
    assert_eq!(unit.ask(5, &[3, 0, 0, 0, 1]), None);
    assert_eq!(unit.ask(5, &[8, 0, 1, 0, 0]), None);
    assert!(unit.ask(5, &[3, 0, 0, 0, 1]).is_some());
    assert!(unit.ask(5, &[8, 0, 0x0a, 0, 0]).is_some());
    assert_eq!(unit.slave.heard().exceptions, 0);
}

#[test]
fn the_bus_is_silent_before_an_answer() {
    let timing = SerialTiming::new(9600);
    let mut unit = Unit::new(Framing::Rtu(rtu::Silences::serial(&timing)), timing.t3_5());
    assert_eq!(unit.ask(5, &[3, 0, 0, 0, 1]), None);
    assert_eq!(unit.slave.deadline(), Some(NOW + timing.t3_5()));
    unit.slave.timeout(NOW, &mut unit.memory, &mut unit.said);
    assert!(unit.said.frames.is_empty());
    unit.slave.timeout(NOW + timing.t3_5(), &mut unit.memory, &mut unit.said);
    assert_eq!(unit.said.frames.len(), 1);
}

#[test]
fn what_is_no_modbus_tcp_ends_the_connection() {
    let mut unit = Unit::new(Framing::Tcp, Duration::ZERO);
    let refused = unit.slave.input(NOW, b"GET / HTTP/1.1\r\n", &mut unit.memory, &mut unit.said);
    assert_eq!(refused, Err(tcp::TcpError::Protocol(0x5420)));
}

#[test]
fn on_a_wire_that_echoes_a_unit_does_not_answer_itself() {
    let mut unit = Unit::rtu();
    unit.slave = Slave::new(unit.framing, Duration::ZERO).with_echo(Echo::Local);
    for _ in 0..3 {
        let wire = frame(unit.framing, 0, 5, &[6, 0, 0, 0, 1]);
        unit.slave.input(NOW, &wire, &mut unit.memory, &mut unit.said).expect("RTU");
        let answer = unit.said.frames.pop().expect("an answer");
        for byte in answer {
            unit.slave.input(NOW, &[byte], &mut unit.memory, &mut unit.said).expect("RTU");
        }
        assert!(unit.said.frames.is_empty(), "its own answer is no write");
    }
}
