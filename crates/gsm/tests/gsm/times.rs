//! Every time that is waited: how long, and what comes of it.

use std::time::Duration;

use gsm::{By, Event, Input, Level, Order, Reason, Refusal, Roaming, Session, Setup};

use crate::module::{Desk, Mood, setup, target};
use crate::tables::ALL;

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What the pauses between commands may add.
const PAUSES: Duration = Duration::from_millis(1500);

/// How long it takes from now until something is told.
fn wait(desk: &mut Desk, is_it: impl Fn(&Event) -> bool) -> (Duration, Event) {
    let begun = desk.now;
    let event = desk.until(is_it);
    (desk.now.since(begun), event)
}

fn takes(what: &str, took: Duration, expected: Duration) {
    assert!((expected..=expected + PAUSES).contains(&took), "{what}: {took:?}, not {expected:?}");
}

/// Lets it go on until this is said.
fn says(desk: &mut Desk, text: &str) {
    let before = desk.said.len();
    while !desk.said[before..].iter().any(|(_, said)| said.starts_with(text)) {
        assert!(desk.step(), "{text} is never said");
    }
}

#[test]
fn a_card_that_is_not_ready_is_given_half_a_minute() {
    for answer in ["\r\n+CPIN: NOT READY\r\n\r\nOK\r\n", "\r\n+CME ERROR: 14\r\n"] {
        let mut desk = Desk::new("quectel", setup());
        desk.own.push(("AT+CPIN?", answer));
        desk.order(Order::Start);
        says(&mut desk, "AT+CPIN?");
        let (took, event) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
        assert_eq!(event, Event::Trouble(Reason::SimFailed), "{answer}");
        // It is asked for ten seconds at a time while it says that it is busy.
        assert!((secs(30)..secs(42)).contains(&took), "{answer}: {took:?}");
    }
}

#[test]
fn a_network_is_searched_for_as_long_as_is_set() {
    let mut desk = Desk::new("quectel", Setup { register_within: secs(33), ..setup() });
    for name in ["AT+CREG?", "AT+CGREG?", "AT+CEREG?"] {
        desk.own.push((name, "\r\n+CREG: 0,2\r\n\r\nOK\r\n"));
    }
    desk.order(Order::Start);
    says(&mut desk, "AT+CREG?");
    let (took, event) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
    assert_eq!(event, Event::Trouble(Reason::NotRegistered(Refusal::Searching)));
    assert!((secs(33)..secs(37)).contains(&took), "{took:?}");
}

#[test]
fn a_session_has_its_time_and_no_more() {
    for (name, command) in [
        ("wavecom", "AT+WIPBR=4"),
        ("edsoft", "AT#CONNECTIONSTART"),
        ("simcom", "AT+CIICR"),
        ("quectel", "AT+QIACT=1"),
    ] {
        let mut desk = Desk::new(name, Setup { session_within: secs(77), ..setup() });
        desk.own.push((command, ""));
        desk.order(Order::Start);
        says(&mut desk, command);
        let (took, event) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
        assert_eq!(event, Event::Trouble(Reason::NoSession(None)), "{name}");
        takes(name, took, secs(77));
    }
}

#[test]
fn a_far_end_has_its_time_and_no_more_and_when_nobody_wants_it_any_more_as_long_as_a_command() {
    for (name, command, answer) in [
        ("wavecom", "AT+WIPCREATE=2", "\r\nOK\r\n"),
        ("edsoft", "AT#OTCP", ""),
        ("simcom", "AT+CIPSTART", "\r\nOK\r\n"),
        ("quectel", "AT+QIOPEN", "\r\nOK\r\n"),
    ] {
        let mut desk = Desk::new(name, Setup { open_within: secs(44), ..setup() });
        desk.own.push((command, answer));
        desk.order(Order::Start);
        desk.order(Order::Dial(target()));
        says(&mut desk, command);
        let (took, event) = wait(&mut desk, |event| matches!(event, Event::NoCall(_)));
        assert_eq!(event, Event::NoCall(Reason::TimedOut), "{name}");
        takes(name, took, secs(44));
    }
    let mut desk = Desk::new("edsoft", Setup { open_within: secs(44), ..setup() });
    desk.own.push(("AT#OTCP", ""));
    desk.order(Order::Start);
    desk.order(Order::Dial(target()));
    says(&mut desk, "AT#OTCP");
    desk.order(Order::HangUp);
    let begun = desk.now;
    says(&mut desk, "+++");
    takes("given up", desk.now.since(begun), secs(10) + Duration::from_millis(500 + 1200));
}

#[test]
fn a_command_has_ten_seconds_or_what_is_set_and_one_for_which_it_is_busy_no_more() {
    for (within, setup) in
        [(secs(10), setup()), (secs(3), Setup { answer_within: secs(3), ..setup() })]
    {
        for (name, _) in ALL {
            let mut desk = Desk::new(name, setup.clone());
            desk.own.push(("AT+CGATT=1", ""));
            desk.own.push(("AT+CPIN?", ""));
            desk.order(Order::Start);
            says(&mut desk, "AT+CPIN?");
            let (took, event) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
            assert_eq!(event, Event::Trouble(Reason::Silent("AT+CPIN?".into())), "{name}");
            takes(name, took, within);
        }
    }
    let mut desk = Desk::new("wavecom", setup());
    desk.own.push(("AT+WIPCFG=1", "\r\n+CME ERROR: 515\r\n"));
    desk.order(Order::Start);
    says(&mut desk, "AT+WIPCFG=1");
    let (took, event) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
    assert_eq!(event, Event::Trouble(Reason::NoSession(Some(515))));
    takes("busy", took, secs(9));
    let asked = desk.said.iter().filter(|(_, said)| said.starts_with("AT+WIPCFG=1")).count();
    assert_eq!(asked, 10, "once a second");
}

#[test]
fn an_ok_that_some_do_not_say_is_waited_for_shortly() {
    let mut desk = Desk::new("edsoft", setup());
    desk.order(Order::Start);
    says(&mut desk, "AT+CPIN?");
    let begun = desk.now;
    says(&mut desk, "AT+CREG?");
    let took = desk.now.since(begun);
    assert_eq!(took, Duration::from_millis(30 + 400 + 20), "its answer, the wait, the pause");
}

#[test]
fn an_idle_module_is_looked_at_every_minute_and_one_in_trouble_twice_as_often() {
    for (watch, trouble) in [(secs(60), secs(30)), (secs(20), secs(20)), (secs(300), secs(30))] {
        let mut desk = Desk::new("simcom", Setup { watch, ..setup() });
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Ready);
        for _ in 0..3 {
            let (took, _) = wait(&mut desk, |event| *event == Event::Status);
            takes("watched", took, watch);
        }
        desk.attached = false;
        desk.own.push(("AT+CIICR", "\r\nERROR\r\n"));
        desk.until(|event| matches!(event, Event::Trouble(Reason::NoSession(_))));
        let (took, _) = wait(&mut desk, |event| *event == Event::Status);
        takes("in trouble", took, trouble);
    }
}

#[test]
fn a_module_that_is_started_anew_is_left_alone_while_it_comes_up() {
    let setup = Setup {
        boot: secs(13),
        roaming: Roaming::Forbidden,
        session: Session::PerCall,
        register_within: secs(5),
        ..setup()
    };
    let mut desk = Desk::new("quectel", setup);
    desk.own.push(("AT+CREG?", "\r\n+CREG: 0,5\r\n\r\nOK\r\n"));
    desk.own.push(("AT+CGREG?", "\r\n+CGREG: 0,5\r\n\r\nOK\r\n"));
    desk.own.push(("AT+CEREG?", "\r\n+CEREG: 0,5\r\n\r\nOK\r\n"));
    desk.order(Order::Start);
    says(&mut desk, "AT+CFUN=1,1");
    let begun = desk.now;
    says(&mut desk, "ATE0");
    takes("a new start", desk.now.since(begun), secs(13));
}

#[test]
fn a_silent_module_is_woken_ever_harder_each_in_its_time() {
    let mut desk = Desk::new("wavecom", Setup { guard: secs(2), boot: secs(9), ..setup() });
    desk.mood = Some((0, usize::MAX / 2, Mood::Silent));
    desk.order(Order::Start);
    let begun = desk.now;
    while desk.port.dtr != [Level::Off] {
        assert!(desk.step());
    }
    // Half a second and three greetings; half a second, a silence, the escape, which is answered, two greetings.
    takes(
        "until DTR",
        desk.now.since(begun),
        Duration::from_millis(500 + 3000 + 500 + 2000 + 1000 + 2000 + 500),
    );
    let dropped = desk.now;
    while desk.port.dtr != [Level::Off, Level::On] {
        assert!(desk.step());
    }
    assert_eq!(desk.now.since(dropped), secs(1));
    let (took, _) = wait(&mut desk, |event| *event == Event::Power);
    takes("until power", took, secs(2 + 3));
    let (took, _) = wait(&mut desk, |event| matches!(event, Event::Trouble(_)));
    takes("until it is given up", took, Duration::from_millis(500 + 9000 + 5000));
}

#[test]
fn counted_data_have_their_times() {
    for (name, send, fetch, waiting) in [
        ("simcom", "AT+CIPSEND", "AT+CIPRXGET=2", "\r\n+CIPRXGET: 1\r\n"),
        ("quectel", "AT+QISEND", "AT+QIRD", "\r\n+QIURC: \"recv\",0\r\n"),
    ] {
        let silent = |event: &Event| matches!(event, Event::Ended(Reason::Silent(_)));
        // No room is offered.
        let mut desk = Desk::online(name);
        desk.own.push((send, ""));
        desk.input(Input::Data(b"abc"));
        takes(name, wait(&mut desk, silent).0, secs(10));
        // It is offered, and nothing is heard of what was sent.
        let mut desk = Desk::online(name);
        desk.own.push((send, ""));
        desk.input(Input::Data(b"abc"));
        desk.module.input(desk.now, Input::Bytes(b"\r\n> "), &mut desk.port);
        desk.port.sent.clear();
        takes(name, wait(&mut desk, silent).0, secs(150));
        // What waits doesn't come, or not as much as was announced; each piece of it gives it more time.
        let mut desk = Desk::online(name);
        desk.own.push((fetch, ""));
        desk.say(waiting);
        takes(name, wait(&mut desk, silent).0, secs(10));
        let mut desk = Desk::online(name);
        desk.own.push((fetch, ""));
        desk.say(waiting);
        desk.say(if name == "simcom" { "\r\n+CIPRXGET: 2,9,0\r\n" } else { "\r\n+QIRD: 9\r\n" });
        for _ in 0..3 {
            desk.now = desk.now + secs(8);
            desk.say("x");
        }
        takes(name, wait(&mut desk, silent).0, secs(10));
    }
}

#[test]
fn data_for_which_there_is_no_room_are_given_up_when_tcp_would() {
    let mut desk = Desk::online("quectel");
    desk.own.push(("AT+QISEND", ""));
    desk.input(Input::Data(b"abc"));
    let begun = desk.now;
    let hears = |desk: &mut Desk, text: &[u8]| {
        desk.port.sent.clear();
        desk.module.input(desk.now, Input::Bytes(text), &mut desk.port);
    };
    while desk.now.since(begun) < secs(150) {
        assert!(!desk.module.wants_data(), "it is kept until it is taken");
        hears(&mut desk, b"\r\n> ");
        hears(&mut desk, b"\r\nSEND FAIL\r\n");
        desk.now = desk.module.deadline().unwrap();
        desk.module.input(desk.now, Input::Timeout, &mut desk.port);
    }
    hears(&mut desk, b"\r\n> ");
    hears(&mut desk, b"\r\nSEND FAIL\r\n");
    desk.settle();
    assert_eq!(desk.port.events.last(), Some(&Event::Ended(Reason::Reset)));
}

#[test]
fn a_module_has_its_time_to_come_up_from_when_its_power_is_back() {
    let mut desk = Desk::new("wavecom", setup());
    desk.order(Order::Restart(By::Power));
    desk.until(|event| *event == Event::Power);
    // The program that switches it took half a minute, in which nobody looked at the clock.
    desk.now = desk.now + secs(30);
    desk.order(Order::Powered);
    let begun = desk.now;
    says(&mut desk, "ATE0V1Q0");
    takes("power", desk.now.since(begun), secs(20) + Duration::from_millis(20));
    // Said of a module that needs none, it means nothing.
    desk.until(|event| *event == Event::Ready);
    desk.order(Order::Powered);
    assert_eq!(desk.module.doing(), "idle");
}
