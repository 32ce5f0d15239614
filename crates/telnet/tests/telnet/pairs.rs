//! Two ends of our own, joined: they always agree in the end, and what they send meanwhile arrives.

use std::collections::VecDeque;
use std::time::Duration;

use clock::Instant;
use proptest::prelude::*;
use telnet::{Coding, Direction, Event, Kind, Mode, Options, Profile, Telnet, Wish};

use crate::splits::payloads;

struct End {
    telnet: Telnet,
    /// Bytes on their way to this end.
    inbox: VecDeque<u8>,
    unsent: VecDeque<u8>,
    received: Vec<u8>,
    /// Whether it may speak before it knows what the other end is.
    patient: bool,
}

impl End {
    fn new(options: Options, peer: Mode, now: Instant) -> Self {
        let telnets = |mode| matches!(mode, Mode::On | Mode::BinaryBlind);
        Self {
            patient: options.mode == Mode::Auto && telnets(peer),
            telnet: Telnet::new(options, now),
            inbox: VecDeque::new(),
            unsent: VecDeque::new(),
            received: Vec::new(),
        }
    }

    /// Encodes up to so many bytes of what is unsent, with the replies in their place.
    fn transmit(&mut self, now: Instant, bytes: usize) -> Vec<u8> {
        let mut wire = std::mem::take(self.telnet.replies());
        if self.patient && self.telnet.kind() == Kind::Undecided {
            return wire;
        }
        let data = self.unsent.make_contiguous();
        let data = &data[..data.len().min(bytes)];
        let data = &data[..self.telnet.sendable(data)];
        let mut scratch = Vec::new();
        wire.extend(self.telnet.encode(now, data, &mut scratch));
        let sent = data.len();
        self.unsent.drain(..sent);
        wire.append(self.telnet.replies());
        wire
    }

    fn receive(&mut self, now: Instant, bytes: usize) {
        let bytes = bytes.min(self.inbox.len());
        let mut wire: Vec<u8> = self.inbox.drain(..bytes).collect();
        let mut rest = wire.as_mut_slice();
        while !rest.is_empty() {
            let decoded = self.telnet.decode(now, rest);
            self.received.extend(&rest[..decoded.data]);
            if let Some(Event::Held(held)) = decoded.event {
                self.received.extend(held.as_slice());
            }
            rest = &mut rest[decoded.consumed..];
        }
    }
}

/// Two ends and the time, which passes when nothing else happens.
struct Pair {
    ends: [End; 2],
    now: Instant,
    steps: u32,
}

impl Pair {
    fn new(client: Options, server: Options) -> Self {
        let now = Instant::ORIGIN;
        let modes = (client.mode, server.mode);
        let ends = [End::new(client, modes.1, now), End::new(server, modes.0, now)];
        Self { ends, now, steps: 0 }
    }

    fn send(&mut self, end: usize, data: &[u8]) {
        self.ends[end].unsent.extend(data);
    }

    fn transmit(&mut self, end: usize, bytes: usize) -> bool {
        let wire = self.ends[end].transmit(self.now, bytes);
        let moved = !wire.is_empty();
        self.ends[1 - end].inbox.extend(wire);
        moved
    }

    fn receive(&mut self, end: usize, bytes: usize) -> bool {
        let moved = !self.ends[end].inbox.is_empty();
        self.ends[end].receive(self.now, bytes);
        moved
    }

    /// Lets everything arrive, and time pass until nobody waits for anything.
    fn settle(&mut self, piece: usize) {
        loop {
            self.steps += 1;
            assert!(self.steps < 100_000, "they go on for ever");
            let moved = [0, 1].map(|end| {
                let sent = self.transmit(end, piece);
                self.receive(1 - end, piece) || sent
            });
            if moved.contains(&true) {
                continue;
            }
            let due = self.ends.iter().filter_map(|end| end.telnet.deadline()).min();
            let Some(due) = due else { return };
            self.now = self.now.max(due);
            for end in &mut self.ends {
                end.telnet.timeout(self.now);
                if let Some(held) = end.telnet.release(self.now) {
                    end.received.extend(held.as_slice());
                }
            }
        }
    }

    fn assert_agreement(&self) {
        let [client, server] = self.ends.each_ref().map(|end| end.telnet.summary());
        assert_eq!(client.transmit, server.receive);
        assert_eq!(server.transmit, client.receive);
    }
}

fn options(mode: Mode, profile: Profile) -> [Options; 2] {
    [Options::client(mode), Options::server(mode)].map(|options| Options { profile, ..options })
}

/// The modes that can be joined: one that escapes and one that does not cannot.
const MODES: [(Mode, Mode, Coding); 11] = [
    (Mode::Off, Mode::Off, Coding::Raw),
    (Mode::Off, Mode::Auto, Coding::Raw),
    (Mode::Auto, Mode::Off, Coding::Raw),
    (Mode::Auto, Mode::Auto, Coding::Raw),
    (Mode::On, Mode::On, Coding::Binary),
    (Mode::On, Mode::Auto, Coding::Binary),
    (Mode::Auto, Mode::On, Coding::Binary),
    (Mode::BinaryBlind, Mode::BinaryBlind, Coding::Binary),
    (Mode::BinaryBlind, Mode::On, Coding::Binary),
    (Mode::On, Mode::BinaryBlind, Coding::Binary),
    (Mode::Auto, Mode::On, Coding::Binary),
];

fn pairs() -> impl Iterator<Item = (Pair, Coding)> {
    MODES.into_iter().flat_map(|(client, server, coding)| {
        [Profile::Machine, Profile::Human].map(|profile| {
            let [client, _] = options(client, profile);
            let [_, server] = options(server, profile);
            (Pair::new(client, server), coding)
        })
    })
}

#[test]
fn two_ends_end_up_binary_if_they_are_telnet_and_raw_if_not() {
    for (mut pair, coding) in pairs() {
        pair.settle(usize::MAX);
        pair.assert_agreement();
        let [client, server] = &pair.ends;
        assert_eq!(client.telnet.summary().transmit, coding);
        assert_eq!(server.telnet.summary().transmit, coding);
        assert!(client.received.is_empty() && server.received.is_empty());
    }
}

#[test]
fn every_payload_survives_between_settled_ends_in_pieces_of_every_size() {
    for piece in [1, 2, 3, 7, usize::MAX] {
        for (mut pair, _) in pairs() {
            pair.settle(usize::MAX);
            let raw = pair.ends[0].telnet.summary().transmit == Coding::Raw;
            // What begins with 0xFF 0xFB 0x00 is telnet to an `auto` that has seen nothing else.
            let payloads = payloads().into_iter().filter(|payload| !raw || payload.len() != 12);
            let all: Vec<u8> = payloads.flatten().collect();
            pair.send(0, &all);
            pair.send(1, &all);
            pair.settle(piece);
            assert_eq!(pair.ends[0].received, all);
            assert_eq!(pair.ends[1].received, all);
        }
    }
}

/// What happens between two ends before they are left to settle.
#[derive(Clone, Debug)]
enum Act {
    Send(usize, Vec<u8>),
    Transmit(usize, usize),
    Receive(usize, usize),
    Want(usize, bool, bool),
    AskBinary,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let byte = prop_oneof![
        2 => Just(0x0Du8), 2 => Just(0xFF), 1 => Just(0x00), 1 => Just(0x0A), 1 => any::<u8>(),
    ];
    let end = 0..2usize;
    prop_oneof![
        4 => (end.clone(), prop::collection::vec(byte, 1..20))
            .prop_map(|(end, data)| Act::Send(end, data)),
        4 => (end.clone(), 1..30usize).prop_map(|(end, bytes)| Act::Transmit(end, bytes)),
        4 => (end.clone(), 1..30usize).prop_map(|(end, bytes)| Act::Receive(end, bytes)),
        1 => (end, any::<bool>(), any::<bool>())
            .prop_map(|(end, transmit, on)| Act::Want(end, transmit, on)),
        1 => Just(Act::AskBinary),
        1 => (0..400u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #[test]
    fn data_survive_whatever_two_telnet_ends_change_their_minds_about(
        modes in prop::sample::select(vec![
            (Mode::On, Mode::On), (Mode::On, Mode::Auto), (Mode::Auto, Mode::On),
        ]),
        acts in prop::collection::vec(act(), 0..80),
    ) {
        let [client, _] = options(modes.0, Profile::Machine);
        let [_, server] = options(modes.1, Profile::Machine);
        let mut pair = Pair::new(client, server);
        let mut sent = [Vec::new(), Vec::new()];
        let mut wants = 0;
        let start = pair.now;
        for act in acts {
            match act {
                Act::Send(end, data) => {
                    sent[end].extend(&data);
                    pair.send(end, &data);
                }
                Act::Transmit(end, bytes) => drop(pair.transmit(end, bytes)),
                Act::Receive(end, bytes) => drop(pair.receive(end, bytes)),
                // Within the budget of 32 changes of state.
                Act::Want(end, transmit, on) if wants < 6 => {
                    wants += 1;
                    let direction = if transmit { Direction::Transmit } else { Direction::Receive };
                    let wish = if on { Wish::On } else { Wish::Off };
                    let now = pair.now;
                    pair.ends[end].telnet.want_binary(now, direction, wish);
                }
                Act::Want(..) => {}
                Act::AskBinary => {
                    let now = pair.now;
                    pair.ends[0].telnet.ask_binary(now);
                }
                // An answer that takes longer than its five seconds may come too late for data.
                Act::Wait(millis) => {
                    let later = pair.now + Duration::from_millis(millis);
                    if later.since(start) < Duration::from_secs(4) {
                        pair.now = later;
                        for end in &mut pair.ends {
                            end.telnet.timeout(later);
                        }
                    }
                }
            }
        }
        pair.settle(usize::MAX);
        pair.assert_agreement();
        prop_assert_eq!(&pair.ends[1].received, &sent[0]);
        prop_assert_eq!(&pair.ends[0].received, &sent[1]);
    }
}
