//! Any modem at all: whatever it says and whenever, its owner never panics, never waits for nothing, and
//! keeps little of it.
#![no_main]

use std::time::Duration;

use at::client::{Client, Event, Input, Level, Manners, Order, Output};
use at::limits::CALLER_MAX;
use clock::Instant;
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Port {
    online: bool,
    sent: usize,
}

impl Output for Port {
    fn send(&mut self, bytes: &[u8]) {
        assert!(!self.online, "a command in the middle of a call");
        self.sent += bytes.len();
    }

    fn dtr(&mut self, _: Level) {}

    fn event(&mut self, event: Event) {
        if let Event::Connected(connect) = event {
            assert!(connect.text.len() <= CALLER_MAX);
            self.online = true;
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut client = Client::new(Manners::default());
    let mut port = Port::default();
    let mut now = Instant::ORIGIN;
    let mut rest = bytes;
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        port.sent = 0;
        let order = |order| Input::Order(order);
        let input = match event % 8 {
            0..=2 => Input::Bytes(text),
            3 => {
                now = client.deadline().unwrap_or(now).max(now);
                Input::Timeout
            }
            4 => order(Order::Dial("5551234", Duration::from_secs(60))),
            5 => order(Order::Answer),
            6 => order(if length % 2 == 0 { Order::Reset } else { Order::Rescue }),
            _ => order(Order::Check),
        };
        if !matches!(input, Input::Bytes(_) | Input::Timeout) {
            port.online = false;
        }
        let taken = client.input(now, input, &mut port);
        assert!(taken <= text.len());
        assert!(port.sent <= 200, "{} bytes said at once", port.sent);
        assert!(client.caller().ring.len() <= CALLER_MAX && client.caller().name.len() <= CALLER_MAX);
    }
});
