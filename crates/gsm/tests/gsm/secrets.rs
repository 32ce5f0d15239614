//! What must not be seen isn't.

use gsm::{Event, Hidden, Order, Setup};

use crate::module::{Desk, setup};
use crate::tables::ALL;

#[test]
fn neither_pin_nor_password_is_in_a_trace_or_a_debug_text() {
    for ((name, _), echo) in ALL.into_iter().flat_map(|one| [(one, false), (one, true)]) {
        let setup = Setup {
            pin: Some(Hidden::new("90817263")),
            password: Some(Hidden::new("pa55w0rd")),
            user: "rtu".into(),
            ..setup()
        };
        let mut desk = Desk::new(name, setup);
        // A module may say what it was told, and a part of that may be lost on the cable.
        desk.echo = echo;
        desk.own.push(("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"));
        desk.order(Order::Start);
        while desk.asked < 9 {
            desk.step();
        }
        desk.own.clear();
        desk.until(|event| *event == Event::Ready);
        desk.say(b"\r\n+CPIN=\"90817263\"\r\n\xff7=\"pa55w0rd\"\r\n");
        let seen = format!("{:?} {:?} {:?}", desk.port.notes, desk.module, desk.port.events);
        assert!(!seen.contains("90817263"), "{name}: {seen}");
        assert!(!seen.contains("pa55w0rd"), "{name}: {seen}");
    }
}
