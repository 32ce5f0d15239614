//! `trunkline modem`: one line, without a file.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use crate::stage::{Equipment, PATIENCE, Stage, call, hear, trunkline};

#[test]
fn a_modem_on_a_pty_dials_and_is_called() {
    let mut stage = Stage::new("");
    let far_end = TcpListener::bind("127.0.0.1:0").unwrap();
    stage.start(&[
        "modem",
        "--pty",
        "m",
        "--listen",
        "127.0.0.1:0",
        "--init",
        "S0=0",
        "--name",
        "pump",
        "--control",
        "s",
    ]);
    let mut modem = Equipment::open(&stage.path("m"));
    modem.send(&format!("ATDT{}\r", far_end.local_addr().unwrap()));
    let (mut called, _) = far_end.accept().unwrap();
    modem.expect("CONNECT");
    called.write_all(b"hello from afar").unwrap();
    modem.expect("hello from afar");
    drop(called);
    modem.expect("NO CARRIER");

    let lines = stage.ask(&["lines", "--json", "--control", "s"]);
    let at = lines.split_once("\"listens\":[\"").unwrap().1.split_once('"').unwrap().0;
    let mut caller = call(at.parse::<SocketAddr>().unwrap());
    modem.expect("RING");
    modem.command("ATA", "CONNECT");
    caller.write_all(b"hello from a caller").unwrap();
    modem.expect("hello from a caller");
    modem.send("and back");
    let mut back = [0; 8];
    caller.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"and back");
    drop(caller);
    modem.expect("NO CARRIER");
    assert!(stage.stop().success());
}

#[test]
fn a_modem_on_standard_input_and_output_ends_with_its_input() {
    let mut stage = Stage::new("");
    let mut modem = trunkline(stage.folder.path());
    stage.start_command(
        modem.args(["modem", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()),
    );
    let mut stdin = stage.child().stdin.take().unwrap();
    stdin.write_all(b"ATE0\rATI\r").unwrap();
    let mut stdout = stage.child().stdout.take().unwrap();
    let mut heard = Vec::new();
    while heard.windows(4).filter(|window| window == b"OK\r\n").count() < 2 {
        let mut chunk = [0; 256];
        let count = stdout.read(&mut chunk).unwrap();
        assert!(count > 0, "{:?}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&chunk[..count]);
    }
    drop(stdin);
    assert!(stage.ended().success());
}

#[test]
fn a_modem_on_a_socket_uses_a_phonebook_and_its_rules() {
    let mut stage = Stage::new("");
    let far_end = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = far_end.local_addr().unwrap();
    stage.write(
        "book.toml",
        &format!("[phonebook]\n\"100\" = \"tcp://{address}\"\n\"200\" = \"tcp://127.0.0.2:9\"\n"),
    );
    stage.start(&[
        "modem",
        "--unix",
        "m",
        "--phonebook",
        "book.toml",
        "--default-call",
        "100",
        "--dial-access",
        "allow 127.0.0.1/32, default deny",
        "--persona",
        "v250",
    ]);
    let mut equipment = std::os::unix::net::UnixStream::connect(stage.path("m")).unwrap();
    equipment.set_read_timeout(Some(PATIENCE)).unwrap();
    equipment.write_all(b"ATDT200\r").unwrap();
    hear(&mut equipment, "NO CARRIER\r\n");
    equipment.write_all(b"ATD\r").unwrap();
    hear(&mut equipment, "CONNECT");
    assert!(far_end.accept().is_ok());
    assert!(stage.stop().success());
}

#[test]
fn a_modem_that_has_no_place_ends_at_once_and_promises_no_other_try() {
    let stage = Stage::new("");
    let done = stage.command(&["modem", "--pty", "no-such-folder/modem"]);
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("line `modem` can't be opened: "), "{said}");
    assert!(!said.contains("again"), "{said}");
}
