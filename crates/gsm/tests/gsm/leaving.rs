//! Calls that nobody wants any more, and modules that are left: no far end hears a command, and no session stays up.

use std::time::Duration;

use gsm::{Event, Input, Order, Session, Setup, Target};

use crate::module::{Desk, Mood, setup, target};
use crate::tables::ALL;

/// Each stream: the command behind which data begin, and what says so.
const STREAMS: [(&str, &str, &str); 2] = [
    ("wavecom", "AT+WIPDATA=", "\r\nCONNECT\r\n"),
    ("edsoft", "AT#OTCP", "\r\nOk_Info_WaitingForData\r\n"),
];

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// One that has said this command while it dialled, and has no answer.
fn pending(name: &str, command: &'static str) -> Desk {
    let mut desk = Desk::ready(name);
    desk.own.push((command, ""));
    desk.order(Order::Dial(target()));
    while !desk.said.iter().any(|(_, said)| said.starts_with(command)) {
        assert!(desk.step());
    }
    desk.said.clear();
    desk
}

/// What was said, without the line ends.
fn said(desk: &Desk) -> Vec<&str> {
    desk.said.iter().map(|(_, said)| said.trim_end()).collect()
}

#[test]
fn who_hangs_up_before_a_connection_has_its_answer_sends_no_command_to_its_far_end() {
    for (name, command, connects) in STREAMS {
        for late in [0, 1, 10, 19, 20, 21, 30, 500, 5_000] {
            let mut desk = pending(name, command);
            desk.coming.push((desk.now + ms(late), connects.as_bytes().to_vec()));
            desk.order(Order::HangUp);
            assert_eq!(desk.module.doing(), "hanging up");
            while !desk.coming.is_empty() {
                desk.step();
            }
            assert_eq!(said(&desk), ["\x03"], "{name} {late}: it ends at once, and not before");
            desk.until(|event| *event == Event::Ready);
            assert_eq!(said(&desk)[..2], ["\x03", "+++"], "{name} {late}");
            desk.own.clear();
            desk.order(Order::Dial(target()));
            desk.until(|event| *event == Event::Connected);
        }
    }
}

#[test]
fn who_dials_behind_a_call_that_was_given_up_is_connected_with_whom_he_wants_alone() {
    let other = Target { host: "198.51.100.7".into(), port: 23 };
    for (name, command, connects) in STREAMS {
        // One that refuses, one that comes, and one of which nothing more is heard.
        for answer in ["\r\nERROR\r\n", connects, ""] {
            let mut desk = pending(name, command);
            desk.order(Order::HangUp);
            desk.order(Order::Dial(other.clone()));
            desk.coming.push((desk.now + ms(3_000), answer.as_bytes().to_vec()));
            while !desk.coming.is_empty() {
                assert_eq!(said(&desk), [""; 0], "{name} {answer:?}");
                desk.step();
            }
            desk.own.clear();
            desk.port.events.clear();
            desk.until(|event| *event == Event::Connected);
            assert!(!desk.port.events.iter().any(|event| matches!(event, Event::NoCall(_))));
            let all = said(&desk);
            let dialled = all.iter().position(|said| said.contains("198.51.100.7")).unwrap();
            let escaped = all.iter().position(|said| *said == "+++");
            match answer.contains("ERROR") {
                true => assert_eq!(escaped, None, "{name}"),
                false => assert!(escaped.unwrap() < dialled, "{name} {answer:?}: {all:?}"),
            }
        }
    }
}

#[test]
fn who_gives_up_a_call_keeps_the_module_for_seconds_however_long_its_far_end_would_take() {
    for (name, command, connects) in STREAMS {
        let mut desk = pending(name, command);
        let begun = desk.now;
        desk.order(Order::HangUp);
        desk.until(|event| *event == Event::Ready);
        assert!(desk.now.since(begun) < Duration::from_secs(20), "{name}: {:?}", said(&desk));

        // One that does nothing else until its far end has answered.
        let mut desk = pending(name, command);
        let begun = desk.now;
        desk.mood = Some((0, usize::MAX / 2, Mood::Busy));
        desk.order(Order::HangUp);
        while desk.now.since(begun) < Duration::from_secs(40) {
            desk.settle();
        }
        desk.mood = None;
        desk.own.clear();
        desk.say(connects);
        desk.said.clear();
        desk.until(|event| *event == Event::Ready);
        assert_eq!(said(&desk)[..1], ["+++"], "{name}: {:?}", said(&desk));
        assert_eq!(desk.port.dtr, [], "{name}: it was never silent");
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
    }
}

#[test]
fn a_connection_that_comes_while_its_call_is_closed_is_escaped_from() {
    let mut desk = pending("wavecom", "AT+WIPDATA=");
    // What is taken for the answer is that to something else.
    desk.own.push(("AT+WIPCLOSE=", ""));
    desk.say("\r\n+CME ERROR: 842\r\n");
    desk.until(|event| matches!(event, Event::NoCall(_)));
    desk.settle();
    desk.said.clear();
    desk.say("\r\nCONNECT\r\n");
    desk.own.clear();
    desk.until(|event| *event == Event::Ready);
    assert_eq!(said(&desk), ["\x03", "+++", "AT+WIPCLOSE=2,1"]);
}

#[test]
fn a_connection_that_comes_amid_other_commands_is_escaped_from_and_the_call_made_behind_that() {
    let mut desk = Desk::ready("edsoft");
    desk.own.push(("AT#TCPPORT", ""));
    desk.order(Order::Dial(target()));
    desk.settle();
    desk.said.clear();
    desk.say("\r\nOk_Info_WaitingForData\r\n");
    desk.own.clear();
    desk.until(|event| *event == Event::Connected);
    assert_eq!(said(&desk)[..2], ["\x03", "+++"]);
}

#[test]
fn a_far_end_that_speaks_as_the_module_keeps_nobody_from_resetting_it() {
    let mut desk = pending("wavecom", "AT+WIPDATA=");
    desk.mood = Some((0, usize::MAX / 2, Mood::Silent));
    let begun = desk.now;
    while desk.port.dtr.is_empty() {
        desk.say("\r\nCONNECT\r\n\r\nCONNECT\r\n");
        desk.settle();
        assert!(desk.now.since(begun) < Duration::from_secs(60), "{}", desk.module.doing());
        if desk.module.is_online() {
            desk.order(Order::HangUp);
        }
    }
}

/// The commands that bring up a session, and those that end it.
const SESSIONS: [(&str, &str, &str); 4] = [
    ("wavecom", "AT+WIPBR=4", "AT+WIPBR=5"),
    ("edsoft", "AT#CONNECTIONSTART", "AT#CONNECTIONSTOP"),
    ("simcom", "AT+CIICR", "AT+CIPSHUT"),
    ("quectel", "AT+QIACT=1", "AT+QIDEACT"),
];

#[test]
fn a_module_that_is_left_at_any_step_keeps_neither_call_nor_session() {
    for (name, up, down) in SESSIONS {
        for steps in 0.. {
            let mut desk = Desk::new(name, setup());
            desk.order(Order::Start);
            desk.order(Order::Dial(target()));
            let mut ended = false;
            for _ in 0..steps {
                ended |= !desk.step();
            }
            let begun = desk.now;
            desk.order(Order::Stop);
            desk.until(|event| *event == Event::Stopped);
            let what = || format!("{name} after {steps}: {:?}", said(&desk));
            assert!(desk.now.since(begun) < Duration::from_secs(5), "{}", what());
            assert_eq!(desk.module.doing(), "off", "{}", what());
            assert!(!desk.module.may_have_session(), "{}", what());
            let last = |text| said(&desk).iter().rposition(|said| said.starts_with(text));
            assert!(last(up).is_none() || last(down) > last(up), "{}", what());
            if ended {
                break;
            }
        }
    }
}

#[test]
fn a_module_that_is_left_while_it_is_silent_says_that_its_session_may_be_up() {
    for (name, up, _) in SESSIONS {
        for start in [false, true] {
            let mut desk = Desk::new(name, setup());
            desk.order(Order::Start);
            if !start {
                while !said(&desk).iter().any(|said| said.starts_with(up)) {
                    assert!(desk.step());
                }
            }
            desk.mood = Some((0, usize::MAX / 2, Mood::Silent));
            desk.order(Order::Stop);
            desk.until(|event| *event == Event::Stopped);
            assert_eq!(desk.module.may_have_session(), !start, "{name}");
            assert_eq!(desk.port.dtr, [], "nobody waits here until it is back");
        }
    }
}

#[test]
fn who_wants_a_module_that_is_being_left_is_told_and_it_starts_again() {
    let mut desk = Desk::ready("wavecom");
    desk.order(Order::Stop);
    desk.order(Order::Dial(target()));
    desk.until(|event| matches!(event, Event::NoCall(_)));
    desk.until(|event| *event == Event::Stopped);
    desk.order(Order::Start);
    desk.order(Order::Dial(target()));
    desk.until(|event| *event == Event::Connected);
}

#[test]
fn the_silence_before_an_escape_begins_when_the_last_byte_has_left() {
    for (name, ..) in STREAMS {
        let mut desk = Desk::online(name);
        desk.input(Input::Data(b"what takes its time"));
        desk.drains = false;
        desk.order(Order::HangUp);
        for _ in 0..4 {
            desk.settle();
        }
        assert!(!said(&desk).contains(&"+++"), "{name}");
        desk.drains = true;
        desk.input(Input::Drained);
        let drained = desk.now;
        while !said(&desk).contains(&"+++") {
            assert!(desk.step());
        }
        assert_eq!(desk.now.since(drained), ms(1_200 + 20), "{name}");
        // One that holds its flow control for ever is escaped from all the same.
        let mut desk = Desk::online(name);
        desk.drains = false;
        desk.order(Order::HangUp);
        desk.until(|event| *event == Event::Ready);
    }
}

#[test]
fn a_far_end_that_says_ok_or_error_at_the_end_disturbs_no_escape() {
    for (name, ..) in STREAMS {
        for words in ["\r\nOK\r\n", "\r\nERROR\r\n"] {
            let mut desk = Desk::online(name);
            desk.order(Order::HangUp);
            while !said(&desk).contains(&"+++") {
                desk.say(words);
                assert!(desk.step());
            }
            let escaped = desk.now;
            desk.say(words);
            desk.said.clear();
            while desk.said.is_empty() && desk.module.doing() != "idle" {
                assert!(desk.step());
            }
            assert!(desk.now.since(escaped) >= ms(1_200), "{name} {words:?}: {:?}", said(&desk));
        }
    }
}

#[test]
fn a_session_for_the_time_of_a_call_ends_also_where_none_came_about_or_the_module_got_lost() {
    for (name, up, down) in SESSIONS {
        let per_call = Setup { session: Session::PerCall, ..setup() };
        let mut desk = Desk::new(name, per_call);
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Ready);
        assert!(!said(&desk).iter().any(|said| said.starts_with(up)), "{name}");
        let ends = |desk: &mut Desk, what: &str| {
            desk.until(|event| *event == Event::Ready);
            desk.settle();
            let last = |text| said(desk).iter().rposition(|said| said.starts_with(text));
            assert!(
                last(up).is_some() && last(down) > last(up),
                "{name}, {what}: {:?}",
                said(desk)
            );
            assert!(!desk.module.may_have_session(), "{name}, {what}");
            desk.said.clear();
        };
        // Whoever called has given up while the session comes up.
        desk.order(Order::Dial(target()));
        while !said(&desk).iter().any(|said| said.starts_with(up)) {
            assert!(desk.step());
        }
        desk.order(Order::HangUp);
        ends(&mut desk, "given up");
        // The module falls silent at the connection's own command.
        desk.order(Order::Dial(target()));
        while !said(&desk).iter().any(|said| said.starts_with(up)) {
            assert!(desk.step());
        }
        desk.mood = Some((desk.asked + 1, 1, Mood::Silent));
        desk.until(|event| matches!(event, Event::NoCall(_)));
        ends(&mut desk, "lost");
    }
}

#[test]
fn whenever_somebody_hangs_up_the_next_command_waits_for_the_answer_to_the_last() {
    for (name, ..) in ALL {
        for at in 0..40 {
            let mut desk = Desk::ready(name);
            desk.order(Order::Dial(target()));
            for _ in 0..at {
                desk.step();
            }
            if desk.module.is_online() {
                break;
            }
            desk.order(Order::HangUp);
            desk.order(Order::Dial(target()));
            while !desk.coming.is_empty() {
                let before = desk.said.len();
                let owed = desk.coming.len();
                assert!(desk.step());
                let is_early = desk.coming.len() >= owed && desk.said.len() > before;
                assert!(!is_early, "{name} at {at}: {:?}", &desk.said[before - 1..]);
            }
            desk.until(|event| *event == Event::Connected);
        }
    }
}
