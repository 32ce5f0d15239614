//! Calls that speak telnet.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use at::result::Cause;
use carrier::{Call, CallOptions, Lent, Received, cause_of_end};
use telnet::{Event, Kind, Mode, NotSent, WindowSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ends::{
    answered_from_socket, awkward, call, call_to_socket, finish, receive_all, receive_exactly,
};

const TELNET: CallOptions = CallOptions {
    telnet: Some(Mode::On),
    profile: telnet::Profile::Machine,
    terminal: None,
    size: None,
    com_port: telnet::ComPort::Refuse,
    line_ends: telnet::LineEnds::Keep,
    socket: carrier::SocketOptions {
        keepalive: carrier::Keepalive::Off,
        user_timeout: None,
        segment: None,
    },
    budget: None,
    tls: None,
    ssh: None,
    trunks: None,
};

const LONG: Duration = Duration::from_secs(60);

async fn read(socket: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    socket.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn next(call: &mut Call) -> Received {
    call.receive(&mut [0; 64]).await.unwrap()
}

#[tokio::test]
async fn two_of_ours_are_transparent_to_each_other() {
    let (mut out, mut answered) = call("telnet").await;
    let data = awkward();
    let (_, heard) = tokio::join!(
        async {
            out.send(&data).await.unwrap();
            finish(&mut out).await;
        },
        receive_all(&mut answered)
    );
    assert_eq!(heard.unwrap(), data);
    answered.send(&data).await.unwrap();
    finish(&mut answered).await;
    assert_eq!(receive_all(&mut out).await.unwrap(), data);
    assert_eq!(answered.telnet().unwrap().kind, Kind::Telnet);
}

#[tokio::test]
async fn a_signal_comes_in_its_place_between_the_data() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    caller.write_all(b"ab\xff\xf3cd\xff\xf3\xff\xf3e").await.unwrap();
    let mut buf = [0; 64];
    let mut seen = Vec::new();
    while !seen.ends_with(b"e") {
        match answered.receive(&mut buf).await.unwrap() {
            Received::Data(count) => seen.extend(&buf[..count]),
            Received::Event(Event::Break) => seen.push(b'|'),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, b"ab|cd||e");
    assert_eq!(answered.counts().received, 5);
}

#[tokio::test]
async fn a_small_buffer_loses_nothing_of_what_was_read_with_a_large_one() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    caller.write_all(b"a\xff\xf3bcdef\xff\xf3g").await.unwrap();
    assert_eq!(next(&mut answered).await, Received::Data(1));
    assert_eq!(next(&mut answered).await, Received::Event(Event::Break));
    for byte in b"bcdef" {
        let mut buf = [0; 1];
        assert_eq!(answered.receive(&mut buf).await.unwrap(), Received::Data(1));
        assert_eq!(buf[0], *byte);
    }
    assert_eq!(next(&mut answered).await, Received::Event(Event::Break));
    assert_eq!(next(&mut answered).await, Received::Data(1));
}

#[tokio::test]
async fn a_wire_full_of_signals_takes_no_longer_than_its_length() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    let breaks = 100_000;
    let count = async {
        for _ in 0..breaks {
            assert_eq!(next(&mut answered).await, Received::Event(Event::Break));
        }
    };
    let flood = b"\xff\xf3".repeat(breaks);
    let (sent, ()) = tokio::join!(caller.write_all(&flood), count);
    sent.unwrap();
}

#[tokio::test]
async fn any_split_of_the_wire_gives_the_same_data() {
    // IAC DO 6, data with doubled FF, IAC SB … IAC SE, CR NUL, IAC BRK.
    let wire = b"\xff\xfd\x06a\xff\xffb\xff\xfa\x18\x01\xff\xf0\r\0c\xff\xf3d";
    for split in 1..wire.len() {
        let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
        let (head, tail) = wire.split_at(split);
        caller.write_all(head).await.unwrap();
        let mut seen = Vec::new();
        // Take what the first part brings before the second part is on its way.
        while let Some(received) = ready_now(&mut answered, &mut seen).await {
            assert!(matches!(received, Received::Data(_) | Received::Event(_)));
        }
        caller.write_all(tail).await.unwrap();
        caller.shutdown().await.unwrap();
        loop {
            let mut buf = [0; 3];
            match answered.receive(&mut buf).await.unwrap() {
                Received::Data(count) => seen.extend(&buf[..count]),
                Received::Event(Event::Break) => seen.push(b'|'),
                Received::Event(_) => {}
                Received::End => break,
            }
        }
        assert_eq!(seen, b"a\xffb\rc|d", "split at {split}");
    }
}

/// What can be received without waiting for the far end.
async fn ready_now(call: &mut Call, seen: &mut Vec<u8>) -> Option<Received> {
    let mut buf = [0; 3];
    poll_fn(|cx| match call.poll_receive(cx, &mut buf) {
        Poll::Ready(Ok(Received::Data(count))) => {
            seen.extend(&buf[..count]);
            Poll::Ready(Some(Received::Data(count)))
        }
        Poll::Ready(Ok(Received::Event(Event::Break))) => {
            seen.push(b'|');
            Poll::Ready(Some(Received::Event(Event::Break)))
        }
        Poll::Ready(other) => Poll::Ready(Some(other.unwrap())),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn a_question_is_answered_although_nobody_sends_data() {
    let (mut out, mut server) = call_to_socket("telnet").await;
    server.write_all(b"\xff\xfd\x23").await.unwrap();
    let received = async { next(&mut out).await };
    let answered = async {
        assert_eq!(read(&mut server, 3).await, b"\xff\xfc\x23");
        server.write_all(b"login: ").await.unwrap();
        server
    };
    let (received, _server) = tokio::join!(received, answered);
    assert_eq!(received, Received::Data(7));
}

#[tokio::test]
async fn a_raw_far_end_is_found_out_and_costs_no_codec() {
    let auto = CallOptions { telnet: Some(Mode::Auto), ..TELNET };
    let (mut answered, mut caller) = answered_from_socket(&auto).await;
    let data: Vec<u8> = awkward().repeat(8);
    caller.write_all(&data).await.unwrap();
    assert_eq!(receive_exactly(&mut answered, data.len()).await, data);
    assert_eq!(answered.telnet(), None);
    answered.send(&awkward()).await.unwrap();
    assert_eq!(read(&mut caller, awkward().len()).await, awkward());
}

#[tokio::test]
async fn a_byte_that_might_begin_a_command_is_data_at_the_end() {
    let auto = CallOptions { telnet: Some(Mode::Auto), ..TELNET };
    let (mut answered, mut caller) = answered_from_socket(&auto).await;
    caller.write_all(b"x\xff").await.unwrap();
    caller.shutdown().await.unwrap();
    assert_eq!(receive_all(&mut answered).await.unwrap(), b"x\xff");
}

#[tokio::test]
async fn a_byte_that_might_begin_a_command_is_data_after_a_while() {
    let auto = CallOptions { telnet: Some(Mode::Auto), ..TELNET };
    let (mut answered, mut caller) = answered_from_socket(&auto).await;
    caller.write_all(b"x\xff").await.unwrap();
    assert_eq!(receive_exactly(&mut answered, 2).await, b"x\xff");
}

#[tokio::test]
async fn a_command_given_to_a_waiting_call_goes_out_although_nothing_else_happens() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    let mut buf = [0; 16];
    let quiet = tokio::time::timeout(Duration::from_millis(50), answered.receive(&mut buf));
    assert!(quiet.await.is_err(), "nothing comes, and our opening is on the wire");
    let mut polls = 0;
    let served = poll_fn(|cx| {
        assert!(answered.poll_receive(cx, &mut buf).is_pending());
        polls += 1;
        if polls == 1 {
            answered.send_break().unwrap();
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    let start = tokio::time::Instant::now();
    // The time-out only keeps the test from hanging: it would itself poll once more.
    let _ = tokio::time::timeout(LONG, served).await;
    assert!(start.elapsed() < LONG, "the call was not woken");
    let mut wire = Vec::new();
    while !wire.ends_with(b"\xff\xf3") {
        wire.extend(read(&mut caller, 1).await);
    }
}

#[tokio::test]
async fn a_raw_call_has_no_signals() {
    let (mut out, _far) = call_to_socket("tcp").await;
    assert_eq!(out.send_break(), Err(NotSent::NotTelnet));
    out.resize(WindowSize { columns: 80, rows: 24 });
    assert_eq!(out.deadline(), None);
}

#[tokio::test]
async fn a_peer_that_negotiates_for_ever_and_never_reads_ends_the_call() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    // Our side of the wire is stuffed first, so that no answer fits any more.
    poll_fn(|cx| {
        while let Poll::Ready(sent) = answered.poll_send(cx, &[b'x'; 65_536]) {
            assert!(sent.unwrap() > 0);
        }
        Poll::Ready(())
    })
    .await;
    let flood = async {
        let marks = b"\xff\xfd\x06".repeat(1000);
        while caller.write_all(&marks).await.is_ok() {}
    };
    let serve = async {
        loop {
            match answered.receive(&mut [0; 4096]).await {
                Ok(received) => assert!(matches!(received, Received::Event(_)), "{received:?}"),
                Err(error) => break error,
            }
        }
    };
    let error = tokio::select! {
        () = flood => panic!("the call ended before its time"),
        error = serve => error,
    };
    assert_eq!(cause_of_end(&error), Cause::TelnetFailed);
}

#[tokio::test]
async fn held_data_go_out_when_the_peer_has_answered() {
    let (mut out, mut server) = call_to_socket("telnet").await;
    // The server asks for our binary transmission; what contains CR waits for the coding to settle.
    let script = async {
        server.write_all(b"\xff\xfd\x00\xff\xfb\x00").await.unwrap();
        let mut wire = Vec::new();
        while !wire.ends_with(b"\r\xff\xff\0") {
            wire.extend(read(&mut server, 1).await);
        }
        assert!(wire.windows(3).any(|bytes| bytes == b"\xff\xfb\x00"), "{wire:x?}");
        server
    };
    let talk = async {
        let mut buf = [0; 64];
        let mut data: &[u8] = b"\r\xff\0";
        poll_fn(|cx| {
            while let Poll::Ready(received) = out.poll_receive(cx, &mut buf) {
                received.unwrap();
            }
            while !data.is_empty() {
                match out.poll_send(cx, data) {
                    Poll::Ready(sent) => data = &data[sent.unwrap()..],
                    Poll::Pending => return Poll::Pending,
                }
            }
            out.poll_flush(cx)
        })
        .await
        .unwrap();
    };
    let both = async { tokio::join!(script, talk) };
    tokio::time::timeout(LONG, both).await.expect("nothing is held for ever");
}

#[tokio::test]
async fn a_stalled_far_end_costs_one_chunk_and_gets_all_of_it_later() {
    let (here, mut far) = tokio::io::duplex(64);
    let mut call = Call::over(Box::new(here), telnet::Options::server(Mode::BinaryBlind));
    let mut taken = 0;
    poll_fn(|cx| {
        while let Poll::Ready(sent) = call.poll_send(cx, &[0xFF; 65_536]) {
            taken += sent.unwrap();
        }
        Poll::Ready(())
    })
    .await;
    assert_eq!(taken, carrier::limits::CHUNK);
    let mut wire = Vec::new();
    let (read, ()) = tokio::join!(far.read_to_end(&mut wire), finish(&mut call));
    assert_eq!(read.unwrap(), 2 * taken);
    assert!(wire.iter().all(|byte| *byte == 0xFF));
}

#[tokio::test]
async fn a_call_that_is_binary_both_ways_lends_its_socket_and_goes_on_behind_what_was_read() {
    let (mut answered, mut caller) = answered_from_socket(&TELNET).await;
    assert!(answered.lend().is_none(), "what is to come is not agreed on");
    caller.write_all(b"\xff\xfb\x00\xff\xfd\x00\r").await.unwrap();
    assert_eq!(next(&mut answered).await, Received::Data(1));
    answered.send(b"all said").await.unwrap();
    let Some(Lent::Telnet(socket)) = answered.lend() else { panic!("it is settled") };
    let mut socket = std::net::TcpStream::from(socket);
    caller.write_all(b"\0b\xff\xffc\xff\xf3\0d").await.unwrap();
    let mut wire = [0; 9];
    let mut read = 0;
    while read < wire.len() {
        match std::io::Read::read(&mut socket, &mut wire[read..]) {
            Ok(more) => read += more,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    let seen = telnet::undouble(&mut wire);
    assert_eq!(&wire[..seen.data], b"\0b\xffc");
    answered.was_lent(4, &wire[seen.consumed..]);
    assert_eq!(next(&mut answered).await, Received::Event(Event::Break));
    assert_eq!(receive_exactly(&mut answered, 2).await, b"\0d");
    assert_eq!(answered.counts().received, 7);
}
