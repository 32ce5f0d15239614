//! Data by the piece, with everything happening at any moment: what either end has given arrives once, whole and in order.

use std::collections::VecDeque;
use std::time::Duration;

use gsm::{Event, Input, Order, Room};
use proptest::prelude::*;

use crate::module::Desk;

/// What can happen.
#[derive(Clone, Debug)]
enum Op {
    FarSays(Vec<u8>),
    WeSay(Vec<u8>),
    /// So many bytes of what the module has said arrive.
    Arrive(usize),
    Room(Room),
    /// The module tells something that nobody asked for.
    News(usize),
    /// It has no room for the next piece.
    Full,
    Time,
}

const NEWS: [&str; 4] = ["RING", "+CREG: 1,\"178D\",\"1678\"", "+CMTI: \"SM\",1", "+CSQ: 9,0"];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop_oneof![
        Just(b"\r\nOK\r\n".to_vec()),
        Just(b"\r\nSEND OK\r\n> ".to_vec()),
        Just(b"\r\nCLOSED\r\n\r\n+QIURC: \"closed\",0\r\n".to_vec()),
        Just(b"\r\n+QIRD: 9\r\n\r\n+CIPRXGET: 2,9,0\r\n".to_vec()),
    ];
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..40),
        1 => prop::collection::vec(any::<u8>(), 900..2100),
        2 => odd,
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => bytes().prop_map(Op::FarSays),
        3 => bytes().prop_map(Op::WeSay),
        8 => (1_usize..200).prop_map(Op::Arrive),
        1 => prop_oneof![Just(Op::Room(Room::None)), Just(Op::Room(Room::Some))],
        1 => (0..NEWS.len()).prop_map(Op::News),
        1 => Just(Op::Full),
        1 => Just(Op::Time),
    ]
}

/// A module of one of the two makers, in a call.
struct Peer {
    desk: Desk,
    name: &'static str,
    /// What waits in the module for us, and what has reached the far end.
    waiting: VecDeque<u8>,
    far: Vec<u8>,
    command: Vec<u8>,
    /// So many bytes of a piece are still to come, behind these.
    piece: Option<(usize, Vec<u8>)>,
    is_full: bool,
    says: VecDeque<u8>,
}

impl Peer {
    fn online(name: &'static str) -> Self {
        let mut desk = Desk::online(name);
        desk.port.data.clear();
        desk.port.events.clear();
        let (waiting, says) = (VecDeque::new(), VecDeque::new());
        let (far, command) = (Vec::new(), Vec::new());
        Self { desk, name, waiting, far, command, piece: None, is_full: false, says }
    }

    fn is_simcom(&self) -> bool {
        self.name == "simcom"
    }

    fn says(&mut self, line: &str) {
        self.says.extend(format!("\r\n{line}\r\n").bytes());
    }

    fn input(&mut self, input: Input<'_>) -> usize {
        let taken = self.desk.module.input(self.desk.now, input, &mut self.desk.port);
        for byte in std::mem::take(&mut self.desk.port.sent) {
            self.hears(byte);
        }
        taken
    }

    fn hears(&mut self, byte: u8) {
        if let Some((left, piece)) = &mut self.piece {
            piece.push(byte);
            *left -= 1;
            if *left == 0 {
                let (_, piece) = self.piece.take().unwrap();
                // Only one of the two has a word for it.
                let is_full = std::mem::take(&mut self.is_full) && !self.is_simcom();
                if !is_full {
                    self.far.extend(piece);
                }
                self.says(if is_full { "SEND FAIL" } else { "SEND OK" });
            }
            return;
        }
        match byte {
            b'\r' => {
                let command = String::from_utf8(std::mem::take(&mut self.command)).unwrap();
                self.obeys(&command);
            }
            byte => self.command.push(byte),
        }
    }

    fn obeys(&mut self, command: &str) {
        let number = |text: &str| text.rsplit(['=', ',']).next().unwrap().parse::<usize>().unwrap();
        if command.starts_with("AT+QISEND=0,") || command.starts_with("AT+CIPSEND=") {
            self.piece = Some((number(command), Vec::new()));
            self.says.extend(b"\r\n> ");
        } else if command.starts_with("AT+QIRD=0,") || command.starts_with("AT+CIPRXGET=2,") {
            let count = number(command).min(self.waiting.len());
            let data: Vec<u8> = self.waiting.drain(..count).collect();
            let left = self.waiting.len();
            match self.is_simcom() {
                true => self.says(&format!("+CIPRXGET: 2,{count},{left}")),
                false => self.says(&format!("+QIRD: {count}")),
            }
            self.says.extend(data);
            self.says("OK");
        } else {
            panic!("{command} in the middle of a call");
        }
    }

    fn does(&mut self, op: &Op, given: &mut [Vec<u8>; 2]) {
        let [from_far, from_us] = given;
        match op {
            Op::FarSays(bytes) => {
                // It is told of once, until all of it has been fetched.
                if self.waiting.is_empty() {
                    self.says(match self.is_simcom() {
                        true => "+CIPRXGET: 1",
                        false => "+QIURC: \"recv\",0",
                    });
                }
                self.waiting.extend(bytes);
                from_far.extend(bytes);
            }
            Op::WeSay(bytes) => {
                if self.desk.module.wants_data() {
                    let taken = self.input(Input::Data(bytes));
                    from_us.extend(&bytes[..taken]);
                }
            }
            Op::Arrive(count) => {
                let count = (*count).min(self.says.len());
                let bytes: Vec<u8> = self.says.drain(..count).collect();
                self.input(Input::Bytes(&bytes));
            }
            Op::Room(room) => {
                self.input(Input::Room(*room));
            }
            Op::News(which) => self.says(NEWS[*which]),
            Op::Full => self.is_full = true,
            Op::Time => {
                // A module that has nothing more to say isn't silent before its time.
                let soon = self.desk.now + Duration::from_millis(400);
                if let Some(due) = self.desk.module.deadline().filter(|due| *due <= soon) {
                    self.desk.now = self.desk.now.max(due);
                    self.input(Input::Timeout);
                }
            }
        }
    }

    /// Until nothing more happens.
    fn settle(&mut self, given: &mut [Vec<u8>; 2]) {
        self.is_full = false;
        self.does(&Op::Room(Room::Some), given);
        for _ in 0..200 {
            self.does(&Op::Arrive(usize::MAX), given);
            self.does(&Op::Time, given);
        }
    }
}

proptest! {
    #[test]
    fn what_either_end_has_given_arrives_once_whole_and_in_order(
        ops in prop::collection::vec(op(), 0..120), simcom in any::<bool>(), closes in any::<bool>(),
    ) {
        let mut peer = Peer::online(if simcom { "simcom" } else { "quectel" });
        let mut given = [Vec::new(), Vec::new()];
        for op in &ops {
            peer.does(op, &mut given);
        }
        if closes {
            // What waits in the module is still ours; what was under way to the far end has nowhere to go.
            peer.says(if simcom { "CLOSED" } else { "+QIURC: \"closed\",0" });
        }
        peer.settle(&mut given);
        let [from_far, from_us] = given;
        prop_assert!(peer.desk.port.data == from_far, "{} of {}", peer.desk.port.data.len(), from_far.len());
        match closes {
            true => {
                prop_assert!(from_us.starts_with(&peer.far));
                prop_assert!(peer.desk.port.events.iter().any(|event| matches!(event, Event::Ended(_))));
            }
            false => prop_assert!(peer.far == from_us, "{} of {}", peer.far.len(), from_us.len()),
        }
        prop_assert!(peer.desk.module.is_online() && peer.desk.module.is_flushed());
        peer.desk.order(Order::HangUp);
        prop_assert!(!peer.desk.module.is_online());
    }
}
