//! The places where equipment plugs in.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::equipment::{Far, Wire, payload, plug, start, switchboard};

#[tokio::test]
async fn a_unix_socket_is_a_modem_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("modem");
    let board = switchboard();
    let _line = start(&board, "a", &format!("unix = \"{}\"", path.display()));
    let mut dte = UnixStream::connect(&path).await.unwrap();
    dte.write_all(b"ATE0\r").await.unwrap();
    let mut heard = [0; 11];
    dte.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ATE0\r\r\nOK\r\n");
}

#[tokio::test]
async fn equipment_that_plugs_in_again_finds_nothing_stale() {
    let mut plugged = plug("").await;
    plugged.dte.say("ATE0\r").await;
    plugged.dte.hear("ATE0\r\r\nOK\r\n").await;
    drop(plugged.dte);
    while plugged.line.status().dtr {
        tokio::task::yield_now().await;
    }
    let mut dte = Wire::connect(plugged.line.place()).await;
    dte.say("AT\r").await;
    dte.hear("\r\nOK\r\n").await;
}

#[tokio::test]
async fn a_second_piece_of_equipment_is_turned_away() {
    let mut plugged = plug("").await;
    plugged.dte.say("AT\r").await;
    plugged.dte.hear_until("OK\r\n").await;
    let mut second = Wire::connect(plugged.line.place()).await;
    assert_eq!(second.rest().await, b"");
    plugged.dte.say("AT\r").await;
    plugged.dte.hear_until("OK\r\n").await;
}

#[tokio::test]
async fn an_emulator_sees_carrier_and_drops_dtr_by_ip232() {
    let far = Far::listen().await;
    let mut plugged = plug("tcp = { listen = \"127.0.0.1:0\", protocol = \"ip232\" }").await;
    plugged.dte.hear([0xFF, 0x00]).await;
    plugged.dte.say([0xFF, 0x01]).await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    let heard = {
        let mut heard = Vec::new();
        while !heard.ends_with(b"CONNECT 9600\r\n") {
            heard.push(plugged.dte.0.read_u8().await.unwrap());
        }
        heard
    };
    assert!(heard.windows(2).any(|two| two == [0xFF, 0x01]), "DCD comes before CONNECT");
    plugged.dte.say([b'x', 0xFF, 0xFF]).await;
    peer.hear([b'x', 0xFF]).await;
    peer.say([0xFF]).await;
    plugged.dte.hear([0xFF, 0xFF]).await;
    plugged.dte.say([0xFF, 0x00]).await;
    assert_eq!(peer.rest().await, b"", "DTR off hangs up");
}

#[tokio::test]
async fn a_program_on_a_pseudo_terminal_dials_and_hangs_up_by_closing_it() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let far = Far::listen().await;
    let board = switchboard();
    let line = start(&board, "a", &format!("pty = \"{}\"", link.display()));
    for _ in 0..3 {
        let link = link.clone();
        let number = far.address();
        let program = tokio::task::spawn_blocking(move || call_through(&link, &number));
        let mut peer = far.answer().await;
        peer.hear(payload()).await;
        peer.say(payload()).await;
        program.await.unwrap();
        assert_eq!(peer.rest().await, b"", "closing the terminal drops DTR");
    }
    while line.calls().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(line.calls().iter().all(|call| call.cause.code() == "dtr-drop"), "{:?}", line.calls());
}

/// A program that opens the terminal, dials, talks and closes; blocking, as such programs are.
fn call_through(link: &Path, number: &str) {
    use std::io::{Read, Write};
    let mut modem = std::fs::OpenOptions::new().read(true).write(true).open(link).unwrap();
    let until = |modem: &mut std::fs::File, end: &[u8]| {
        let mut heard = Vec::new();
        let mut byte = [0];
        while !heard.ends_with(end) {
            modem.read_exact(&mut byte).unwrap();
            heard.push(byte[0]);
        }
        heard
    };
    write!(modem, "ATE1DT{number}\r").unwrap();
    let heard = until(&mut modem, b"\r\nCONNECT 115200\r\n");
    assert!(heard.starts_with(b"ATE1DT"), "nothing stale: {}", heard.escape_ascii());
    modem.write_all(&payload()).unwrap();
    until(&mut modem, &payload());
}
