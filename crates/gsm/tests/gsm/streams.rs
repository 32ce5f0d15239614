//! The bytes of a call: all of them, both ways, through each module's own way of passing them.

use std::time::Duration;

use gsm::{Event, Input, Order, Reason, Room, Setup, Shutdown};
use wip::stuffing::{Piece, Unstuffer, stuff};

use crate::module::{Desk, setup, target};

fn all() -> Vec<u8> {
    (0..=255).collect()
}

/// Takes apart what a module is sent: data, and whether they have ended.
fn unstuffed(mut sent: &[u8]) -> (Vec<u8>, usize) {
    let (mut data, mut ends) = (Vec::new(), 0);
    let mut unstuffer = Unstuffer::default();
    while let Some(piece) = unstuffer.next(&mut sent) {
        match piece {
            Piece::Data(bytes) => data.extend_from_slice(bytes),
            Piece::End => ends += 1,
        }
    }
    (data, ends)
}

#[test]
fn all_values_pass_both_ways_where_etx_means_something() {
    for name in ["wavecom", "edsoft"] {
        let mut desk = Desk::online(name);
        assert_eq!(desk.input(Input::Data(&all())), 256);
        assert_eq!(unstuffed(&desk.sent()), (all(), 0), "{name}");
        let mut stuffed = Vec::new();
        stuff(&all(), &mut stuffed);
        desk.say(&stuffed);
        assert_eq!(desk.port.data, all(), "{name}");
    }
}

#[test]
fn three_pluses_are_never_sent_in_a_row_and_all_arrive() {
    for cuts in [vec!["+++"], vec!["+", "++"], vec!["+", "+", "+"], vec!["a++", "+b+++", "++++++"]]
    {
        let mut desk = Desk::online("wavecom");
        for piece in &cuts {
            desk.input(Input::Data(piece.as_bytes()));
        }
        let sent = desk.sent();
        assert!(!sent.windows(3).any(|three| three == b"+++"), "{}", sent.escape_ascii());
        assert_eq!(unstuffed(&sent).0, cuts.concat().as_bytes());
    }
}

#[test]
fn an_end_is_told_with_its_reason_and_what_came_before_it_is_data() {
    for (says, reason) in [
        (&b"bye\x03\r\nSHUTDOWN\r\n"[..], Reason::PeerClosed),
        (b"bye\x03\r\n+CME ERROR: 843\r\n", Reason::Reset),
        (b"bye\x03\r\nERROR\r\n", Reason::Reset),
        (b"bye\x03", Reason::PeerClosed),
    ] {
        let mut desk = Desk::online("wavecom");
        desk.say(says);
        let ended = desk.until(|event| matches!(event, Event::Ended(_)));
        assert_eq!(ended, Event::Ended(reason), "{}", says.escape_ascii());
        assert_eq!(desk.port.data, b"bye");
        desk.order(Order::HangUp);
        desk.until(|event| *event == Event::Ready);
    }
    let mut desk = Desk::online("edsoft");
    desk.say(b"bye\x03\r\nOk_Info_SocketClosed\r\n");
    desk.until(|event| *event == Event::Ended(Reason::PeerClosed));
}

/// One whose module says no ETX in front of its last words, in a call.
fn bare() -> Desk {
    let mut desk = Desk::new("wavecom", Setup { shutdown: Shutdown::Alone, ..setup() });
    desk.order(Order::Start);
    desk.until(|event| *event == Event::Ready);
    desk.order(Order::Dial(target()));
    desk.until(|event| *event == Event::Connected);
    desk
}

#[test]
fn an_end_without_an_etx_is_one_if_nothing_follows_where_the_owner_says_so() {
    let words = b"\r\nSHUTDOWN\r\n";
    let parts = [&b"\r\nSHUT"[..], b"\r\nSHUTDOWN", b"\r\nSHUTDOWN\r\n"];
    for before in [&b""[..], b"bye", b"bye\r", b"bye\r\n"].into_iter().chain(parts) {
        let all = [before, words].concat();
        for cut in 0..all.len() {
            let mut desk = bare();
            let (first, rest) = all.split_at(cut);
            desk.say(first);
            desk.say(rest);
            let begun = desk.now;
            let ended = desk.until(|event| matches!(event, Event::Ended(_)));
            assert_eq!(ended, Event::Ended(Reason::PeerClosed));
            assert_eq!(desk.now.since(begun), Duration::from_secs(2));
            assert_eq!(desk.port.data, before, "{}", all.escape_ascii());
            desk.order(Order::HangUp);
            desk.until(|event| *event == Event::Ready);
        }
    }
    // Whoever goes on has not ended; a part of the words is only late; an ETX means what it does elsewhere.
    let mut desk = bare();
    desk.say(words);
    desk.settle();
    desk.say(b"and more\r\n");
    assert_eq!(desk.port.data, [&words[..], b"and more"].concat());
    desk.settle();
    assert!(desk.port.data.ends_with(b"and more\r\n"));
    desk.say(b"\r\nSHUT\x03\r\n+CME ERROR: 843\r\n");
    assert!(desk.port.data.ends_with(b"\r\nSHUT"));
    desk.until(|event| *event == Event::Ended(Reason::Reset));
    // With its usual setting nothing is held back.
    let mut desk = Desk::online("wavecom");
    desk.say(words);
    assert_eq!(desk.port.data, words);
    for _ in 0..10 {
        desk.settle();
    }
    assert!(desk.module.is_online());
}

#[test]
fn whatever_comes_where_last_words_are_looked_for_comes_whole() {
    let odd = [&b"\r"[..], b"\n", b"SHUT", b"DOWN", b"\r\nSHUTDOWN\r\n", b"x", b"\r\n"];
    for first in odd {
        for second in odd {
            for third in odd {
                let mut desk = bare();
                let all = [first, second, third, b"."].concat();
                for byte in &all {
                    desk.say([*byte]);
                }
                assert_eq!(desk.port.data, all, "{}", all.escape_ascii());
            }
        }
    }
}

#[test]
fn our_half_is_ended_by_an_etx_and_theirs_goes_on() {
    let mut desk = Desk::online("wavecom");
    desk.input(Input::Data(b"request"));
    desk.order(Order::Finish);
    assert_eq!(unstuffed(&desk.sent()), (b"request".to_vec(), 1));
    assert!(!desk.module.wants_data());
    desk.say("answer");
    assert_eq!(desk.port.data, b"answer");
}

#[test]
fn hanging_up_ends_our_half_before_the_escape() {
    let mut desk = Desk::online("wavecom");
    desk.order(Order::HangUp);
    desk.until(|event| *event == Event::Ready);
    assert!(desk.port.notes.iter().any(|note| note.contains("+++")));
}

/// A module with data by the piece: what it has, and what it got.
fn piece(desk: &mut Desk, name: &str, data: &[u8]) {
    let header = match name {
        "simcom" => format!("\r\n+CIPRXGET: 2,{},0\r\n", data.len()),
        _ => format!("\r\n+QIRD: {}\r\n", data.len()),
    };
    desk.say([header.as_bytes(), data, b"\r\nOK\r\n"].concat());
}

const WAITING: [(&str, &str); 2] =
    [("simcom", "\r\n+CIPRXGET: 1\r\n"), ("quectel", "\r\n+QIURC: \"recv\",0\r\n")];

#[test]
fn all_values_are_fetched_and_none_of_them_means_anything() {
    for (name, waiting) in WAITING {
        let mut desk = Desk::online(name);
        desk.own.push(("AT+CIPRXGET=2", ""));
        desk.own.push(("AT+QIRD", ""));
        desk.say(waiting);
        let data = [&b"\r\nOK\r\n\r\nCLOSED\r\n> ERROR\r\n"[..], &all()].concat();
        piece(&mut desk, name, &data);
        assert_eq!(desk.port.data, data, "{name}");
        assert!(!desk.port.events.iter().any(|event| matches!(event, Event::Ended(_))));
    }
}

#[test]
fn data_are_sent_by_the_piece_behind_the_prompt_and_kept_until_they_are_taken() {
    for (name, _) in WAITING {
        let mut desk = Desk::online(name);
        desk.own.push(("AT+CIPSEND", ""));
        desk.own.push(("AT+QISEND", ""));
        assert_eq!(desk.input(Input::Data(&all())), 256);
        assert!(!desk.module.wants_data());
        assert!(!desk.module.is_flushed());
        desk.port.sent.clear();
        // Something else is said in between.
        desk.module.input(desk.now, Input::Bytes(b"\r\n+CREG: 1\r\n\r\n>"), &mut desk.port);
        assert_eq!(desk.sent(), all(), "{name}");
        desk.module.input(desk.now, Input::Bytes(b" \r\nSEND OK\r\n"), &mut desk.port);
        assert!(desk.module.wants_data() && desk.module.is_flushed(), "{name}");
    }
}

#[test]
fn a_module_without_room_is_told_again_and_the_far_end_gets_it_once() {
    let mut desk = Desk::online("quectel");
    desk.own.push(("AT+QISEND", ""));
    desk.input(Input::Data(b"abc"));
    for _ in 0..5 {
        desk.port.sent.clear();
        desk.module.input(desk.now, Input::Bytes(b"\r\n> "), &mut desk.port);
        assert_eq!(desk.sent(), b"abc");
        desk.module.input(desk.now, Input::Bytes(b"\r\nSEND FAIL\r\n"), &mut desk.port);
        assert!(!desk.module.wants_data());
        desk.now = desk.module.deadline().unwrap();
        desk.module.input(desk.now, Input::Timeout, &mut desk.port);
        assert_eq!(desk.sent(), b"AT+QISEND=0,3\r");
    }
}

#[test]
fn nothing_is_fetched_while_nobody_has_room_and_sending_goes_on() {
    let mut desk = Desk::online("quectel");
    desk.own.push(("AT+QIRD", ""));
    desk.own.push(("AT+QISEND", ""));
    desk.input(Input::Room(Room::None));
    let before = desk.asked;
    desk.say("\r\n+QIURC: \"recv\",0\r\n");
    assert_eq!(desk.asked, before);
    desk.input(Input::Data(b"abc"));
    assert_eq!(desk.asked, before + 1);
    desk.module.input(desk.now, Input::Bytes(b"> "), &mut desk.port);
    desk.port.sent.clear();
    desk.say("\r\nSEND OK\r\n");
    assert!(desk.module.wants_data());
    desk.input(Input::Room(Room::Some));
    assert_eq!(desk.asked, before + 2, "now it is");
}

#[test]
fn what_waits_is_fetched_before_the_end_is_told() {
    for (name, closed) in
        [("simcom", "\r\nCLOSED\r\n"), ("quectel", "\r\n+QIURC: \"closed\",0\r\n")]
    {
        let mut desk = Desk::online(name);
        desk.own.push(("AT+CIPRXGET=2", ""));
        desk.own.push(("AT+QIRD", ""));
        desk.say(closed);
        piece(&mut desk, name, b"last words");
        if name == "quectel" {
            piece(&mut desk, name, b"");
        }
        assert_eq!(desk.port.data, b"last words");
        assert_eq!(desk.port.events.last(), Some(&Event::Ended(Reason::PeerClosed)), "{name}");
    }
}

#[test]
fn hanging_up_waits_for_what_was_accepted() {
    let mut desk = Desk::online("simcom");
    desk.own.push(("AT+CIPSEND", ""));
    desk.input(Input::Data(b"abc"));
    desk.order(Order::HangUp);
    assert_eq!(desk.module.doing(), "hanging up");
    desk.module.input(desk.now, Input::Bytes(b"\r\n> "), &mut desk.port);
    assert!(desk.sent().ends_with(b"abc"));
    desk.say("\r\nSEND OK\r\n");
    desk.until(|event| *event == Event::Ready);
    assert!(desk.port.notes.iter().any(|note| note.contains("AT+CIPCLOSE")));
}

#[test]
fn a_stream_ends_within_seconds_of_an_etx_that_nothing_follows() {
    let mut desk = Desk::new("wavecom", setup());
    desk.order(Order::Start);
    desk.order(Order::Dial(crate::module::target()));
    desk.until(|event| *event == Event::Connected);
    desk.say("\x03");
    let begun = desk.now;
    desk.until(|event| matches!(event, Event::Ended(_)));
    assert_eq!(desk.now.since(begun), Duration::from_secs(2));
}

#[test]
fn who_dials_while_the_last_bytes_of_a_call_leave_is_next() {
    let mut desk = Desk::online("simcom");
    desk.own.push(("AT+CIPSEND", ""));
    desk.input(Input::Data(b"abc"));
    desk.order(Order::HangUp);
    desk.order(Order::Dial(crate::module::target()));
    desk.module.input(desk.now, Input::Bytes(b"\r\n> "), &mut desk.port);
    assert!(desk.sent().ends_with(b"abc"));
    desk.say("\r\nSEND OK\r\n");
    desk.until(|event| *event == Event::Connected);
}
