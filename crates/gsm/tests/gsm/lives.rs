//! From the first `AT` to the end of a call, and every reason why not.

use std::time::Duration;

use at::result::Cause;
use clock::Instant;
use gsm::{
    By, Event, Input, Level, Module, Order, Reason, Refusal, Registration, Roaming, Session, Setup,
};

use crate::module::{Desk, Port, dialect, setup, target};
use crate::tables::ALL;

fn no_call(desk: &mut Desk) -> Reason {
    match desk.until(|event| matches!(event, Event::NoCall(_) | Event::Connected)) {
        Event::NoCall(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn trouble(desk: &mut Desk) -> Reason {
    match desk.until(|event| matches!(event, Event::Trouble(_))) {
        Event::Trouble(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_dialect_is_found_out_set_up_dialled_with_and_hung_up() {
    for (name, _) in ALL {
        let mut desk = Desk::ready(name);
        assert_eq!(desk.module.status().dialect, Some(name));
        assert_eq!(desk.module.status().registration, Registration::Home, "{name}");
        assert_eq!(desk.module.status().signal, Some(-79));
        assert_eq!(desk.module.status().serial, "004999010640000");
        assert_eq!(desk.module.status().operator, "Example Net");
        for _ in 0..3 {
            desk.order(Order::Dial(target()));
            desk.until(|event| *event == Event::Connected);
            desk.settle();
            desk.order(Order::HangUp);
            desk.until(|event| *event == Event::Ready);
            assert_eq!(desk.module.doing(), "idle");
        }
    }
}

#[test]
fn what_wakes_a_module_goes_to_no_far_end_that_it_may_still_have() {
    // One whose commands are not known yet may be one whose data are a stream.
    for (setup, first) in [
        (setup(), &b"\x03"[..]),
        (Setup { dialect: dialect("edsoft"), ..setup() }, b"\x03"),
        (Setup { dialect: dialect("simcom"), ..setup() }, b""),
    ] {
        let mut module = Module::new(setup);
        let mut port = Port::default();
        module.input(Instant::ORIGIN, Input::Order(Order::Start), &mut port);
        assert_eq!(port.sent, first);
        assert!(module.deadline().unwrap() >= Instant::ORIGIN + Duration::from_millis(500));
    }
}

#[test]
fn who_wants_a_module_started_anew_has_that_done_first() {
    let mut desk = Desk::new("wavecom", setup());
    desk.order(Order::Restart(By::Dtr));
    desk.until(|event| *event == Event::Ready);
    assert_eq!(desk.port.dtr, [Level::Off, Level::On]);
    desk.order(Order::Restart(By::Power));
    assert!(desk.port.events.contains(&Event::Power));
    let switched = desk.now;
    desk.until(|event| *event == Event::Ready);
    let first = desk.said.iter().find(|(at, said)| *at >= switched && said.starts_with("AT"));
    assert!(first.unwrap().0 >= switched + setup().boot, "it needs its time to come up");
}

#[test]
fn a_connection_that_comes_after_all_is_escaped_from_and_hears_no_command() {
    for (name, command, connects) in [
        ("wavecom", "AT+WIPDATA=", "\r\nCONNECT\r\n"),
        ("edsoft", "AT#OTCP", "\r\nOk_Info_WaitingForData\r\n"),
    ] {
        // Amid the escape from nothing, before and behind its pluses, and when all is well again.
        for late in [0, 100, 600, 1_700, 1_730, 2_000, 2_700, 2_730, 5_000] {
            let mut desk = Desk::ready(name);
            desk.own.push((command, ""));
            desk.order(Order::Dial(target()));
            assert!(matches!(no_call(&mut desk), Reason::TimedOut | Reason::Silent(_)));
            // From the moment it says so until the escape it takes all that it hears for data.
            let at = desk.now + Duration::from_millis(late);
            desk.coming.push((at, connects.as_bytes().to_vec()));
            desk.said.clear();
            while desk.said.iter().all(|(when, _)| *when < at) {
                desk.step();
            }
            desk.port.events.clear();
            desk.until(|event| *event == Event::Ready);
            let connected = desk.said.iter().position(|(when, _)| *when >= at).unwrap();
            let behind = desk.said[connected..].iter().map(|(_, said)| said.as_str());
            let first: Vec<&str> = behind.take(2).collect();
            assert_eq!(first, ["\x03", "+++"], "{name} {late}: {:?}", desk.said);
            desk.own.clear();
            desk.order(Order::Dial(target()));
            desk.until(|event| *event == Event::Connected);
        }
    }
}

#[test]
fn a_late_ok_is_none_to_the_pin() {
    let pin = Some(gsm::Hidden::new("1234"));
    let mut desk = Desk::new("wavecom", Setup { pin, ..setup() });
    desk.own.push(("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n"));
    desk.own.push(("AT+CPIN=", ""));
    desk.order(Order::Start);
    let until_said = |desk: &mut Desk, command: &str| {
        while !desk.said.iter().any(|(_, said)| said.starts_with(command)) {
            assert!(desk.step());
        }
    };
    until_said(&mut desk, "AT+CPIN?");
    desk.coming.push((desk.now + Duration::from_millis(700), b"\r\nOK\r\n".to_vec()));
    until_said(&mut desk, "AT+CPIN=");
    desk.coming.push((desk.now + Duration::from_secs(1), b"\r\n+CME ERROR: 16\r\n".to_vec()));
    assert_eq!(trouble(&mut desk), Reason::PinRefused);
    let said = desk.said.iter().filter(|(_, said)| said.starts_with("AT+CPIN=")).count();
    assert_eq!(said, 1, "the third time in vain would lock the card");
}

#[test]
fn an_echo_changes_nothing() {
    for (name, _) in ALL {
        let mut desk = Desk::new(name, setup());
        desk.echo = true;
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Ready);
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
    }
}

#[test]
fn who_dials_while_the_module_comes_up_is_connected_as_soon_as_that_can_be() {
    let mut desk = Desk::new("wavecom", Setup { session: Session::PerCall, ..setup() });
    desk.order(Order::Start);
    desk.order(Order::Dial(target()));
    desk.until(|event| *event == Event::Connected);
    desk.order(Order::Dial(target()));
    assert_eq!(no_call(&mut desk), Reason::InUse);
}

#[test]
fn cards_that_are_missing_locked_or_wrong_are_told_apart() {
    for (says, reason, word) in [
        ("\r\n+CME ERROR: 10\r\n", Reason::NoSim, "no SIM"),
        ("\r\n+CME ERROR: SIM not inserted\r\n", Reason::NoSim, "no SIM"),
        ("\r\n+CME ERROR: 13\r\n", Reason::SimFailed, "SIM unreadable"),
        ("\r\n+CPIN: SIM PIN\r\n", Reason::PinNeeded, "SIM locked"),
        ("\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n", Reason::PukNeeded, "SIM locked"),
    ] {
        let mut desk = Desk::new("quectel", setup());
        desk.own.push(("AT+CPIN?", says));
        desk.order(Order::Start);
        desk.order(Order::Dial(target()));
        assert_eq!(no_call(&mut desk), reason, "{says}");
        assert_eq!(trouble(&mut desk), reason);
        assert_eq!(desk.module.doing(), word);
        // And whoever dials then is told at once.
        desk.order(Order::Dial(target()));
        assert_eq!(desk.port.events, [Event::NoCall(reason)]);
    }
}

#[test]
fn a_wrong_pin_is_never_said_again() {
    let pin = Some(gsm::Hidden::new("1234"));
    let mut desk = Desk::new("wavecom", Setup { pin, ..setup() });
    desk.own.push(("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n"));
    desk.own.push(("AT+CPIN=", "\r\n+CME ERROR: 16\r\n"));
    for _ in 0..5 {
        desk.order(Order::Start);
        assert_eq!(trouble(&mut desk), Reason::PinRefused);
        assert!(desk.module.trouble().unwrap().is_final());
    }
    let said = desk.port.notes.iter().filter(|note| note.contains("AT+CPIN=")).count();
    assert!(said <= 2, "the PIN was said {said} times");
}

#[test]
fn a_pin_that_nobody_answers_is_said_twice_at_most() {
    let pin = Some(gsm::Hidden::new("1234"));
    let mut desk = Desk::new("wavecom", Setup { pin, ..setup() });
    desk.own.push(("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n"));
    desk.own.push(("AT+CPIN=", ""));
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Trouble(Reason::PinRefused));
    let said = desk.port.notes.iter().filter(|note| note.contains("AT+CPIN=")).count();
    assert_eq!(said, 2);
}

#[test]
fn networks_that_do_not_take_it_are_told_apart_and_it_goes_on_searching() {
    for (creg, csq, roaming, reason) in [
        ("2", "17,0", Roaming::Allowed, Reason::NotRegistered(Refusal::Searching)),
        ("3", "17,0", Roaming::Allowed, Reason::NotRegistered(Refusal::Denied)),
        ("2", "99,99", Roaming::Allowed, Reason::NoSignal),
        ("5", "17,0", Roaming::Forbidden, Reason::Roaming),
    ] {
        let mut desk = Desk::new("simcom", Setup { roaming, ..setup() });
        let line = |name: &str, value: &str| {
            &*Box::leak(format!("\r\n{name}: {value}\r\n\r\nOK\r\n").into_boxed_str())
        };
        desk.own.push(("AT+CREG?", line("+CREG", &format!("0,{creg}"))));
        desk.own.push(("AT+CGREG?", line("+CGREG", &format!("0,{creg}"))));
        desk.own.push(("AT+CSQ", line("+CSQ", csq)));
        desk.order(Order::Start);
        desk.order(Order::Dial(target()));
        let begun = desk.now;
        assert_eq!(no_call(&mut desk), reason);
        let took = desk.now.since(begun);
        assert!(took >= Duration::from_secs(120) && took < Duration::from_secs(130), "{took:?}");
        desk.order(Order::Dial(target()));
        assert_eq!(no_call(&mut desk), reason, "at once");
        desk.own.clear();
        desk.until(|event| *event == Event::Ready);
        assert_eq!(desk.module.trouble(), None);
    }
}

#[test]
fn a_search_in_vain_ends_in_a_new_start_by_command() {
    let mut desk = Desk::new("quectel", setup());
    for name in ["AT+CREG?", "AT+CGREG?", "AT+CEREG?"] {
        desk.own.push((name, "\r\n+CREG: 0,2\r\n\r\nOK\r\n"));
    }
    desk.order(Order::Start);
    while !desk.port.notes.iter().any(|note| note.contains("AT+CFUN=1,1")) {
        assert!(desk.step());
        assert!(desk.now.since(clock::Instant::ORIGIN) < Duration::from_secs(3600));
    }
}

#[test]
fn data_sessions_that_fail_say_so_and_the_third_starts_the_module_anew() {
    for (name, command) in [
        ("wavecom", "AT+WIPBR=4"),
        ("edsoft", "AT#CONNECTIONSTART"),
        ("simcom", "AT+CIICR"),
        ("quectel", "AT+QIACT=1"),
    ] {
        let mut desk = Desk::new(name, setup());
        desk.own.push((command, "\r\n+CME ERROR: 148\r\n"));
        desk.order(Order::Start);
        assert_eq!(trouble(&mut desk), Reason::NoSession(Some(148)), "{name}");
        desk.order(Order::Dial(target()));
        assert_eq!(no_call(&mut desk), Reason::NoSession(Some(148)), "{name}");
        desk.order(Order::Dial(target()));
        assert_eq!(no_call(&mut desk), Reason::NoSession(Some(148)), "{name}");
        assert_eq!(desk.module.doing(), "waking", "{name}");
        desk.own.clear();
        desk.until(|event| *event == Event::Ready);
    }
}

#[test]
fn what_stands_between_it_and_the_far_end_is_its_cause() {
    for (name, command, says, cause) in [
        ("wavecom", "AT+WIPCREATE", "\r\nOK\r\n\r\n+CME ERROR: 842\r\n", Cause::Refused),
        ("wavecom", "AT+WIPCREATE", "\r\nOK\r\n\r\n+CME ERROR: 843\r\n", Cause::Reset),
        ("wavecom", "AT+WIPCREATE", "\r\nOK\r\n", Cause::TimedOut),
        ("wavecom", "AT+WIPDATA", "\r\n+CME ERROR: 831\r\n", Cause::Reset),
        ("edsoft", "AT#OTCP", "\r\nERROR\r\n", Cause::Refused),
        ("edsoft", "AT#OTCP", "", Cause::TimedOut),
        ("simcom", "AT+CIPSTART", "\r\nOK\r\n\r\nCONNECT FAIL\r\n", Cause::Refused),
        ("simcom", "AT+CIPSTART", "\r\nOK\r\n\r\n+PDP: DEACT\r\n", Cause::NoSession),
        ("simcom", "AT+CIPSTART", "\r\nOK\r\n", Cause::TimedOut),
        ("quectel", "AT+QIOPEN", "\r\nOK\r\n\r\n+QIOPEN: 0,565\r\n", Cause::UnknownHost),
        ("quectel", "AT+QIOPEN", "\r\nOK\r\n\r\n+QIOPEN: 0,566\r\n", Cause::Refused),
        ("quectel", "AT+QIOPEN", "\r\n+CME ERROR: 561\r\n", Cause::NoSession),
        ("quectel", "AT+QIOPEN", "\r\nOK\r\n", Cause::TimedOut),
    ] {
        let mut desk = Desk::ready(name);
        desk.own.push((command, says));
        desk.order(Order::Dial(target()));
        assert_eq!(no_call(&mut desk).cause(), cause, "{name} {says:?}");
        desk.until(|event| *event == Event::Ready);
        desk.own.clear();
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
    }
}

#[test]
fn a_refusal_that_comes_after_a_minute_is_no_refusal() {
    let mut desk = Desk::ready("wavecom");
    desk.own.push(("AT+WIPCREATE", "\r\nOK\r\n"));
    desk.order(Order::Dial(target()));
    desk.settle();
    desk.coming.push((desk.now + Duration::from_secs(75), b"\r\n+CME ERROR: 842\r\n".to_vec()));
    assert_eq!(no_call(&mut desk), Reason::TimedOut);
}

#[test]
fn who_gives_up_while_it_dials_leaves_no_connection_behind() {
    let mut desk = Desk::ready("quectel");
    desk.own.push(("AT+QIOPEN", "\r\nOK\r\n"));
    desk.order(Order::Dial(target()));
    desk.settle();
    assert_eq!(desk.module.doing(), "dialling");
    desk.order(Order::HangUp);
    desk.until(|event| *event == Event::Ready);
    assert!(desk.port.notes.iter().any(|note| note.contains("AT+QICLOSE=0")));
}

#[test]
fn an_address_that_could_end_a_command_is_said_to_no_module() {
    let mut desk = Desk::ready("wavecom");
    for host in ["", "a\",80\rAT+CPOF", "h\"", "h h", &"h".repeat(300)] {
        desk.order(Order::Dial(gsm::Target { host: host.into(), port: 80 }));
        assert_eq!(desk.port.events.pop(), Some(Event::NoCall(Reason::BadAddress)), "{host}");
    }
}

#[test]
fn a_module_that_nobody_knows_is_of_use_once_its_dialect_is_said() {
    let mut desk = Desk::new("wavecom", setup());
    desk.own.push(("AT+CGMI", "\r\nHAL\r\n\r\nOK\r\n"));
    desk.order(Order::Start);
    assert_eq!(trouble(&mut desk), Reason::UnknownModule("HAL OK OK".replace(" OK", "")));
    let mut desk = Desk::new("wavecom", Setup { dialect: dialect("wavecom"), ..setup() });
    desk.own.push(("AT+CGMI", "\r\nHAL\r\n\r\nOK\r\n"));
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Ready);
}

#[test]
fn a_session_that_the_network_has_ended_without_a_word_is_noticed_and_brought_up_again() {
    for name in ["wavecom", "simcom", "quectel"] {
        let mut desk = Desk::ready(name);
        // A minute in which nothing has happened.
        desk.until(|event| *event == Event::Status);
        desk.settle();
        assert_eq!((desk.module.doing(), desk.module.trouble()), ("idle", None), "{name}");
        desk.attached = false;
        assert_eq!(trouble(&mut desk), Reason::SessionLost, "{name}");
        desk.until(|event| *event == Event::Ready);
        assert!(desk.attached && desk.module.trouble().is_none(), "{name}");
    }
}

#[test]
fn a_session_that_is_up_is_not_brought_up_again() {
    let mut desk = Desk::new("wavecom", setup());
    desk.own.push(("AT+WIPBR?", "\r\n+WIPBR: 6,1\r\n\r\nOK\r\n"));
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Ready);
    assert!(!desk.port.notes.iter().any(|note| note.contains("AT+WIPBR=")));
}

#[test]
fn a_network_that_is_lost_is_noticed_and_told_when_it_is_back() {
    let mut desk = Desk::ready("wavecom");
    desk.own.push(("AT+CREG?", "\r\n+CREG: 0,3\r\n\r\nOK\r\n"));
    desk.own.push(("AT+CGREG?", "\r\n+CGREG: 0,0\r\n\r\nOK\r\n"));
    assert_eq!(trouble(&mut desk), Reason::NotRegistered(Refusal::Denied));
    // Nobody is told the name of a network that it has no more.
    assert_eq!(desk.module.status().operator, "");
    desk.own.clear();
    desk.until(|event| *event == Event::Ready);
    assert_eq!(desk.module.status().operator, "Example Net");
}

#[test]
fn a_module_that_has_started_anew_without_a_word_is_given_all_its_settings_again() {
    let owners = |text: &str| Setup { init: vec![text.into()], ..setup() };
    for (name, _) in ALL {
        // By the call that meets it so, which is made all the same; by nobody but who looks after it.
        for dials in [true, false] {
            let mut desk = Desk::new(name, owners("AT+OWN=1"));
            desk.order(Order::Start);
            desk.until(|event| *event == Event::Ready);
            desk.settle();
            desk.starts_anew();
            desk.said.clear();
            let begun = desk.now;
            match dials {
                true => {
                    desk.order(Order::Dial(target()));
                    let told =
                        desk.until(|event| matches!(event, Event::Connected | Event::NoCall(_)));
                    assert_eq!(told, Event::Connected, "{name}");
                }
                false => {
                    desk.until(|event| *event == Event::Trouble(Reason::Restarted));
                    desk.until(|event| *event == Event::Ready);
                }
            }
            assert!(desk.now.since(begun) < Duration::from_secs(90), "{name}");
            for command in ["AT+CPIN?", "AT+CMEE=1", "AT+OWN=1"] {
                let said = desk.said.iter().filter(|(_, said)| said.starts_with(command)).count();
                assert_eq!(said, 1, "{name}: {command} in {:#?}", desk.said);
            }
        }
        // One whose owner wants it to say what it is told is let alone, and so is one that always does.
        for (init, echo) in [("ATE1", true), ("AT", true)] {
            let mut desk = Desk::new(name, owners(init));
            desk.echo = echo;
            desk.order(Order::Start);
            desk.until(|event| *event == Event::Ready);
            desk.until(|event| *event == Event::Status);
            desk.settle();
            assert_eq!((desk.module.doing(), desk.module.trouble()), ("idle", None), "{name}");
        }
        // One that forgets them while it is brought up is used as it is.
        let mut desk = Desk::ready(name);
        for _ in 0..2 {
            desk.starts_anew();
            desk.order(Order::Dial(target()));
            while !desk.port.notes.last().is_some_and(|note| note.contains("COPS?")) {
                assert!(desk.step());
            }
        }
        desk.starts_anew();
        desk.until(|event| *event == Event::Connected);
    }
}
