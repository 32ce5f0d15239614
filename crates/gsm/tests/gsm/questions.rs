//! Equipment asks how its module stands: afresh while that can be, as last heard otherwise, and never for long.

use std::time::Duration;

use gsm::{Event, Input, Order, Question, Reason, Told};

use crate::module::{Desk, Mood, target};
use crate::tables::ALL;

fn told(desk: &mut Desk, question: Question) -> Told {
    desk.order(Order::Ask(question));
    match desk.until(|event| matches!(event, Event::Told(..))) {
        Event::Told(about, told) => {
            assert_eq!(about, question);
            told
        }
        other => panic!("{other:?}"),
    }
}

fn line(text: &str) -> Told {
    Told::Lines(vec![text.to_owned()])
}

#[test]
fn a_free_module_is_asked_afresh() {
    for (name, _) in ALL {
        let mut desk = Desk::ready(name);
        desk.own.push(("AT+CSQ", "\r\n+CSQ: 9,3\r\n\r\nOK\r\n"));
        assert_eq!(told(&mut desk, Question::Signal), line("+CSQ: 9,3"), "{name}");
        assert_eq!(told(&mut desk, Question::Serial), line("004999010640000"), "{name}");
        desk.own.push(("AT+CCID", "\r\n+CME ERROR: 10\r\n"));
        assert_eq!(told(&mut desk, Question::Card), Told::Refused(Some(10)), "{name}");
        desk.settle();
        assert_eq!(desk.module.doing(), "idle");
    }
}

#[test]
fn a_call_is_not_disturbed_and_an_old_answer_is_none() {
    for (name, _) in ALL {
        let mut desk = Desk::online(name);
        desk.own.push(("AT+CSQ", "\r\n+CSQ: 9,3\r\n\r\nOK\r\n"));
        let asked = desk.asked;
        assert_eq!(told(&mut desk, Question::Signal), line("+CSQ: 17,0"), "{name}");
        assert_eq!((desk.asked, desk.sent()), (asked, Vec::new()), "{name}: it was asked");
        desk.now = desk.now + Duration::from_secs(601);
        assert_eq!(told(&mut desk, Question::Signal), Told::Nothing, "{name}");
        // Its make is the same still.
        assert_eq!(told(&mut desk, Question::Serial), line("004999010640000"), "{name}");
    }
}

#[test]
fn whatever_goes_wrong_the_answer_comes_within_seconds() {
    for mood in [Mood::Silent, Mood::Late, Mood::Reboots, Mood::Chatty, Mood::Garbage, Mood::Busy] {
        for (name, _) in ALL {
            let mut desk = Desk::ready(name);
            desk.mood = Some((desk.asked, 1, mood));
            let begun = desk.now;
            let told = told(&mut desk, Question::Signal);
            assert!(desk.now.since(begun) <= Duration::from_secs(4), "{name} {mood:?}");
            // What it said while it came up is true still.
            assert_eq!(told, line("+CSQ: 17,0"), "{name} {mood:?}");
            if desk.module.trouble().is_some() {
                desk.until(|event| *event == Event::Ready);
            }
            desk.order(Order::Dial(target()));
            desk.until(|event| *event == Event::Connected);
        }
    }
}

#[test]
fn who_asks_while_it_is_looked_at_is_answered_behind_that_and_who_dials_waits_for_neither() {
    let mut desk = Desk::ready("simcom");
    desk.order(Order::Look);
    desk.own.push(("AT+CSQ", "\r\n+CSQ: 9,3\r\n\r\nOK\r\n"));
    desk.order(Order::Ask(Question::Signal));
    desk.until(|event| *event == Event::Told(Question::Signal, line("+CSQ: 9,3")));
    desk.order(Order::Ask(Question::Operator));
    desk.order(Order::Dial(target()));
    desk.until(|event| matches!(event, Event::Told(Question::Operator, Told::Lines(_))));
    desk.until(|event| *event == Event::Connected);
}

#[test]
fn a_module_that_nobody_has_started_knows_nothing() {
    let mut desk = Desk::new("quectel", crate::module::setup());
    assert_eq!(told(&mut desk, Question::Signal), Told::Nothing);
    desk.order(Order::Start);
    assert_eq!(told(&mut desk, Question::Signal), Told::Nothing);
    desk.until(|event| *event == Event::Ready);
    desk.input(Input::Bytes(b"\r\nRDY\r\n"));
    assert_eq!(desk.module.trouble(), Some(&Reason::Restarted));
    assert_eq!(told(&mut desk, Question::Signal), line("+CSQ: 17,0"));
}
