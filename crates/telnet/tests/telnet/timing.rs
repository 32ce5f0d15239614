//! Times: how long data are held, when the codec asks again, and that it sleeps otherwise.

use std::time::Duration;

use clock::Instant;
use telnet::{Coding, Event, Kind, Mode, Options, Telnet, limits};

use crate::notation;

fn at(millis: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(millis)
}

/// Lets the codec hear something and tells what it replies.
fn hear(telnet: &mut Telnet, now: Instant, text: &str) -> String {
    let mut wire = notation::bytes(text);
    let mut rest = wire.as_mut_slice();
    while !rest.is_empty() {
        let decoded = telnet.decode(now, rest);
        rest = &mut rest[decoded.consumed..];
    }
    replies(telnet)
}

fn replies(telnet: &mut Telnet) -> String {
    notation::wire(&std::mem::take(telnet.replies()))
}

/// Lets time pass, and tells what is sent meanwhile.
fn wait(telnet: &mut Telnet, until: Instant) -> String {
    while let Some(due) = telnet.deadline().filter(|due| *due <= until) {
        telnet.timeout(due);
        assert!(telnet.deadline() > Some(due) || telnet.deadline().is_none());
    }
    replies(telnet)
}

#[test]
fn data_are_held_from_the_question_to_the_answer() {
    let mut server = Telnet::new(Options::server(Mode::On), at(0));
    assert!(!server.ready());
    hear(&mut server, at(10), "WILL BINARY");
    assert!(!server.ready(), "that was about the other direction");
    hear(&mut server, at(10), "DO BINARY");
    assert!(server.ready());
}

#[test]
fn a_refusal_ends_the_wait_too() {
    let mut server = Telnet::new(Options::server(Mode::On), at(0));
    hear(&mut server, at(10), "DONT BINARY");
    assert!(server.ready());
    assert_eq!(server.summary().transmit, Coding::Nvt);
}

#[test]
fn an_answer_to_a_question_of_the_peer_needs_no_wait() {
    let mut client = Telnet::new(Options::client(Mode::BinaryBlind), at(0));
    assert_eq!(hear(&mut client, at(0), "DO BINARY"), "WILL BINARY");
    assert!(client.ready());
}

#[test]
fn data_are_held_for_five_seconds_at_most_and_only_once() {
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    wait(&mut client, at(300));
    assert_eq!(client.deadline(), Some(at(2000)));
    wait(&mut client, at(5299));
    assert!(!client.ready());
    wait(&mut client, at(5300));
    assert!(client.ready());
    assert_eq!(client.deadline(), None);
    client.ask_binary(at(6000));
    assert_eq!(replies(&mut client), "DO BINARY WILL BINARY");
    assert!(client.ready(), "a peer that never answers is not waited for again");
}

#[test]
fn what_has_one_form_only_need_not_wait() {
    let server = Telnet::new(Options::server(Mode::On), at(0));
    assert_eq!(server.sendable(b"\r\nlogin: "), 9);
    assert_eq!(server.sendable(b"a\xff\x00\rb"), 3);
    assert_eq!(server.sendable(b"a\r"), 1, "the LF may be to come");

    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    assert_eq!(client.sendable(b"a"), 0, "the server may not know yet that we are telnet");
    wait(&mut client, at(300));
    assert_eq!(client.sendable(b"a\xff\r\n"), 2, "a client's CR has two forms before LF as well");
}

#[test]
fn a_late_answer_is_still_taken() {
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    wait(&mut client, at(10_000));
    assert_eq!(hear(&mut client, at(10_000), "DO BINARY WILL BINARY"), "WILL BINARY DO BINARY");
    assert_eq!(client.summary().transmit, Coding::Binary);
    assert_eq!(client.summary().receive, Coding::Binary);
}

#[test]
fn a_client_asks_again_three_times_at_most() {
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    wait(&mut client, at(300));
    let mut asked = 0;
    for round in 1..10 {
        let now = at(10_000 * round);
        wait(&mut client, now);
        hear(&mut client, now, "WONT BINARY DONT BINARY");
        client.ask_binary(now);
        asked += u8::from(!replies(&mut client).is_empty());
    }
    // The recheck at two seconds was silent: the first question was still open.
    assert_eq!(asked, limits::REASKS);
}

#[test]
fn nothing_is_asked_before_the_server_has_had_its_chance() {
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    client.ask_binary(at(100));
    assert_eq!(replies(&mut client), "");
    assert_eq!(wait(&mut client, at(299)), "");
}

#[test]
fn binary_data_ask_once_and_again_after_a_withdrawal() {
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    wait(&mut client, at(300));
    hear(&mut client, at(400), "DO BINARY WONT BINARY");
    let mut scratch = Vec::new();
    let mut send = |client: &mut Telnet, data: &[u8]| {
        let wire = notation::wire(client.encode(at(500), data, &mut scratch));
        (wire, replies(client))
    };
    assert_eq!(send(&mut client, b"text\r"), ("\"text\\r\"".into(), "".into()));
    assert_eq!(send(&mut client, b"\x80"), ("80".into(), "DO BINARY".into()));
    hear(&mut client, at(600), "WONT BINARY");
    assert_eq!(send(&mut client, b"\x80"), ("80".into(), "".into()), "refused: not asked again");
    hear(&mut client, at(700), "WILL BINARY");
    hear(&mut client, at(700), "WONT BINARY");
    assert_eq!(send(&mut client, b"\x00"), ("00".into(), "DO BINARY".into()), "withdrawn: asked");
}

#[test]
fn replies_that_nobody_took_are_sent_before_the_data() {
    let mut client = Telnet::new(Options::client(Mode::BinaryBlind), at(0));
    let mut wire = notation::bytes("DO TIMING-MARK");
    let _ = client.decode(at(0), &mut wire);
    let mut scratch = b"old".to_vec();
    let sent = notation::wire(client.encode(at(0), b"data", &mut scratch));
    assert_eq!(sent, "WONT TIMING-MARK \"data\"");
    assert!(client.replies().is_empty());
    assert_eq!(client.encode(at(0), b"", &mut scratch), b"");
}

#[test]
fn a_settled_connection_never_wakes_up() {
    for mode in [Mode::Off, Mode::Auto, Mode::BinaryBlind] {
        assert_eq!(Telnet::new(Options::client(mode), at(0)).deadline(), None, "{mode}");
        assert_eq!(Telnet::new(Options::server(mode), at(0)).deadline(), None, "{mode}");
    }
    let mut client = Telnet::new(Options::client(Mode::On), at(0));
    wait(&mut client, at(300));
    hear(&mut client, at(400), "WILL BINARY DO BINARY WILL SGA DO SGA");
    assert_eq!(wait(&mut client, at(2000)), "");
    assert_eq!(client.deadline(), None);
}

#[test]
fn auto_gives_up_after_five_seconds_of_something_else() {
    let mut client = Telnet::new(Options::client(Mode::Auto), at(0));
    let mut first = *b"Welcome";
    let _ = client.decode(at(60_000), &mut first);
    assert_eq!(client.kind(), Kind::Undecided, "the time counts from the first byte");
    let mut late = *b"\xff\xfd\x18";
    let decoded = client.decode(at(65_001), &mut late);
    assert_eq!((decoded.data, client.kind()), (3, Kind::Raw));
}

#[test]
fn auto_gives_up_after_a_kibibyte_of_something_else() {
    for (before, kind) in [(1023, Kind::Telnet), (1024, Kind::Raw)] {
        for piece in [1, 7, 4096] {
            let mut client = Telnet::new(Options::client(Mode::Auto), at(0));
            let mut wire = vec![b'x'; before];
            wire.extend(b"\xff\xfd\x18");
            for chunk in wire.chunks_mut(piece) {
                let mut rest = chunk;
                while !rest.is_empty() {
                    let decoded = client.decode(at(0), rest);
                    rest = &mut rest[decoded.consumed..];
                }
            }
            assert_eq!(client.kind(), kind, "{before} bytes before it, in pieces of {piece}");
        }
    }
}

#[test]
fn auto_gives_up_with_the_start_of_a_command_in_its_hand() {
    let mut client = Telnet::new(Options::client(Mode::Auto), at(0));
    let mut wire = vec![b'x'; 1023];
    wire.extend(b"\xff\xfb");
    let decoded = client.decode(at(0), &mut wire);
    assert_eq!((decoded.consumed, decoded.data, client.kind()), (1025, 1023, Kind::Undecided));
    let mut rest = *b"\x80\xff\xfd\x18";
    let decoded = client.decode(at(0), &mut rest);
    assert!(matches!(decoded.event, Some(Event::Held(held)) if held.as_slice() == b"\xff\xfb"));
    let decoded = client.decode(at(0), &mut rest);
    assert_eq!((decoded.data, client.kind()), (4, Kind::Raw));
}

#[test]
fn what_auto_keeps_back_comes_out_at_the_end_of_the_stream() {
    let mut client = Telnet::new(Options::client(Mode::Auto), at(0));
    let mut wire = *b"ab\xff\xfb";
    let decoded = client.decode(at(0), &mut wire);
    assert_eq!((decoded.consumed, decoded.data), (4, 2));
    assert_eq!(client.release(at(0)), None);
    assert_eq!(client.finish().expect("two bytes").as_slice(), b"\xff\xfb");
    assert_eq!(client.finish(), None);
}
