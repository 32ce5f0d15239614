//! Any sequence of events: the modem never panics, keeps its limits, and never waits for nothing.
#![no_main]

use std::time::Duration;

use at::result::Cause;
use clock::Instant;
use libfuzzer_sys::fuzz_target;
use modem::{Action, CallEvent, Caller, Connected, DteLines, Input, Modem, NotStored, Output, Persona, StateName, Stored};

/// What the driver knows of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    #[default]
    None,
    Dialling,
    Ringing,
    Answering,
    Up,
}

#[derive(Default)]
struct Driver {
    call: Call,
    /// Bytes said to the equipment during one input.
    said: usize,
    /// Something was stored that the modem has yet to be told of.
    stores: bool,
}

impl Output for Driver {
    fn dte(&mut self, bytes: &[u8]) {
        self.said += bytes.len();
    }

    fn line(&mut self, _: &[u8]) {
        assert_eq!(self.call, Call::Up, "data without a call");
    }

    fn act(&mut self, action: Action<'_>) {
        self.stores |= matches!(action, Action::Store(_));
        self.call = match action {
            Action::Dial { .. } => {
                assert_eq!(self.call, Call::None, "two calls at once");
                Call::Dialling
            }
            Action::Answer => {
                assert_eq!(self.call, Call::Ringing, "nobody to answer");
                Call::Answering
            }
            Action::CancelDial(_) | Action::Refuse(_) | Action::HangUp(_) => Call::None,
            _ => self.call,
        };
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut modem = Modem::new(Persona::default().into(), Stored::new());
    let mut driver = Driver::default();
    let mut now = Instant::ORIGIN;
    let mut rest = bytes;
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        let input = match event % 16 {
            0..=5 => Input::Dte(text),
            6 => {
                now = now + Duration::from_millis(10 * length as u64);
                Input::Timeout
            }
            7 => {
                now = modem.deadline().unwrap_or(now).max(now);
                Input::Timeout
            }
            8 => Input::Lines(DteLines { dtr: length % 2 == 0, rts: length % 3 == 0 }),
            9 => Input::Break,
            10 => Input::Rate(length as u32 * 300),
            11 if driver.call == Call::None && modem.can_ring().is_ok() => {
                driver.call = Call::Ringing;
                Input::Call(CallEvent::Ringing(Caller { address: "10.0.0.7", ..Caller::default() }))
            }
            12 if matches!(driver.call, Call::Dialling | Call::Answering) => {
                driver.call = Call::Up;
                Input::Call(CallEvent::Connected(Connected::default()))
            }
            13 if driver.call == Call::Up && modem.wants_line() => Input::Call(CallEvent::Data(text)),
            14 if driver.call != Call::None => {
                let event = match driver.call {
                    Call::Dialling => CallEvent::Failed(Cause::ALL[length % Cause::ALL.len()]),
                    Call::Ringing | Call::Answering => CallEvent::CallerGone,
                    Call::Up | Call::None => CallEvent::Cleared(Cause::RemoteHangUp),
                };
                driver.call = Call::None;
                Input::Call(event)
            }
            15 if driver.stores => {
                driver.stores = false;
                Input::Stored(if length % 2 == 0 { Ok(()) } else { Err(NotStored) })
            }
            _ => Input::Call(CallEvent::Break),
        };
        driver.said = 0;
        modem.input(now, input, &mut driver);
        // A whole manual per byte typed would be too much; a screen of help per command is not.
        assert!(driver.said <= 1 << 22, "{} bytes said at once", driver.said);
        match modem.state() {
            StateName::Dialling | StateName::Answering => {
                assert!(modem.deadline().is_some(), "waits for ever in {:?}", modem.state());
            }
            _ => {}
        }
    }
});
