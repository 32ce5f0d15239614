//! FTP, with vsftpd.

use std::fs;

use super::daemons::vsftpd;
use super::{Equipment, LARGE};
use crate::stage::{Stage, assert_same_bytes, random};

#[test]
fn files_go_to_vsftpd_and_come_back_byte_for_byte() {
    let stage = Stage::new();
    let (server, port) = vsftpd(&stage);
    let mut equipment = Equipment::new(&stage);
    equipment.says(
        &format!("AT+WIPCREATE=4,1,\"127.0.0.1\",{port},\"ftp\",\"me@example\""),
        "\r\nOK\r\n\r\n+WIPREADY: 4,1\r\n",
    );
    equipment.says("AT+WIPOPT=4,1,1,40", "\r\n+WIPOPT: 4,40,0\r\n\r\nOK\r\n");
    equipment.ok("AT+WIPOPT=4,1,2,40,1");
    equipment.says("AT+WIPOPT=4,1,1,40", "\r\n+WIPOPT: 4,40,1\r\n\r\nOK\r\n");

    let all: Vec<u8> = (0..=255).collect();
    for (name, file) in [("all", all), ("empty", Vec::new()), ("large", random(LARGE))] {
        equipment.puts(&format!("AT+WIPFILE=4,1,2,\"up/{name}\""), &file);
        let kept = fs::read(stage.path("ftp/up").join(name)).expect("the file");
        assert_same_bytes(&file, &kept, name);
        equipment.gets(&format!("AT+WIPFILE=4,1,1,\"up/{name}\""), &file);
    }

    let list = equipment.reads("AT+WIPFILE=4,1,4,\"up\"");
    assert!(list.lines().count() == 3 && list.contains("large"), "{list}");
    equipment.ok("AT+WIPFILE=4,1,3,\"up/all\"");
    assert!(!stage.path("ftp/up/all").exists());
    equipment.says("AT+WIPFILE=4,1,3,\"up/all\"", "\r\n+CME ERROR: 863\r\n");
    equipment.says("AT+WIPFILE=4,1,1,\"up/all\"", "\r\n+CME ERROR: 841\r\n");

    // In the other representation a server may change line ends; text without any stays.
    equipment.ok("AT+WIPOPT=4,1,2,40,0");
    equipment.puts("AT+WIPFILE=4,1,2,\"up/text\"", b"one line");
    equipment.gets("AT+WIPFILE=4,1,1,\"up/text\"", b"one line");
    equipment.says("AT+WIPCLOSE=4,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 4,1\r\n");
    drop(server);
}

#[test]
fn files_pass_by_connections_that_vsftpd_makes() {
    let stage = Stage::new();
    let (_server, port) = vsftpd(&stage);
    let mut equipment = Equipment::new(&stage);
    equipment.says(
        &format!("AT+WIPCREATE=4,1,\"127.0.0.1\",{port},\"ftp\",\"me@example\""),
        "\r\nOK\r\n\r\n+WIPREADY: 4,1\r\n",
    );
    equipment.ok("AT+WIPOPT=4,1,2,40,1;+WIPOPT=4,1,2,41,0");
    equipment.says("AT+WIPOPT=4,1,1,41", "\r\n+WIPOPT: 4,41,0\r\n\r\nOK\r\n");
    let all: Vec<u8> = (0..=255).collect();
    for (name, file) in [("all", all), ("empty", Vec::new()), ("large", random(LARGE))] {
        equipment.puts(&format!("AT+WIPFILE=4,1,2,\"up/{name}\""), &file);
        let kept = fs::read(stage.path("ftp/up").join(name)).expect("the file");
        assert_same_bytes(&file, &kept, name);
        equipment.gets(&format!("AT+WIPFILE=4,1,1,\"up/{name}\""), &file);
    }
    let list = equipment.reads("AT+WIPFILE=4,1,4,\"up\"");
    assert!(list.lines().count() == 3 && list.contains("large"), "{list}");
    equipment.says("AT+WIPFILE=4,1,1,\"up/none\"", "\r\n+CME ERROR: 841\r\n");
    // And back again.
    equipment.ok("AT+WIPOPT=4,1,2,41,1");
    equipment.gets("AT+WIPFILE=4,1,1,\"up/empty\"", b"");
    equipment.says("AT+WIPCLOSE=4,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 4,1\r\n");
}

#[test]
fn a_session_with_vsftpd_and_each_of_its_data_connections_is_a_call_on_record() {
    let stage = Stage::new();
    let (_server, port) = vsftpd(&stage);
    let mut equipment = Equipment::new(&stage);
    equipment.says(
        &format!("AT+WIPCREATE=4,1,\"127.0.0.1\",{port},\"ftp\",\"me@example\""),
        "\r\nOK\r\n\r\n+WIPREADY: 4,1\r\n",
    );
    equipment.ok("AT+WIPOPT=4,1,2,40,1");
    let file = random(1234);
    equipment.puts("AT+WIPFILE=4,1,2,\"up/file\"", &file);
    // One that the server makes.
    equipment.ok("AT+WIPOPT=4,1,2,41,0");
    equipment.gets("AT+WIPFILE=4,1,1,\"up/file\"", &file);
    equipment.says("AT+WIPCLOSE=4,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 4,1\r\n");

    let session = format!("\"party\":\"127.0.0.1:{port}\"");
    // Calls are shown before they are over, and their ends are written when the disk takes them.
    let three_over = |calls: &str| calls.matches("\"cause\":").count() == 3;
    let calls =
        equipment.trunkline.ask_until_such(&["calls", "--json"], "that three are over", three_over);
    let all: Vec<&str> = calls.lines().collect();
    assert_eq!(all.len(), 3, "{calls}");
    let with = |parts: &[&str]| {
        all.iter().filter(|call| parts.iter().all(|part| call.contains(part))).count()
    };
    assert_eq!(with(&[&session, "\"direction\":\"out\"", "\"over\":\"tcp\""]), 1, "{calls}");
    assert_eq!(with(&["\"direction\":\"out\"", "\"sent\":1234,"]), 1, "{calls}");
    assert_eq!(with(&["\"direction\":\"in\"", "\"received\":1234,"]), 1, "{calls}");
}

#[test]
fn what_is_typed_before_vsftpd_has_let_us_in_waits_and_an_escape_gives_a_file_up() {
    let stage = Stage::new();
    let (_server, port) = vsftpd(&stage);
    fs::write(stage.path("ftp/file"), random(LARGE)).expect("a file");
    let mut equipment = Equipment::new(&stage);
    // A client that waits for OK alone.
    equipment
        .ok(&format!("AT+WIPCREATE=4,1,\"127.0.0.1\",{port},\"ftp\",\"x\";+WIPOPT=4,1,2,40,1"));
    equipment.wire.send("AT+WIPFILE=4,1,1,\"file\"\r");
    equipment.wire.expect("\r\nCONNECT\r\n");
    equipment.wire.receive(1000);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    equipment.wire.send("+++");
    equipment.wire.expect("\r\nOK\r\n");
    // What could not be said before.
    equipment.wire.expect_only("\r\n+WIPREADY: 4,1\r\n");
    // The session is as good as before.
    equipment.puts("AT+WIPFILE=4,1,2,\"up/after\"", b"all is well\x03\x10");
    equipment.gets("AT+WIPFILE=4,1,1,\"up/after\"", b"all is well\x03\x10");

    equipment.says("AT+WIPCLOSE=4,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 4,1\r\n");
    // Nobody else is let in.
    equipment.says(
        &format!("AT+WIPCREATE=4,1,\"127.0.0.1\",{port},\"somebody\",\"x\""),
        "\r\nOK\r\n\r\n+CME ERROR: 861\r\n",
    );
}
