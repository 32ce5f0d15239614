use std::time::Duration;

use clock::Instant;
use proptest::prelude::*;

use super::*;

/// A port without a modem: the test is the modem.
#[derive(Default)]
struct Port {
    sent: Vec<u8>,
    events: Vec<Event>,
    dtr: Vec<Level>,
}

impl Output for Port {
    fn send(&mut self, bytes: &[u8]) {
        self.sent.extend(bytes);
    }

    fn dtr(&mut self, level: Level) {
        self.dtr.push(level);
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
}

struct Desk {
    client: Client,
    port: Port,
    now: Instant,
}

impl Desk {
    fn new(manners: Manners) -> Self {
        Self { client: Client::new(manners), port: Port::default(), now: Instant::ORIGIN }
    }

    /// A modem that has been initialised.
    fn ready() -> Self {
        let mut desk = Self::new(Manners { init: vec!["ATZ".into()], ..Manners::default() });
        desk.order(Order::Reset);
        desk.expect("ATZ\r");
        desk.say("\r\nOK\r\n");
        assert_eq!(desk.events(), [Event::Ready]);
        desk
    }

    fn order(&mut self, order: Order<'_>) {
        self.client.input(self.now, Input::Order(order), &mut self.port);
    }

    fn say(&mut self, text: impl AsRef<[u8]>) -> usize {
        self.client.input(self.now, Input::Bytes(text.as_ref()), &mut self.port)
    }

    /// Lets the time come that the machine waits for.
    fn tick(&mut self) {
        self.now = self.client.deadline().expect("it waits for nothing").max(self.now);
        self.client.input(self.now, Input::Timeout, &mut self.port);
    }

    /// Lets time pass until this has been said.
    fn expect(&mut self, text: &str) {
        while !self.port.sent.ends_with(text.as_bytes()) {
            assert!(self.client.deadline().is_some(), "{:?}", self.port.sent.escape_ascii());
            self.tick();
        }
        self.port.sent.clear();
    }

    /// Lets time pass until something happens.
    fn until_event(&mut self) -> Vec<Event> {
        while self.port.events.is_empty() {
            self.tick();
        }
        self.events()
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.port.events)
    }

    fn passes(&mut self, span: Duration) {
        self.now = self.now + span;
    }
}

fn connect(text: &str, rate: Option<u32>) -> Event {
    Event::Connected(Connect { text: text.into(), rate })
}

#[test]
fn a_reset_toggles_dtr_and_sends_each_string_once_the_one_before_is_answered() {
    let mut desk = Desk::new(Manners::default());
    desk.order(Order::Reset);
    desk.expect("ATQ0V1E0H0\r");
    assert_eq!(desk.port.dtr, [Level::Off, Level::On]);
    assert!(desk.now.since(Instant::ORIGIN) >= Duration::from_millis(800));
    desk.say("ATQ0V1E0H0\r\r\nOK\r\n");
    desk.expect("ATX4S0=0&C1&D2\r");
    assert_eq!(desk.events(), []);
    desk.say("\r\nOK\r\n");
    assert_eq!(desk.events(), [Event::Ready]);
    assert_eq!(desk.client.deadline(), None);
}

#[test]
fn a_silent_modem_is_escaped_from_whatever_it_is_in_and_then_given_up() {
    let mut desk = Desk::new(Manners { init: vec!["ATZ".into()], ..Manners::default() });
    desk.order(Order::Reset);
    desk.expect("ATZ\r");
    desk.expect("\x10\x03");
    let before = desk.now;
    desk.expect("+++");
    assert!(desk.now.since(before) >= desk.client.manners().guard);
    let before = desk.now;
    desk.expect("\r");
    assert!(desk.now.since(before) >= desk.client.manners().guard);
    // The answer to +++ is none to ATH0.
    desk.say("\r\nOK\r\n");
    desk.expect("ATH0\r");
    assert_eq!(desk.until_event(), [Event::Failed(Failure::Silent("ATH0".into()))]);
    assert_eq!(desk.client.deadline(), None, "it is left alone until it is reset");
}

#[test]
fn a_modem_that_wakes_up_to_the_harder_way_is_ready() {
    let mut desk = Desk::new(Manners { init: vec!["ATZ".into()], ..Manners::default() });
    desk.order(Order::Reset);
    desk.expect("+++");
    desk.expect("ATH0\r");
    desk.say("\r\nNO CARRIER\r\n\r\nOK\r\n");
    desk.expect("ATZ\r");
    desk.say("\r\nOK\r\n");
    assert_eq!(desk.events(), [Event::Ready]);
}

#[test]
fn a_refused_string_is_named() {
    let mut desk = Desk::new(Manners { init: vec!["AT+WRONG".into()], ..Manners::default() });
    desk.order(Order::Rescue);
    desk.expect("ATH0\r");
    desk.say("0\r");
    desk.expect("AT+WRONG\r");
    desk.say("4\r");
    let failure = Failure::Refused("AT+WRONG".into());
    assert!(failure.to_string().contains("AT+WRONG"));
    assert_eq!(desk.events(), [Event::Failed(failure)]);
}

#[test]
fn a_check_that_fails_becomes_a_reset() {
    let mut desk = Desk::ready();
    desk.order(Order::Check);
    desk.expect("AT\r");
    desk.say("OK\r\n");
    assert_eq!(desk.events(), [Event::Ready]);
    desk.order(Order::Check);
    desk.expect("AT\r");
    desk.expect("ATZ\r");
    desk.say("\r\nOK\r\n");
    assert_eq!(desk.events(), [Event::Ready]);
}

#[test]
fn marked_pauses_and_pacing_are_kept() {
    let pace = Duration::from_millis(20);
    let init = vec!["\\dAT~Z\\d".into()];
    let mut desk = Desk::new(Manners { init, pace, ..Manners::default() });
    desk.order(Order::Reset);
    desk.expect("A");
    assert!(desk.now.since(Instant::ORIGIN) >= Duration::from_millis(500 + 800));
    let a = desk.now;
    desk.expect("T");
    assert_eq!(desk.now.since(a), pace);
    let t = desk.now;
    desk.expect("Z");
    assert!(desk.now.since(t) >= Duration::from_millis(500));
    desk.expect("\r");
    desk.say("\r\nOK\r\n");
    let ok = desk.now;
    assert_eq!(desk.until_event(), [Event::Ready]);
    assert_eq!(desk.now.since(ok), Duration::from_millis(500));
}

#[test]
fn the_data_begin_behind_the_lf_of_connect_however_the_bytes_are_cut() {
    let answer =
        b"\r\nCARRIER 33600\r\n\r\nPROTOCOL: LAPM\r\n\r\nCONNECT 115200/V34\r\n\nlogin: \r\n";
    let data = answer.len() - b"\nlogin: \r\n".len();
    for cut in 0..data {
        let mut desk = Desk::ready();
        desk.order(Order::Dial("5551234", Duration::from_secs(60)));
        desk.expect("ATDT5551234\r");
        assert_eq!(desk.say(&answer[..cut]), cut);
        assert_eq!(desk.events(), [], "cut at {cut}");
        assert_eq!(cut + desk.say(&answer[cut..]), data, "cut at {cut}");
        let text = "115200/V34 CARRIER 33600 PROTOCOL: LAPM";
        assert_eq!(desk.events(), [connect(text, Some(115_200))], "cut at {cut}");
    }
}

#[test]
fn a_connect_whose_lf_never_comes_is_one_all_the_same() {
    let mut desk = Desk::ready();
    desk.order(Order::Answer);
    desk.expect("ATA\r");
    desk.say("\r\nCONNECT 2400\r");
    assert_eq!(desk.events(), []);
    desk.tick();
    assert_eq!(desk.events(), [connect("2400", Some(2400))]);

    let mut desk = Desk::ready();
    desk.order(Order::Answer);
    desk.expect("ATA\r");
    assert_eq!(desk.say("\r\nCONNECT\rxyz"), 10, "what follows is data");
    assert_eq!(desk.events(), [connect("", None)]);
}

#[test]
fn numbers_are_understood_with_echo_and_without() {
    for (answer, taken) in [("ATA\r10\r\n", 7), ("10\r", 3), ("\r\n10\r\n", 6)] {
        let mut desk = Desk::ready();
        desk.order(Order::Answer);
        desk.expect("ATA\r");
        assert_eq!(desk.say(answer), taken, "{answer:?}");
        assert_eq!(desk.events(), [connect("2400", Some(2400))], "{answer:?}");
    }
}

#[test]
fn every_way_to_fail_has_its_cause() {
    use crate::result::Cause;
    for (answer, cause) in [
        ("NO CARRIER", Cause::NoCarrier),
        ("BUSY", Cause::Busy),
        ("NO ANSWER", Cause::NoAnswer),
        ("NO DIALTONE", Cause::CarrierDown),
        ("NO DIAL TONE", Cause::CarrierDown),
        ("BLACKLISTED", Cause::Denied),
        ("VOICE", Cause::NoCarrier),
        ("ERROR", Cause::BadNumber),
        ("RING", Cause::LineInUse),
        ("7", Cause::Busy),
    ] {
        let mut desk = Desk::ready();
        desk.order(Order::Dial("5", Duration::from_secs(60)));
        desk.expect("ATDT5\r");
        desk.say("\r\nRINGING\r\n");
        desk.say(format!("\r\n{answer}\r\n"));
        let events = desk.events();
        let Some(Event::NoCall(none)) = events.first() else { panic!("{answer}: {events:?}") };
        assert_eq!(none.cause(), cause, "{answer}");
    }
}

#[test]
fn a_modem_that_says_nothing_to_a_number_has_its_time() {
    let mut desk = Desk::ready();
    desk.order(Order::Dial("5", Duration::from_secs(60)));
    desk.expect("ATDT5\r");
    let before = desk.now;
    assert_eq!(desk.until_event(), [Event::NoCall(NoCall::TimedOut)]);
    assert_eq!(desk.now.since(before), Duration::from_secs(60));
}

#[test]
fn who_calls_in_the_moment_of_dialling_was_first() {
    let mut desk = Desk::ready();
    desk.order(Order::Dial("5", Duration::from_secs(60)));
    desk.say("\r\nRING\r\n");
    assert_eq!(desk.events(), [Event::NoCall(NoCall::Collision), Event::Ring]);
    assert_eq!(desk.port.sent, b"", "nothing was dialled");
    assert_eq!(desk.client.deadline(), None);
}

#[test]
fn rings_are_counted_with_who_calls_and_a_new_call_has_a_new_caller() {
    let mut desk = Desk::ready();
    desk.say("\r\nRING\r\n");
    desk.passes(Duration::from_secs(1));
    desk.say("\r\nDATE = 1122\r\nTIME = 1311\r\nNMBR = 5551234\r\nNAME = PUMP HOUSE\r\n");
    desk.passes(Duration::from_secs(3));
    desk.say("\r\nRING\r\n");
    let id = Event::CallerId;
    let all = [Event::Ring, id.clone(), id.clone(), id.clone(), id, Event::Ring];
    assert_eq!(desk.events(), all);
    assert_eq!(desk.client.caller().number, "5551234");
    assert_eq!(desk.client.caller().name, "PUMP HOUSE");
    desk.passes(Duration::from_secs(30));
    desk.say("\r\nRING B\r\n");
    let caller = CallerId { ring: "B".into(), ..CallerId::default() };
    assert_eq!(*desk.client.caller(), caller);
}

#[test]
fn rings_while_the_call_is_taken_are_part_of_it() {
    let mut desk = Desk::ready();
    desk.say("\r\nRING\r\n");
    desk.order(Order::Answer);
    desk.say("\r\nRING\r\n");
    desk.expect("ATA\r");
    desk.say("\r\nRING\r\n\r\nNO CARRIER\r\n");
    let events = desk.events();
    assert_eq!(events.last(), Some(&Event::NoCall(NoCall::NoCarrier)));
    assert!(!events.contains(&Event::NoCall(NoCall::Collision)));
}

#[test]
fn an_answer_to_an_earlier_command_is_none_to_this_one() {
    let mut desk = Desk::new(Manners { init: vec!["ATZ".into()], ..Manners::default() });
    desk.order(Order::Reset);
    desk.say("\r\nOK\r\n\r\nERROR\r\nhalf a li");
    assert_eq!(desk.events(), []);
    desk.expect("ATZ\r");
    desk.say("\r\nOK\r\n");
    assert_eq!(desk.events(), [Event::Ready]);
}

/// What a modem may say, good or bad.
fn sayings() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"\r\nOK\r\n"[..],
        b"0\r",
        b"\r\nRING\r\n",
        b"2\r",
        b"\r\nCONNECT 9600/ARQ\r\n",
        b"1\r",
        b"\r\nNO CARRIER\r\n",
        b"\r\nNMBR = 5551234\r\n",
        b"+CLIP: \"1\",129\r\n",
        b"ATDT5\r",
        b"\r\nERROR\r\n",
        b"\xff\x00\x7fRI",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..12);
    let one = prop_oneof![4 => known.prop_map(<[u8]>::to_vec), 1 => noise];
    prop::collection::vec(one, 0..12).prop_map(|all| all.concat())
}

/// Everything that comes of these bytes, given in these parts after this order.
fn outcome(order: Order<'_>, parts: &[&[u8]]) -> (Vec<Event>, usize, CallerId) {
    let mut desk = Desk::ready();
    desk.order(order);
    for _ in 0..2 {
        if desk.client.deadline().is_some() {
            desk.tick();
        }
    }
    let mut taken = 0;
    for part in parts {
        let some = desk.say(part);
        taken += some;
        if some < part.len() || matches!(desk.client.state, State::Online) {
            break;
        }
    }
    (desk.events(), taken, desk.client.caller().clone())
}

proptest! {
    #[test]
    fn any_cut_of_what_a_modem_says_comes_to_the_same(
        bytes in sayings(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6), which in 0usize..4,
    ) {
        let order = [
            Order::Check,
            Order::Reset,
            Order::Dial("5", Duration::from_secs(60)),
            Order::Answer,
        ][which];
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let parts: Vec<&[u8]> = at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        let (events, taken, caller) = outcome(order, &parts);
        let whole = outcome(order, &[&bytes]);
        prop_assert_eq!((events, caller), (whole.0, whole.2));
        // An empty part can't bring the byte that shows that no LF comes.
        prop_assert_eq!(taken, whole.1);
    }
}
