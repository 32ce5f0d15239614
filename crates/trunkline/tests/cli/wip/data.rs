//! Bytes: all of them, both ways, in both modes, and through every end of a connection.

use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};

use super::servers::{Server, hears, hears_the_end, read, resets, says};
use super::{Client, Echo, Pace};
use crate::ports::free_address;
use crate::stage::{PATIENCE, Stage};

const OK: &str = "\r\nOK\r\n";

/// A client with an open socket.
fn connected(persona: &str) -> (Client, TcpStream) {
    connected_with(&["--persona", persona])
}

fn connected_with(args: &[&str]) -> (Client, TcpStream) {
    let mut client = Client::with(args, Echo::Off, Pace::AtOnce);
    client.attach();
    let server = Server::new();
    client.row(
        &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r", server.port()),
        "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
    );
    let far = server.accept();
    (client, far)
}

fn all_bytes() -> Vec<u8> {
    (0..=255).collect()
}

fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let escaped = |byte: &u8| matches!(byte, 0x03 | 0x10);
    bytes.iter().flat_map(|byte| escaped(byte).then_some(0x10).into_iter().chain([*byte])).collect()
}

#[test]
fn all_values_pass_both_ways_in_both_modes() {
    let (mut client, mut far) = connected("wavecom-q26");
    client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
    client.send(&stuffed(&all_bytes()));
    hears(&mut far, &all_bytes());
    says(&mut far, &all_bytes());
    client.exact(&stuffed(&all_bytes()));
    client.escape(OK);
    client.row("AT+WIPDATA=2,1,2\r", "\r\nCONNECT\r\n");
    client.send(&all_bytes());
    hears(&mut far, &all_bytes());
    says(&mut far, &all_bytes());
    client.exact(&all_bytes());
    client.escape(OK);
}

#[test]
fn an_etx_ends_our_half_and_the_answer_still_comes() {
    let (mut client, mut far) = connected("wavecom-q24");
    client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
    client.send(b"request\x03");
    hears(&mut far, b"request");
    hears_the_end(&mut far);
    says(&mut far, b"answer");
    drop(far);
    client.exact(b"answer\x03\r\nSHUTDOWN\r\n");
    client.escape(OK);
    client.ok("AT+WIPCLOSE=2,1");
}

#[test]
fn a_reset_ends_data_mode_with_its_reason() {
    let (mut client, far) = connected("wavecom-q24");
    client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
    resets(far);
    client.exact(b"\x03\r\n+CME ERROR: 843\r\n");
    client.row("AT+WIPDATA=2,1,1\r", "\r\n+CME ERROR: 843\r\n");
    client.ok("AT+WIPCLOSE=2,1");
}

#[test]
fn nobody_at_the_port_and_nobody_of_that_name_are_told_after_ok() {
    let mut client = Client::of("wavecom-q26", Echo::Off, Pace::AtOnce);
    client.attach();
    let port = free_address().port();
    client.row(
        &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{port}\r"),
        "\r\nOK\r\n\r\n+CME ERROR: 842\r\n",
    );
    client.row("AT+WIPCREATE=2,1,\"nobody.invalid\",80\r", "\r\nOK\r\n\r\n+CME ERROR: 842\r\n");
    client.row("AT+WIPCLOSE=2,1\r", "\r\n+CME ERROR: 831\r\n");
}

#[test]
fn what_equipment_does_not_ask_for_holds_its_sender_back_and_all_of_it_comes() {
    let (mut client, mut far) = connected("wavecom-q26");
    let sent: Vec<u8> = (0..2_000_000_u32).map(|n| (n ^ (n >> 9)) as u8).collect();
    let writer = std::thread::spawn({
        let sent = sent.clone();
        move || {
            far.write_all(&sent).unwrap();
            far
        }
    });
    // Whatever number it tells is a hint.
    client.exact(b"\r\n+WIPDATA: 2,1,");
    while client.read(1) != b"\n" {}
    client.row("AT+WIPDATA=2,1,2\r", "\r\nCONNECT\r\n");
    assert!(client.read(sent.len()) == sent, "bytes were lost or changed");
    let mut far = writer.join().unwrap();
    client.send(b"thanks");
    hears(&mut far, b"thanks");
}

#[test]
fn equipment_that_was_held_back_goes_on_when_its_peer_reads_and_says_nothing() {
    let (mut client, mut far) = connected("wavecom-q26");
    client.row("AT+WIPDATA=2,1,2\r", "\r\nCONNECT\r\n");
    // More than all buffers on the way have.
    let sent: Vec<u8> = (0..12_000_000_u32).map(|n| (n ^ (n >> 9)) as u8).collect();
    let count = sent.len();
    let reader = std::thread::spawn(move || read(&mut far, count));
    client.both(&sent, 0);
    assert!(reader.join().unwrap() == sent, "bytes of the equipment were lost or changed");
}

#[test]
fn both_directions_at_once_do_not_wait_for_each_other() {
    let (mut client, mut far) = connected("wavecom-q26");
    client.row("AT+WIPDATA=2,1,2\r", "\r\nCONNECT\r\n");
    let sent: Vec<u8> = (0..400_000_u32).map(|n| (n ^ (n >> 7)) as u8).collect();
    let mut writing = far.try_clone().unwrap();
    let there = sent.clone();
    let writer = std::thread::spawn(move || writing.write_all(&there).unwrap());
    let count = sent.len();
    let reader = std::thread::spawn(move || read(&mut far, count));
    let heard = client.both(&sent, sent.len());
    assert!(heard == sent, "bytes to the equipment were lost or changed");
    assert!(reader.join().unwrap() == sent, "bytes of the equipment were lost or changed");
    writer.join().unwrap();
}

#[test]
fn a_server_gives_its_connections_indexes_and_turns_away_those_beyond() {
    let mut client = Client::of("wavecom-q26", Echo::Off, Pace::AtOnce);
    client.attach();
    let port = free_address().port();
    client.ok(&format!("AT+WIPCREATE=3,1,{port},5,6"));
    client.row("AT+WIPCREATE=2,5,\"127.0.0.1\",9\r", "\r\n+CME ERROR: 845\r\n");
    client.row("AT+WIPOPT=3,1,1,0\r", &format!("\r\n+WIPOPT: 3,0,{port}\r\n\r\nOK\r\n"));
    let call = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let mut first = call();
    client.exact(b"\r\n+WIPACCEPT: 1,5\r\n");
    let _second = call();
    client.exact(b"\r\n+WIPACCEPT: 1,6\r\n");
    // The reset may come before connecting is over.
    if let Ok(mut third) = TcpStream::connect(("127.0.0.1", port)) {
        third.set_read_timeout(Some(PATIENCE)).unwrap();
        let turned_away = std::io::Read::read(&mut third, &mut [0; 1]);
        assert!(matches!(turned_away, Ok(0) | Err(_)), "the range is full: {turned_away:?}");
    }
    says(&mut first, b"hello");
    client.exact(b"\r\n+WIPDATA: 2,5,5\r\n");
    client.row("AT+WIPDATA=2,5,1\r", "\r\nCONNECT\r\n");
    client.exact(b"hello");
    client.send(b"there");
    hears(&mut first, b"there");
    client.escape(OK);
    client.ok("AT+WIPCLOSE=2,5");
    hears_the_end(&mut first);
    client.ok("AT+WIPCLOSE=3,1");
    client.row("AT+WIPCREATE=2,5,\"127.0.0.1\",9\r", "\r\n+CME ERROR: 845\r\n");
    client.ok("AT+WIPCLOSE=2,6");
}

#[test]
fn eight_sockets_of_each_kind_are_open_at_once() {
    let mut client = Client::of("wavecom-q26", Echo::Off, Pace::AtOnce);
    client.attach();
    let server = Server::new();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.set_read_timeout(Some(PATIENCE)).unwrap();
    let udp = datagrams.local_addr().unwrap().port();
    let mut far = Vec::new();
    for index in 1..=8 {
        client.row(
            &format!("AT+WIPCREATE=2,{index},\"127.0.0.1\",{}\r", server.port()),
            &format!("\r\nOK\r\n\r\n+WIPREADY: 2,{index}\r\n"),
        );
        far.push(server.accept());
        client.row(
            &format!("AT+WIPCREATE=1,{index},,\"127.0.0.1\",{udp}\r"),
            &format!("\r\nOK\r\n\r\n+WIPREADY: 1,{index}\r\n"),
        );
    }
    client.row("AT+WIPCREATE=2,9,\"127.0.0.1\",9\r", "\r\n+CME ERROR: 830\r\n");
    for (index, far) in (1..=8).zip(&mut far) {
        client.row(&format!("AT+WIPDATA=2,{index},1\r"), "\r\nCONNECT\r\n");
        client.send(&[b'0' + index]);
        hears(far, &[b'0' + index]);
        client.escape(OK);
    }
    client.row("AT+WIPDATA=1,8,1\r", "\r\nCONNECT\r\n");
    client.send(b"eight\x03");
    let mut datagram = [0; 16];
    let (length, _) = datagrams.recv_from(&mut datagram).unwrap();
    assert_eq!(&datagram[..length], b"eight");
    client.escape(OK);
    client.ok("AT+WIPCFG=0");
    far.iter_mut().for_each(hears_the_end);
}

#[test]
fn eight_servers_listen_at_once() {
    let mut client = Client::of("wavecom-q26", Echo::Off, Pace::AtOnce);
    client.attach();
    let mut callers = Vec::new();
    for index in 1..=8 {
        let port = free_address().port();
        client.ok(&format!("AT+WIPCREATE=3,{index},{port},{index},{index}"));
        callers.push(TcpStream::connect(("127.0.0.1", port)).unwrap());
        client.exact(format!("\r\n+WIPACCEPT: {index},{index}\r\n").as_bytes());
    }
}

#[test]
fn a_ping_of_this_host_is_answered() {
    let mut client = Client::of("wismo", Echo::Off, Pace::AtOnce);
    client.attach();
    client.row("AT+WIPPING=\"127.0.0.1\",2,50\r\n", OK);
    let answer = client.line();
    if answer == "+CME ERROR: 819" {
        // Neither root nor a group that may ping: that is what the host allows.
        return;
    }
    assert!(answer.starts_with("+WIPPING: 0,0,"), "{answer}");
    let answer = client.line();
    assert!(answer.starts_with("+WIPPING: 0,1,"), "{answer}");
}

#[test]
fn dialling_in_one_line_works_beside_the_sockets() {
    let (mut client, mut far) = connected("wavecom-q24");
    let other = Server::new();
    client.send(format!("ATDT127.0.0.1:{}\r", other.port()).as_bytes());
    let mut called = other.accept();
    assert!(client.line().starts_with("CONNECT"));
    client.send(b"by call");
    hears(&mut called, b"by call");
    says(&mut far, b"meanwhile");
    client.escape(OK);
    // What the socket has to say comes in command state.
    client.exact(b"\r\n+WIPDATA: 2,1,9\r\n");
    client.send(b"ATH\r");
    assert_eq!(client.line(), "OK");
    client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
    client.exact(b"meanwhile");
}

#[test]
fn a_forbidden_peer_is_unreachable() {
    let server = Server::new();
    let configuration = "state = \"state\"\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"wavecom-q26\"\n\
                         dial-access = [\"deny 127.0.0.0/8\", \"allow any\"]\n";
    let mut client = Client::run(configuration, "m");
    client.attach();
    client.row(
        &format!("AT+WIPCREATE=2,1,\"localhost\",{}\r", server.port()),
        "\r\nOK\r\n\r\n+CME ERROR: 842\r\n",
    );
    client.row(
        &format!("AT+WIPCREATE=1,1,,\"127.0.0.1\",{}\r", server.port()),
        "\r\nOK\r\n\r\n+CME ERROR: 842\r\n",
    );
}

#[test]
fn a_persona_has_its_sockets_speak_telnet_and_all_values_pass() {
    const BINARY_BOTH_WAYS: [&[u8]; 2] = [b"\xff\xfb\x00", b"\xff\xfd\x00"];
    let doubled = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().flat_map(|byte| vec![*byte; if *byte == 0xFF { 2 } else { 1 }]).collect()
    };
    let stage = Stage::new(
        "state = \"state\"\npersonas = [\"t.toml\"]\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"t\"\n",
    );
    stage.write("t.toml", "base = \"wavecom-q26\"\n[wip]\ntransport = \"telnet\"\n");
    let mut client = Client::started(stage, "m", Echo::Off, Pace::AtOnce);
    client.attach();
    let server = Server::new();
    client.row(
        &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r", server.port()),
        "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
    );
    let mut far = server.accept();
    let mut asked = Vec::new();
    while !BINARY_BOTH_WAYS.iter().all(|wish| asked.windows(3).any(|three| three == *wish)) {
        asked.extend(read(&mut far, 1));
    }
    says(&mut far, b"\xff\xfd\x00\xff\xfb\x00");
    client.row("AT+WIPDATA=2,1,2\r", "\r\nCONNECT\r\n");
    says(&mut far, &doubled(&all_bytes()));
    client.exact(&all_bytes());
    client.send(&all_bytes());
    let mut heard = Vec::new();
    while !heard.ends_with(&doubled(&all_bytes())) {
        heard.extend(read(&mut far, 1));
    }
    client.escape(OK);
}
