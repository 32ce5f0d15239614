//! Any module at all, and any equipment behind it: nothing panics, nothing is kept without bounds, what is
//! accepted for the far end leaves as it came, and whoever waits has a deadline.
#![no_main]

use clock::Instant;
use gsm::{Dialect, Event, Input, Level, Messages, Module, Order, Output, Question, Room, Setup, Target};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Port {
    sent: usize,
    data: usize,
    waiting: bool,
    asks: bool,
}

impl Output for Port {
    fn send(&mut self, bytes: &[u8]) {
        self.sent += bytes.len();
    }

    fn data(&mut self, bytes: &[u8]) {
        self.data += bytes.len();
    }

    fn dtr(&mut self, _: Level) {}

    fn event(&mut self, event: Event) {
        if matches!(event, Event::NoCall(_) | Event::Connected) {
            self.waiting = false;
        }
        if matches!(event, Event::Told(..)) {
            self.asks = false;
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let names = ["wavecom", "edsoft", "simcom", "quectel"];
    let dialect = names.get(usize::from(first) % 5).and_then(|name| Dialect::named(name));
    let mut module = Module::new(Setup {
        dialect,
        listen: (first >= 64).then_some(4001),
        messages: if first >= 128 { Messages::Read } else { Messages::Ignored },
        pin: Some(gsm::Hidden::new("1234")),
        ..Setup::default()
    });
    let mut port = Port::default();
    let mut now = Instant::ORIGIN;
    let mut rest = rest;
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        (port.sent, port.data) = (0, 0);
        let order = Input::Order;
        let input = match event % 15 {
            _ if event >= 248 => Input::Data(text),
            _ if event >= 240 => order(Order::Powered),
            0..=3 => Input::Bytes(text),
            4 | 5 => {
                now = module.deadline().unwrap_or(now).max(now);
                Input::Timeout
            }
            6 => {
                port.waiting = true;
                order(Order::Dial(Target { host: String::from_utf8_lossy(text).into_owned(), port: 80 }))
            }
            7 => order(if length % 2 == 0 { Order::HangUp } else { Order::Finish }),
            8 => order(if length % 2 == 0 { Order::Start } else { Order::Look }),
            9 => Input::Room(if length % 2 == 0 { Room::Some } else { Room::None }),
            10 => order(Order::Stop),
            11 => Input::Drained,
            12 => order(Order::Answer),
            13 => {
                port.asks = true;
                order(Order::Ask(Question::ALL[length % Question::ALL.len()]))
            }
            _ => order(Order::Tried(u8::try_from(length).unwrap_or(0))),
        };
        let taken = module.input(now, input, &mut port);
        assert!(taken <= text.len());
        assert!(port.sent <= 2 * text.len() + 4096, "{} bytes said at once", port.sent);
        assert!(port.data <= text.len(), "{} bytes of data out of {}", port.data, text.len());
        if event < 240 && matches!(event % 15, 7 | 8 | 10) {
            port.waiting = false;
        }
        assert!(!port.waiting || module.deadline().is_some(), "somebody waits for nothing");
        assert!(!port.asks || module.deadline().is_some(), "equipment waits for nothing");
    }
});
