//! Whatever happens in whatever order: no panic, no standstill, no growth, one result per call.

use std::sync::Arc;
use std::time::Duration;

use at::result::Cause;
use clock::Instant;
use modem::{
    Action, CallEvent, Caller, Connected, DteLines, Input, Modem, NotStored, Note, Number, Output,
    ShortMessage, StateName, Stored, limits,
};
use proptest::prelude::*;

use crate::toml_loader::built_in;

/// Commands, complete lines and noise.
const LINES: &[&[u8]] = &[
    b"AT\r",
    b"ATE0\r",
    b"ATE1V1\r",
    b"ATH\r",
    b"ATH1\r",
    b"ATZ\r",
    b"AT&F\r",
    b"ATO\r",
    b"ATA\r",
    b"ATD1\r",
    b"ATDT10.0.0.5:23;\r",
    b"ATDT9;\r",
    b"ATDL\r",
    b"A/",
    b"+++",
    b"+",
    b"x",
    b"\r",
    b"ATS0=1\r",
    b"ATS0=3\r",
    b"ATS12=0\r",
    b"ATS7=1\r",
    b"ATS30=1\r",
    b"ATS10=255\r",
    b"ATS25=0\r",
    b"AT&D0\r",
    b"AT&D1\r",
    b"AT&D3\r",
    b"AT&C2\r",
    b"AT\\K0\r",
    b"ATY1\r",
    b"AT&T1\r",
    b"AT&T0\r",
    b"AT+VCID=1\r",
    b"AT&V\r",
    b"ATI8\r",
    b"ATX0\r",
    b"AT&W\r",
    b"AT+IPR=300\r",
    b"AT@DETAIL=1\r",
    b"AT&Z0=5\r",
    b"\xff\x00\x7f",
    b"AT+MS=\"V34\",1\r",
    b"AT\"\r",
    b"AT+CMEE=1;+CREG=2;+WIND=32767;+CNMI=2,1\r",
    b"AT+CMGF=1;+CSDH=1\r",
    b"AT+CMGS=\"5551212\"\r",
    b"AT+CMGS=19\r0011000B917228001032F40000A905C8329BFD06\x1a",
    b"AT+CMGW=\"5551212\"\rtext\x1a",
    b"text\x1a",
    b"\x1a",
    b"\x1b",
    b"AT+CMGL=\"ALL\";+CMGL=4\r",
    b"AT+CMGD=1,4\r",
    b"AT+CMSS=1\r",
    b"AT+COPS=?\r",
    b"AT+COPS=2;+COPS=0\r",
    b"AT+CGATT=0;+CGATT=1\r",
    b"AT+CFUN=1,1\r",
    b"AT+CPOF\r",
    b"AT+WOPEN=0\r",
    b"AT+CPIN=1\r",
    b"data without meaning",
];

#[derive(Clone, Debug)]
enum Happening {
    Line(&'static [u8]),
    Noise(Vec<u8>),
    Passes(u64),
    Connected,
    Failed(usize),
    Cleared(usize),
    Data(usize),
    Ringing,
    Gone,
    FarBreak,
    Break,
    Lines(bool, bool),
    Rate(u32),
    Message,
    MessageSent(bool),
    Stored(bool),
    EarlyTimeout,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => prop::sample::select(LINES).prop_map(Happening::Line),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Happening::Noise),
        8 => prop::sample::select(vec![1u64, 50, 130, 1000, 1001, 3000, 70_000])
            .prop_map(Happening::Passes),
        6 => Just(Happening::Connected),
        2 => (0..Cause::ALL.len()).prop_map(Happening::Failed),
        2 => (0..Cause::ALL.len()).prop_map(Happening::Cleared),
        3 => (1usize..5000).prop_map(Happening::Data),
        4 => Just(Happening::Ringing),
        1 => Just(Happening::Gone),
        1 => Just(Happening::FarBreak),
        1 => Just(Happening::Break),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(dtr, rts)| Happening::Lines(dtr, rts)),
        1 => any::<u32>().prop_map(Happening::Rate),
        2 => Just(Happening::Message),
        2 => any::<bool>().prop_map(Happening::MessageSent),
        3 => any::<bool>().prop_map(Happening::Stored),
        1 => Just(Happening::EarlyTimeout),
    ]
}

/// The driver's side of one call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    None,
    Dialling,
    Ringing,
    Answering,
    Up,
}

/// A driver, and what it saw.
struct Driver {
    carrier: Carrier,
    said: Vec<u8>,
    to_line: usize,
    dcd: bool,
    /// Calls that were up and ended since this was last looked at.
    ended: usize,
    was_up: bool,
    lost: usize,
    stored: Option<String>,
}

impl Driver {
    fn new() -> Self {
        Self {
            carrier: Carrier::None,
            said: Vec::new(),
            to_line: 0,
            dcd: false,
            ended: 0,
            was_up: false,
            lost: 0,
            stored: None,
        }
    }
}

impl Output for Driver {
    fn dte(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
    }

    fn line(&mut self, bytes: &[u8]) {
        self.to_line += bytes.len();
    }

    fn act(&mut self, action: Action<'_>) {
        match action {
            Action::Dial { .. } => self.carrier = Carrier::Dialling,
            Action::Answer => self.carrier = Carrier::Answering,
            // A second caller is refused without harm to the first call.
            Action::Refuse(Cause::LineInUse) => {}
            Action::CancelDial(_) | Action::Refuse(_) | Action::HangUp(_) => {
                self.carrier = Carrier::None;
            }
            Action::Lines(lines) => self.dcd = lines.dcd,
            Action::Store(stored) => self.stored = Some(stored.to_text()),
            Action::Note(Note::Ended(_)) if self.was_up => {
                self.was_up = false;
                self.ended += 1;
            }
            Action::Note(Note::Lost(count)) => self.lost += count,
            _ => {}
        }
    }
}

/// What is true after whatever happened.
fn check_always(modem: &Modem, now: Instant) {
    if let Some(deadline) = modem.deadline() {
        assert!(deadline > now, "a deadline that has passed: {:?}", modem.state());
    }
    let waits_for_somebody =
        matches!(modem.state(), StateName::Dialling | StateName::Answering | StateName::Ringing);
    if waits_for_somebody {
        assert!(modem.deadline().is_some(), "{:?} without an end", modem.state());
    }
}

/// One answer is bounded by its limit and by what the far end's bytes had to wait.
const ONE_ANSWER: usize = 2 * limits::ANSWER + limits::HELD_AT_MOST;

proptest! {

    /// A driver that keeps no rule at all.
    #[test]
    fn nothing_that_happens_makes_the_modem_panic_or_stand_still(
        persona in prop::sample::select(modem::BUILT_IN),
        story in prop::collection::vec(happening(), 1..120),
    ) {
        let mut modem = Modem::new(Arc::new(built_in(persona.0)), Stored::new());
        let mut driver = Driver::new();
        let mut now = Instant::ORIGIN;
        let data = vec![b'd'; 5000];
        let number = || Number::parse("5551212").unwrap();
        let message = ShortMessage::of_text(number(), number(), "\r\nOK\r\n").unwrap();
        for happening in &story {
            let cause = |place: usize| Cause::ALL[place];
            let input = match happening {
                Happening::Line(bytes) => Input::Dte(bytes),
                Happening::Noise(bytes) => Input::Dte(bytes),
                Happening::Passes(ms) => {
                    now = now + Duration::from_millis(*ms);
                    Input::Timeout
                }
                Happening::Connected => Input::Call(CallEvent::Connected(Connected::default())),
                Happening::Failed(place) => Input::Call(CallEvent::Failed(cause(*place))),
                Happening::Cleared(place) => Input::Call(CallEvent::Cleared(cause(*place))),
                Happening::Data(length) => Input::Call(CallEvent::Data(&data[..*length])),
                Happening::Ringing => Input::Call(CallEvent::Ringing(Caller::default())),
                Happening::Gone => Input::Call(CallEvent::CallerGone),
                Happening::FarBreak => Input::Call(CallEvent::Break),
                Happening::Break => Input::Break,
                Happening::Lines(dtr, rts) => Input::Lines(DteLines { dtr: *dtr, rts: *rts }),
                Happening::Rate(rate) => Input::Rate(*rate),
                Happening::Message => Input::Message(&message),
                Happening::MessageSent(true) => Input::MessageSent(Ok(())),
                Happening::MessageSent(false) => Input::MessageSent(Err(38)),
                Happening::Stored(true) => Input::Stored(Ok(())),
                Happening::Stored(false) => Input::Stored(Err(NotStored)),
                Happening::EarlyTimeout => Input::Timeout,
            };
            driver.said.clear();
            modem.input(now, input, &mut driver);
            prop_assert!(driver.said.len() <= ONE_ANSWER);
            check_always(&modem, now);
        }
        // What was stored can be read back, whatever the commands were.
        if let Some(text) = &driver.stored {
            prop_assert_eq!(&Stored::from_text(text).unwrap(), modem.stored());
        }
        // Left alone, it comes to rest: without timers, in a state that only somebody else can end.
        let mut steps = 0;
        while let Some(deadline) = modem.deadline() {
            steps += 1;
            prop_assert!(steps < 1000, "it never rests");
            now = deadline;
            modem.input(now, Input::Timeout, &mut driver);
            check_always(&modem, now);
        }
    }

    /// A driver as the interface describes it: every call that was up ends with one result.
    #[test]
    fn every_call_that_was_established_ends_with_exactly_one_result(
        story in prop::collection::vec(happening(), 1..120),
    ) {
        let mut modem = Modem::new(Arc::new(built_in("hayes")), Stored::new());
        let mut driver = Driver::new();
        let mut now = Instant::ORIGIN;
        let data = vec![b'd'; 5000];
        for happening in &story {
            let before = driver.carrier;
            let input = match (happening, before) {
                (Happening::Line(bytes), _) => Input::Dte(bytes),
                (Happening::Passes(ms), _) => {
                    let end = now + Duration::from_millis(*ms);
                    while let Some(deadline) = modem.deadline().filter(|at| *at <= end) {
                        now = deadline;
                        step(&mut modem, &mut driver, now, Input::Timeout)?;
                    }
                    now = end;
                    continue;
                }
                (Happening::Connected, Carrier::Dialling | Carrier::Answering) => {
                    driver.carrier = Carrier::Up;
                    driver.was_up = true;
                    Input::Call(CallEvent::Connected(Connected::default()))
                }
                (Happening::Failed(place), Carrier::Dialling | Carrier::Answering) => {
                    driver.carrier = Carrier::None;
                    Input::Call(CallEvent::Failed(Cause::ALL[*place]))
                }
                (Happening::Cleared(place), Carrier::Up) => {
                    driver.carrier = Carrier::None;
                    Input::Call(CallEvent::Cleared(Cause::ALL[*place]))
                }
                (Happening::Data(length), Carrier::Up) if modem.wants_line() => {
                    Input::Call(CallEvent::Data(&data[..*length]))
                }
                (Happening::Ringing, Carrier::None) if modem.can_ring().is_ok() => {
                    driver.carrier = Carrier::Ringing;
                    Input::Call(CallEvent::Ringing(Caller::default()))
                }
                (Happening::Ringing, _) => {
                    prop_assert!(modem.can_ring().is_err(), "two calls on one line");
                    continue;
                }
                (Happening::Gone, Carrier::Ringing | Carrier::Answering) => {
                    driver.carrier = Carrier::None;
                    Input::Call(CallEvent::CallerGone)
                }
                (Happening::Break, _) => Input::Break,
                (Happening::FarBreak, Carrier::Up) => Input::Call(CallEvent::Break),
                (Happening::Lines(dtr, rts), _) => {
                    Input::Lines(DteLines { dtr: *dtr, rts: *rts })
                }
                _ => continue,
            };
            step(&mut modem, &mut driver, now, input)?;
            while driver.stored.take().is_some() {
                step(&mut modem, &mut driver, now, Input::Stored(Ok(())))?;
            }
        }
    }
}

/// One input, and what has to be true of it.
fn step(
    modem: &mut Modem,
    driver: &mut Driver,
    now: Instant,
    input: Input<'_>,
) -> Result<(), TestCaseError> {
    driver.said.clear();
    driver.ended = 0;
    let lost = driver.lost;
    modem.input(now, input, driver);
    check_always(modem, now);
    if matches!(input, Input::Call(CallEvent::Data(_))) {
        prop_assert_eq!(driver.lost, lost, "bytes were lost that the modem had wanted");
    }
    if driver.ended > 0 {
        prop_assert_eq!(driver.ended, 1);
        prop_assert_eq!(
            results(&driver.said).len(),
            1,
            "a call ended with {:?}",
            String::from_utf8_lossy(&driver.said)
        );
    }
    let up = matches!(modem.state(), StateName::Online | StateName::OnlineCommand);
    prop_assert_eq!(modem.party().is_some(), modem.state() != StateName::Command);
    if up {
        prop_assert!(driver.dcd, "no DCD during a call");
    }
    Ok(())
}

/// The result codes in what a modem said.
fn results(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let codes = ["OK", "NO CARRIER", "ERROR", "BUSY", "NO ANSWER", "NO DIALTONE"];
    text.split("\r\n").filter(|line| codes.contains(line)).map(str::to_owned).collect()
}
