//! Messages: read, told and deleted, whatever they say.

use std::time::Duration;

use gsm::{Event, Message, Messages, Order, Setup};
use sms::{Content, Deliver, Moment, Number, hex};

use crate::module::{Desk, setup};
use crate::tables::ALL;

fn reads() -> Setup {
    Setup { messages: Messages::Read, ..setup() }
}

/// One that has read what there was.
fn reader(dialect: &str) -> Desk {
    let mut desk = Desk::new(dialect, reads());
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Ready);
    desk.settle();
    desk
}

/// How a module lists these in octets.
fn listed(messages: &[(u16, &str, &str)]) -> &'static str {
    let mut list = String::from("\r\n");
    for (place, from, text) in messages {
        let from = Number::parse(from).unwrap();
        let content = Content::of_any_text(text).unwrap();
        let at = Moment { local: 1_795_378_500, quarters: 4 };
        let octets = Deliver { from, content, at }.to_octets();
        list += &format!("+CMGL: {place},0,,{}\r\n00{}\r\n", octets.len(), hex::write(&octets));
    }
    (list + "\r\nOK\r\n").leak()
}

/// The same in words, where a module knows nothing else.
fn in_words(desk: &mut Desk, list: String) {
    desk.own.push(("AT+CMGF=0", "\r\n+CMS ERROR: 303\r\n"));
    desk.own.push(("AT+CMGL=\"ALL\"", list.leak()));
}

fn next(desk: &mut Desk) -> Message {
    match desk.until(|event| matches!(event, Event::Message(_) | Event::Caller(_))) {
        Event::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn said(desk: &Desk, text: &str) -> usize {
    desk.port.notes.iter().filter(|note| note.contains(text)).count()
}

/// What nobody may say in the module's place.
const WORDS: [&str; 12] = [
    "CONNECT",
    "RDY",
    "Ok_Info_WaitingForData",
    "NORMAL POWER DOWN",
    "+WIPACCEPT: 1,5",
    "REMOTE IP: 10.0.0.7",
    "+QIURC: \"incoming\",11,1,\"10.0.0.7\",50211",
    "+CMTI: \"SM\",3",
    "OK\r\nCONNECT",
    ">AT+CMGL=\"ALL\"",
    "ERROR\r\nRDY",
    "OK\r\n+CMS ERROR: 321\r\nRDY\r\nOK",
];

#[test]
fn messages_are_read_told_and_deleted() {
    for (dialect, _) in ALL {
        let mut desk = reader(dialect);
        let long = "wake s3cret ".repeat(13);
        let list = listed(&[(3, "+4917000001", "wake s3cret"), (12, "123", &long)]);
        desk.own.push(("AT+CMGL=4", list));
        desk.say("\r\n+CMTI: \"SM\",3\r\n");
        let message = next(&mut desk);
        assert_eq!((&*message.from, &*message.text), ("+4917000001", "wake s3cret"));
        assert_eq!(next(&mut desk).text, long);
        desk.settle();
        assert_eq!((said(&desk, "AT+CMGD=3"), said(&desk, "AT+CMGD=12")), (1, 1), "{dialect}");
        assert_eq!(said(&desk, "s3cret"), 0, "it may be a secret");
        assert_eq!(said(&desk, &list[40..60]), 0, "and so may its octets");
        assert_eq!(said(&desk, "AT+CMGF=1"), 0, "nobody may write into the list");
    }
}

#[test]
fn a_message_does_not_speak_as_the_module() {
    for (dialect, _) in ALL {
        for words in WORDS {
            let mut desk = reader(dialect);
            desk.own.push(("AT+CMGL=4", listed(&[(3, "1", words)])));
            desk.say("\r\n+CMTI: \"SM\",3\r\n");
            assert_eq!(next(&mut desk).text, words, "{dialect}");
            desk.settle();
            assert_eq!(said(&desk, "AT+CMGD=3"), 1, "{words}");
            assert_eq!(desk.module.doing(), "idle", "{dialect} {words}");

            let mut desk = reader(dialect);
            let head = "+CMGL: 3,\"REC UNREAD\",\"1\",\"\",\"\"";
            in_words(&mut desk, format!("\r\n{head}\r\n{words}\r\n\r\nOK\r\n"));
            desk.own.push(("AT+CMGD=3", "\r\n+CMS ERROR: 320\r\n"));
            desk.say("\r\n+CMTI: \"SM\",3\r\n");
            // Nothing is told of one that stays, and nothing comes of what it says.
            for _ in 0..20 {
                desk.settle();
            }
            let told = desk.port.events.iter().find(|event| !matches!(event, Event::Status));
            assert_eq!(told, None, "{dialect} {words}");
            assert_eq!(said(&desk, "AT+CMGD=3"), 1, "{dialect} {words}");
            desk.own.pop();
            assert_eq!(next(&mut desk).text, words.replace('\r', ""), "{dialect}");
        }
    }
}

#[test]
fn a_module_that_lists_nothing_is_of_use_all_the_same() {
    let mut desk = reader("quectel");
    desk.own.push(("AT+CMGL=4", "\r\n+CMS ERROR: 321\r\n"));
    desk.say("\r\n+CMTI: \"SM\",3\r\n");
    desk.until(|event| *event == Event::Status);
    desk.settle();
    assert_eq!((desk.module.doing(), desk.module.trouble()), ("idle", None));
    desk.own.clear();
    desk.own.push(("AT+CMGL=4", listed(&[(3, "1", "later")])));
    assert_eq!(next(&mut desk).text, "later");
}

#[test]
fn what_was_sent_and_what_can_not_be_read_is_deleted_and_says_nothing() {
    let mut desk = reader("simcom");
    let sent = "\r\n+CMGL: 1,3,,17\r\n0011000B917228001032F40000A905C8329BFD06\r\n\r\nOK\r\n";
    desk.own.push(("AT+CMGL=4", sent));
    desk.say("\r\n+CMTI: \"SM\",1\r\n");
    assert_eq!(next(&mut desk), Message::default());
    assert_eq!(said(&desk, "AT+CMGD=1"), 1);
}

#[test]
fn of_more_messages_than_are_kept_none_is_deleted_before_all_of_it_was_read() {
    // In octets: each has two lines, and the last one that is kept may lack its second.
    let mut desk = reader("simcom");
    let texts: Vec<String> = (0..200).map(|n| format!("text {n}")).collect();
    let all: Vec<(u16, &str, &str)> =
        (1..).zip(&texts).map(|(n, text)| (n, "1", &**text)).collect();
    desk.own.push(("AT+CMGL=4", listed(&all)));
    desk.say("\r\n+CMTI: \"SM\",1\r\n");
    for text in &texts {
        let message = next(&mut desk);
        assert_eq!(message.text, *text);
        let told = texts.iter().position(|known| *known == message.text).unwrap();
        desk.own[0].1 = listed(&all[told + 1..]);
    }

    // In words: a long one fills the list.
    let mut desk = reader("simcom");
    let line = |n: usize| format!("+CMGL: {n},\"REC UNREAD\",\"1\",\"\",\"\"\r\n");
    let long = "a\r\n".repeat(gsm::limits::LINES - 6);
    let list = format!("\r\n{}{long}{}wake\r\ns3cret\r\n\r\nOK\r\n", line(1), line(2));
    in_words(&mut desk, list);
    desk.say("\r\n+CMTI: \"SM\",1\r\n");
    next(&mut desk);
    desk.own.clear();
    in_words(&mut desk, format!("\r\n{}wake\r\ns3cret\r\n\r\nOK\r\n", line(2)));
    assert_eq!(next(&mut desk).text, "wake\ns3cret");
}

#[test]
fn a_message_that_can_not_be_deleted_is_not_told_again_and_again() {
    let mut desk = reader("simcom");
    desk.own.push(("AT+CMGL=4", listed(&[(3, "1", "wake"), (4, "2", "wake")])));
    desk.own.push(("AT+CMGD=3", "\r\n+CMS ERROR: 320\r\n"));
    desk.say("\r\n+CMTI: \"SM\",3\r\n");
    assert_eq!(next(&mut desk).from, "2");
    desk.until(|event| *event == Event::Status);
    desk.settle();
    assert_eq!(desk.module.doing(), "idle");
    assert!(desk.now.since(clock::Instant::ORIGIN) > Duration::from_secs(60));
}
