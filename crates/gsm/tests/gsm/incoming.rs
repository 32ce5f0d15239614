//! Those who call a module: they ring, are answered or leave, and the module is of use again.

use std::net::SocketAddr;
use std::time::Duration;

use gsm::{Event, Input, Order, Reason, Setup};

use crate::module::{Desk, Mood, setup, target};

/// Each dialect that listens: what it says when somebody calls, who that is, and what it says when he leaves.
const CALLS: [(&str, &str, &str, &str); 3] = [
    ("wavecom", "\r\n+WIPACCEPT: 1,8\r\n", "10.0.0.7:50211", "\r\n+WIPPEERCLOSE: 2,8\r\n"),
    ("simcom", "\r\nREMOTE IP: 10.0.0.7\r\n", "10.0.0.7:0", "\r\nCLOSED\r\n"),
    (
        "quectel",
        "\r\n+QIURC: \"incoming\",11,1,\"10.0.0.7\",50211\r\n",
        "10.0.0.7:50211",
        "\r\n+QIURC: \"closed\",11\r\n",
    ),
];

const SERVERS: [(&str, &str); 4] = [
    ("AT+WIPCREATE?", "\r\n+WIPCREATE: 2,8,4001,\"10.0.0.7\",50211\r\n\r\nOK\r\n"),
    ("AT+WIPCREATE=3", "\r\nOK\r\n"),
    ("AT+CIPSERVER=1", "\r\nOK\r\n\r\nSERVER OK\r\n"),
    ("AT+QIOPEN=1,1", "\r\nOK\r\n\r\n+QIOPEN: 1,0\r\n"),
];

fn listening(name: &str) -> Desk {
    let mut desk = Desk::new(name, Setup { listen: Some(4001), ..setup() });
    desk.own.extend(SERVERS);
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Ready);
    desk
}

fn rings(desk: &mut Desk, says: &str) -> Option<SocketAddr> {
    desk.say(says);
    match desk.until(|event| matches!(event, Event::Caller(_))) {
        Event::Caller(from) => from,
        other => panic!("{other:?}"),
    }
}

fn said(desk: &Desk, text: &str) -> usize {
    desk.port.notes.iter().filter(|note| note.contains(text)).count()
}

#[test]
fn who_calls_rings_with_his_address_and_is_connected() {
    for (name, knock, from, _) in CALLS {
        let mut desk = listening(name);
        for _ in 0..2 {
            assert_eq!(rings(&mut desk, knock), Some(from.parse().unwrap()), "{name}");
            assert_eq!(desk.module.doing(), "ringing");
            desk.order(Order::Answer);
            desk.until(|event| *event == Event::Connected);
            desk.settle();
            assert!(desk.module.wants_data(), "{name}");
            assert_eq!(desk.input(Input::Data(b"hello")), 5, "{name}");
            if desk.module.is_stream() {
                assert_eq!(desk.sent(), b"hello", "{name}");
            } else {
                desk.module.input(desk.now, Input::Bytes(b"\r\n> "), &mut desk.port);
                assert!(desk.sent().ends_with(b"hello"), "{name}");
                desk.say("\r\nSEND OK\r\n");
            }
            desk.order(Order::HangUp);
            desk.until(|event| *event == Event::Ready);
        }
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
    }
}

#[test]
fn the_commands_of_a_call_name_its_own_connection() {
    for (name, knock, commands) in [
        ("wavecom", CALLS[0].1, &["AT+WIPDATA=2,8,1", "AT+WIPCLOSE=2,8"][..]),
        ("quectel", CALLS[2].1, &["AT+QIRD=11,", "AT+QICLOSE=11"]),
    ] {
        let mut desk = listening(name);
        rings(&mut desk, knock);
        desk.order(Order::Answer);
        desk.until(|event| *event == Event::Connected);
        desk.settle();
        desk.order(Order::HangUp);
        desk.until(|event| *event == Event::Ready);
        for command in commands {
            assert_eq!(said(&desk, command), 1, "{name}: {command} in {:#?}", desk.port.notes);
        }
    }
}

#[test]
fn who_leaves_while_it_rings_or_is_not_answered_is_closed_and_told() {
    for (name, knock, _, leaves) in CALLS {
        for wait in [false, true] {
            let mut desk = listening(name);
            rings(&mut desk, knock);
            let begun = desk.now;
            if !wait {
                desk.say(leaves);
            }
            desk.until(|event| *event == Event::CallerGone);
            assert_eq!(desk.now.since(begun) >= Duration::from_secs(60), wait, "{name}");
            desk.until(|event| *event == Event::Ready);
            rings(&mut desk, knock);
        }
    }
}

#[test]
fn who_leaves_in_the_moment_in_which_he_is_answered_is_known_to_have_left() {
    let (name, knock, _, leaves) = CALLS[2];
    for cut in 1..leaves.len() {
        let mut desk = listening(name);
        rings(&mut desk, knock);
        desk.own.push(("AT+QIRD=11", "\r\n+QIRD: 0\r\n\r\nOK\r\n"));
        let (first, rest) = leaves.split_at(cut);
        desk.say(first);
        desk.order(Order::Answer);
        desk.say(rest);
        desk.until(|event| matches!(event, Event::Ended(_) | Event::CallerGone));
    }
}

#[test]
fn who_calls_in_the_moment_in_which_a_call_ends_rings() {
    let (name, knock, ..) = CALLS[2];
    for cut in 1..knock.len() {
        let mut desk = listening(name);
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
        desk.settle();
        let (first, rest) = knock.split_at(cut);
        desk.say(first);
        desk.order(Order::HangUp);
        desk.say(rest);
        desk.until(|event| matches!(event, Event::Caller(Some(_))));
    }
}

#[test]
fn who_is_not_wanted_is_closed() {
    for (name, knock, ..) in CALLS {
        let mut desk = listening(name);
        rings(&mut desk, knock);
        desk.order(Order::HangUp);
        desk.until(|event| *event == Event::Ready);
        assert_eq!(desk.module.doing(), "idle", "{name}");
    }
}

#[test]
fn who_calls_during_a_call_rings_behind_it_unless_he_has_left() {
    let (name, knock, _, leaves) = CALLS[2];
    for has_left in [false, true] {
        let mut desk = listening(name);
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
        desk.say(knock);
        desk.order(Order::HangUp);
        if has_left {
            desk.say(leaves);
        }
        desk.until(|event| *event == Event::Ready);
        desk.settle();
        let rang = desk.port.events.iter().any(|event| matches!(event, Event::Caller(_)));
        assert_eq!(rang, !has_left);
        assert_eq!(desk.module.doing(), if has_left { "idle" } else { "ringing" });
    }
}

#[test]
fn who_dials_while_it_is_asked_who_calls_is_told_and_the_caller_rings() {
    let mut desk = listening("wavecom");
    desk.own.insert(0, ("AT+WIPCREATE?", ""));
    desk.say("\r\n+WIPACCEPT: 1,8\r\n");
    desk.settle();
    desk.order(Order::Dial(target()));
    assert_eq!(
        desk.until(|event| matches!(event, Event::NoCall(_) | Event::Caller(_))),
        Event::NoCall(Reason::InUse)
    );
    desk.own.remove(0);
    desk.say("\r\n+WIPCREATE: 2,8,4001,\"10.0.0.7\",50211\r\n\r\nOK\r\n");
    desk.until(|event| matches!(event, Event::Caller(Some(_))));
    desk.order(Order::HangUp);
    desk.until(|event| *event == Event::Ready);
    desk.settle();
    assert_eq!(desk.module.doing(), "idle", "and nobody is called");
}

#[test]
fn who_waits_when_a_module_gets_lost_is_closed_and_rings_no_more() {
    let (name, knock, ..) = CALLS[2];
    let mut desk = listening(name);
    desk.order(Order::Dial(target()));
    desk.until(|event| *event == Event::Connected);
    desk.say(knock);
    desk.mood = Some((desk.asked, 1, Mood::Silent));
    desk.input(Input::Data(b"hello"));
    desk.until(|event| *event == Event::Ready);
    assert_eq!(said(&desk, "AT+QICLOSE=11"), 1);
    desk.settle();
    assert_eq!(desk.module.doing(), "idle");

    // One is answered in vain, and another waits: the module is escaped from.
    let mut desk = listening("wavecom");
    rings(&mut desk, "\r\n+WIPACCEPT: 1,8\r\n");
    desk.own.insert(0, ("AT+WIPDATA=2,8", ""));
    desk.order(Order::Answer);
    desk.say("\r\n+WIPACCEPT: 1,7\r\n");
    desk.until(|event| *event == Event::CallerGone);
    desk.until(|event| *event == Event::Ready);
    for command in ["AT+WIPCLOSE=2,7", "AT+WIPCLOSE=2,8"] {
        assert_eq!(said(&desk, command), 1, "{command}");
    }
    desk.settle();
    assert_eq!(desk.module.doing(), "idle");
}

#[test]
fn a_module_that_can_not_listen_says_so_and_calls_all_the_same() {
    for (name, ..) in CALLS {
        let mut desk = Desk::new(name, Setup { listen: Some(4001), ..setup() });
        for command in ["AT+WIPCREATE=3", "AT+CIPSERVER=1", "AT+QIOPEN=1,1"] {
            desk.own.push((command, "\r\n+CME ERROR: 3\r\n"));
        }
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Trouble(Reason::CannotListen));
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
    }
}

#[test]
fn whatever_goes_wrong_while_it_rings_or_answers_it_is_of_use_again() {
    for (name, knock, ..) in CALLS {
        for mood in [Mood::Silent, Mood::Error, Mood::Reboots, Mood::Garbage, Mood::Chatty] {
            for at in 0..3 {
                let mut desk = listening(name);
                desk.mood = Some((desk.asked + at, 1, mood));
                desk.say(knock);
                let what = || format!("{name} {mood:?} at {at}");
                match desk.try_until(|event| matches!(event, Event::Caller(_) | Event::CallerGone))
                {
                    Some(Event::Caller(_)) => desk.order(Order::Answer),
                    Some(_) => {}
                    None => panic!("stuck: {}", what()),
                }
                desk.settle();
                desk.order(Order::HangUp);
                desk.settle();
                for _ in 0..300 {
                    if desk.module.doing() == "idle" && desk.module.trouble().is_none() {
                        break;
                    }
                    desk.settle();
                }
                assert_eq!(desk.module.doing(), "idle", "{} {:#?}", what(), desk.port.notes);
                desk.mood = None;
                rings(&mut desk, knock);
            }
        }
    }
}
