//! Whatever goes wrong at whichever command: nobody waits for ever, and the module is of use again.

use std::time::Duration;

use gsm::{Event, Input, Level, Module, Order, Reason, Setup};

use crate::module::{Desk, Mood, Port, dialect, setup, target};
use crate::tables::ALL;

const MOODS: [Mood; 7] =
    [Mood::Silent, Mood::Error, Mood::Late, Mood::Reboots, Mood::Chatty, Mood::Busy, Mood::Garbage];

/// Commands from the start to the end of a call.
fn commands(name: &str) -> usize {
    let mut desk = Desk::online(name);
    desk.order(Order::HangUp);
    desk.until(|event| *event == Event::Ready);
    desk.asked
}

#[test]
fn a_module_may_do_anything_at_any_command_and_is_back_for_the_next_call() {
    for (name, _) in ALL {
        for at in 0..commands(name) {
            for mood in MOODS {
                for count in [1, 2] {
                    // A module that doesn't say who it is can't be known by it.
                    let setup = Setup { dialect: dialect(name), ..setup() };
                    let mut desk = Desk::new(name, setup);
                    desk.mood = Some((at, count, mood));
                    desk.order(Order::Start);
                    let mut calls = 0;
                    let mut connected = 0;
                    while connected == 0 {
                        desk.order(Order::Dial(target()));
                        let what = || format!("{name}: {mood:?} at {at}, {count} times");
                        let told = desk.try_until(|event| {
                            matches!(event, Event::NoCall(_) | Event::Connected)
                        });
                        match told {
                            Some(Event::Connected) => connected += 1,
                            Some(Event::NoCall(_)) => {
                                // Somebody starts it again by and by.
                                if desk.module.is_dead() {
                                    desk.order(Order::Start);
                                }
                                desk.now = desk.now + Duration::from_secs(1);
                                desk.settle();
                            }
                            _ => panic!("stuck: {}\n{:#?}", what(), desk.port.notes),
                        }
                        calls += 1;
                        assert!(calls < 400, "{}\n{:#?}", what(), desk.port.notes);
                    }
                    desk.settle();
                    desk.order(Order::HangUp);
                    assert!(
                        desk.try_until(|event| *event == Event::Ready).is_some(),
                        "{name}: {mood:?} at {at}: {:#?}",
                        desk.port.notes
                    );
                }
            }
        }
    }
}

#[test]
fn chatter_and_echo_in_every_answer_are_no_answer() {
    for (name, _) in ALL {
        let mut desk = Desk::new(name, setup());
        desk.mood = Some((0, usize::MAX / 2, Mood::Chatty));
        desk.echo = true;
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Ready);
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
        assert!(desk.module.trouble().is_none(), "{name}");
    }
}

#[test]
fn a_dead_module_is_tried_harder_and_harder_and_told_of_once_per_start() {
    let mut desk = Desk::new("wavecom", setup());
    desk.mood = Some((0, usize::MAX / 2, Mood::Silent));
    desk.order(Order::Start);
    desk.order(Order::Dial(target()));
    let told = desk.until(|event| matches!(event, Event::NoCall(_)));
    assert_eq!(told, Event::NoCall(Reason::Silent("ATE0V1Q0".into())));
    assert_eq!(desk.port.dtr, [Level::Off, Level::On]);
    assert!(desk.port.notes.iter().any(|note| note.contains("+++")));
    // Three seconds of greeting, four of escape, four of DTR, and its time to come up.
    assert!(desk.now.since(clock::Instant::ORIGIN) < Duration::from_secs(60));
    assert!(!desk.step(), "nothing more is said until somebody starts it");
}

#[test]
fn a_module_that_takes_nothing_for_days_is_not_told_all_of_it_once_it_is_back() {
    let mut module = Module::new(setup());
    let mut port = Port::default();
    let mut now = clock::Instant::ORIGIN;
    for _ in 0..1000 {
        module.input(now, Input::Order(Order::Start), &mut port);
        while let Some(due) = module.deadline() {
            now = now.max(due);
            module.input(now, Input::Timeout, &mut port);
        }
    }
    assert!(module.is_dead());
    assert!(port.sent.len() < 100, "{} bytes wait", port.sent.len());
}

#[test]
fn a_module_that_falls_silent_in_the_middle_of_a_call_ends_it() {
    for name in ["simcom", "quectel"] {
        let mut desk = Desk::online(name);
        desk.mood = Some((desk.asked, usize::MAX / 2, Mood::Silent));
        assert_eq!(desk.input(gsm::Input::Data(b"hello")), 5);
        let ended = desk.until(|event| matches!(event, Event::Ended(_)));
        assert!(matches!(ended, Event::Ended(Reason::Silent(_))), "{name}: {ended:?}");
        desk.mood = None;
        desk.until(|event| *event == Event::Ready);
    }
}

#[test]
fn a_stream_whose_carrier_goes_without_a_word_is_a_module_that_has_started_anew() {
    let mut desk = Desk::online("wavecom");
    desk.input(Input::Carrier(Level::Off));
    desk.settle();
    assert!(desk.module.is_online(), "a port without DCD tells nothing");
    desk.input(Input::Carrier(Level::On));
    desk.input(Input::Carrier(Level::Off));
    desk.say("\r\n+WIND: 1\r\n");
    desk.until(|event| *event == Event::Ended(Reason::Restarted));
    desk.until(|event| *event == Event::Ready);
    // A far end that closes says so first.
    let mut desk = Desk::online("wavecom");
    desk.input(Input::Carrier(Level::On));
    desk.say("\x03\r\nSHUTDOWN\r\n");
    desk.input(Input::Carrier(Level::Off));
    desk.until(|event| *event == Event::Ended(Reason::PeerClosed));
    desk.settle();
    assert!(!desk.port.events.iter().any(|event| matches!(event, Event::Trouble(_))));
}

#[test]
fn a_module_that_starts_anew_in_the_middle_of_a_call_ends_it() {
    for name in ["simcom", "quectel"] {
        let mut desk = Desk::online(name);
        desk.say("\r\nRDY\r\n");
        let ended = desk.until(|event| matches!(event, Event::Ended(_)));
        assert_eq!(ended, Event::Ended(Reason::Restarted), "{name}");
        desk.until(|event| *event == Event::Ready);
    }
}
