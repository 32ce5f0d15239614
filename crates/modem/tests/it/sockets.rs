//! A socket that is entered and left at any moment: what either end has given arrives once, whole and in order.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use modem::wip::stuffing::{Piece, Unstuffer, stuff};
use modem::wip::{Action as Net, Addresses, Channel, Event};
use modem::{Action, Input, Modem, Output, StateName, Stored};
use proptest::prelude::*;

use crate::toml_loader::built_in;

const SOCKET: Channel = Channel::tcp(1);

/// Silence that is none to an escape.
const SHORT: u64 = 900;
/// Silence that is one.
const LONG: u64 = 1100;

#[derive(Clone, Debug)]
enum Op {
    FarSays(Vec<u8>),
    WeSay(Vec<u8>),
    Enter(Mode),
    /// The escape, between two silences.
    Leave,
    /// The same without the silence before it: data.
    Pluses,
    Passes(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Stuffed,
    Transparent,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(vec![b'+', b'+', 0x03, 0x10, b'\r', b'a']);
    prop_oneof![
        3 => prop::collection::vec(odd, 1..8),
        2 => prop::collection::vec(any::<u8>(), 1..60),
        1 => prop::collection::vec(any::<u8>(), 1400..1600),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let mode = prop_oneof![Just(Mode::Stuffed), Just(Mode::Transparent)];
    prop_oneof![
        4 => bytes().prop_map(Op::FarSays),
        6 => bytes().prop_map(Op::WeSay),
        3 => mode.prop_map(Op::Enter),
        2 => Just(Op::Leave),
        1 => Just(Op::Pluses),
        3 => (1..SHORT).prop_map(Op::Passes),
    ]
}

#[derive(Default)]
struct Wire {
    /// What was said to the equipment besides data.
    said: Vec<u8>,
    data: Vec<u8>,
    sent: Vec<u8>,
}

impl Output for Wire {
    fn dte(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
    }

    fn data(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
    }

    fn line(&mut self, _: &[u8]) {}

    fn act(&mut self, action: Action<'_>) {
        if let Action::Net(Net::Send { bytes, .. }) = action {
            self.sent.extend_from_slice(bytes);
        }
    }
}

struct Stage {
    modem: Modem,
    wire: Wire,
    now: Instant,
    /// How long the equipment has said nothing.
    silent: u64,
    mode: Mode,
    /// What the far end has said so far that has reached the equipment, without what stands for it in its mode.
    heard: Vec<u8>,
    /// The most bytes that come from the equipment at once.
    most: usize,
    given: [Vec<u8>; 2],
}

impl Stage {
    fn new(gathering: u8, most: usize) -> Self {
        let persona = Arc::new(built_in("wavecom-q26"));
        let mut stage = Self {
            modem: Modem::new(persona, Stored::new()),
            wire: Wire::default(),
            now: Instant::ORIGIN,
            silent: 0,
            mode: Mode::Stuffed,
            heard: Vec::new(),
            most,
            given: Default::default(),
        };
        stage.passes(60_000);
        stage.types("ATE0");
        stage.types("AT+WIPCFG=1");
        stage.types(&format!("AT+WIPCFG=2,12,{gathering}"));
        stage.types("AT+WIPBR=1,6");
        stage.types("AT+WIPBR=4,6,0");
        let local = Ipv4Addr::new(192, 0, 2, 77);
        let name_servers = [Ipv4Addr::UNSPECIFIED; 2];
        stage.event(Event::Started(Addresses { local, gateway: local, name_servers }));
        stage.types("AT+WIPCREATE=2,1,\"192.0.2.1\",80");
        stage.event(Event::Opened { channel: SOCKET, local: 1, peer: None });
        assert!(stage.wire.said.ends_with(b"+WIPREADY: 2,1\r\n"));
        stage
    }

    fn event(&mut self, event: Event<'_>) {
        self.modem.input(self.now, Input::Net(event), &mut self.wire);
    }

    fn passes(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.modem.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.modem.input(self.now, Input::Timeout, &mut self.wire);
        }
        self.now = end;
        self.silent += ms;
    }

    fn writes(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(self.most) {
            self.modem.input(self.now, Input::Dte(piece), &mut self.wire);
        }
        self.silent = 0;
    }

    fn types(&mut self, command: &str) {
        self.writes(format!("{command}\r").as_bytes());
        // Its line feed is waited for.
        self.passes(50);
    }

    fn has_socket(&self) -> bool {
        self.modem.state() == StateName::Socket
    }

    fn does(&mut self, op: &Op) {
        match op {
            Op::FarSays(bytes) => {
                if self.modem.wants_net(SOCKET) {
                    self.event(Event::Data { channel: SOCKET, bytes });
                    self.given[0].extend(bytes);
                }
            }
            Op::WeSay(bytes) if self.has_socket() => {
                let mut written = Vec::new();
                match self.mode {
                    Mode::Stuffed => stuff(bytes, &mut written),
                    Mode::Transparent => written.clone_from(bytes),
                }
                self.writes(&written);
                self.given[1].extend(bytes);
            }
            Op::Enter(mode) if !self.has_socket() => {
                self.take_heard();
                self.mode = *mode;
                self.types(&format!("AT+WIPDATA=2,1,{}", *mode as u8 + 1));
                assert!(self.has_socket());
            }
            Op::Leave if self.has_socket() => {
                self.passes(LONG);
                self.writes(b"+++");
                self.passes(LONG);
                assert!(!self.has_socket(), "an escape between silences leads out");
                self.take_heard();
            }
            Op::Pluses if self.has_socket() => {
                self.writes(b".+++");
                self.given[1].extend(b".+++");
                self.passes(LONG);
                assert!(self.has_socket(), "no silence stood before them");
                // What follows on that silence must be none either.
                self.writes(b".");
                self.given[1].push(b'.');
            }
            Op::Passes(ms) => self.passes((*ms).min(SHORT.saturating_sub(self.silent))),
            Op::WeSay(_) | Op::Enter(_) | Op::Leave | Op::Pluses => {}
        }
    }

    /// Takes apart what has come in this mode.
    fn take_heard(&mut self) {
        let data = std::mem::take(&mut self.wire.data);
        match self.mode {
            Mode::Transparent => self.heard.extend(data),
            Mode::Stuffed => {
                let (mut unstuffer, mut rest) = (Unstuffer::default(), &data[..]);
                while let Some(piece) = unstuffer.next(&mut rest) {
                    match piece {
                        Piece::Data(bytes) => self.heard.extend_from_slice(bytes),
                        Piece::End => panic!("an end that nobody has said"),
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn what_either_end_of_a_socket_has_given_arrives_once_whole_and_in_order(
        ops in prop::collection::vec(op(), 0..60), gathering in prop_oneof![Just(0_u8), Just(3), Just(250)],
        most in prop_oneof![Just(1_usize), Just(7), Just(usize::MAX)],
    ) {
        let mut stage = Stage::new(gathering, most);
        for op in &ops {
            stage.does(op);
        }
        // What waits for either of them.
        for op in [Op::Leave, Op::Enter(Mode::Stuffed), Op::Leave] {
            stage.does(&op);
        }
        prop_assert_eq!(&stage.heard, &stage.given[0]);
        prop_assert_eq!(&stage.wire.sent, &stage.given[1]);
    }
}
