//! HTTP, with nginx, and busybox's server for a program behind a page.

use std::fs;

use super::daemons::{busybox, nginx};
use super::{Equipment, LARGE};
use crate::stage::{Stage, assert_same_bytes, random};

#[test]
fn pages_go_to_nginx_and_come_back_byte_for_byte() {
    let stage = Stage::new();
    let (_server, port) = nginx(&stage);
    let mut equipment = Equipment::new(&stage);
    equipment.says(
        &format!("AT+WIPCREATE=5,1,\"127.0.0.1\",{port}"),
        "\r\nOK\r\n\r\n+WIPREADY: 5,1\r\n",
    );
    let all: Vec<u8> = (0..=255).collect();
    for (name, file) in [("all", all), ("empty", Vec::new()), ("large", random(LARGE))] {
        equipment.puts(&format!("AT+WIPFILE=5,1,2,\"/{name}\""), &file);
        equipment.wire.expect_only("\r\n+WIPFILE: 5,1,2,201,\"Created\"\r\n");
        let kept = fs::read(stage.path("www").join(name)).expect("the page");
        assert_same_bytes(&file, &kept, name);
        equipment
            .gets(&format!("AT+WIPFILE=5,1,1,\"/{name}\",\"\",\"\",\"Accept\",\"*/*\""), &file);
        equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,200,\"OK\"\r\n");
    }
    equipment.says("AT+WIPFILE=5,1,3,\"/large\"", "\r\nOK\r\n\r\n+WIPFILE: 5,1,3,200,\"OK\"\r\n");
    equipment.says(
        "AT+WIPOPT=5,1,1,55,\"content-length\"",
        "\r\n+WIPOPT: 5,55,\"10485760\"\r\n\r\nOK\r\n",
    );
    equipment.says("AT+WIPOPT=5,1,1,54", "\r\n+WIPOPT: 5,54,200,\"OK\"\r\n\r\nOK\r\n");
    equipment
        .says("AT+WIPFILE=5,1,4,\"/all\"", "\r\nOK\r\n\r\n+WIPFILE: 5,1,4,204,\"No Content\"\r\n");
    assert!(!stage.path("www/all").exists());

    // A page that isn't there is told as such, and so is one that has moved, unless that is followed.
    assert!(equipment.reads("AT+WIPFILE=5,1,1,\"/all\"").contains("404"));
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,404,\"Not Found\"\r\n");
    fs::write(stage.path("www/page"), "here").expect("a page");
    equipment.ok("AT+WIPOPT=5,1,2,53,0");
    assert!(equipment.reads("AT+WIPFILE=5,1,1,\"/moved\"").contains("302"));
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,302,\"Moved Temporarily\"\r\n");
    equipment.ok("AT+WIPOPT=5,1,2,53,6");
    equipment.gets("AT+WIPFILE=5,1,1,\"/moved\"", b"here");
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,200,\"OK\"\r\n");

    // The older version, and a page with a password.
    equipment.ok("AT+WIPOPT=5,1,2,52,0");
    equipment.gets("AT+WIPFILE=5,1,1,\"/page\"", b"here");
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,200,\"OK\"\r\n");
    assert!(equipment.reads("AT+WIPFILE=5,1,1,\"/private\"").contains("401"));
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,401,\"Unauthorized\"\r\n");
    fs::write(stage.path("www/private"), "for me").expect("a page");
    equipment.gets("AT+WIPFILE=5,1,1,\"/private\",\"me\",\"secret\"", b"for me");
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,1,200,\"OK\"\r\n");
    equipment.says("AT+WIPCLOSE=5,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 5,1\r\n");
}

#[test]
fn what_is_posted_reaches_a_program_and_its_answer_comes_back() {
    let stage = Stage::new();
    let (_server, port) = busybox(&stage);
    stage.script("pages/cgi-bin/echo", "printf 'Content-Type: text/plain\\r\\n\\r\\n'; cat");
    let mut equipment = Equipment::new(&stage);
    equipment.says("AT+WIPCREATE=5,1", "\r\nOK\r\n\r\n+WIPREADY: 5,1\r\n");
    let url = format!("http://127.0.0.1:{port}/cgi-bin/echo");
    // This server wants to know how much comes.
    equipment.says(
        &format!("AT+WIPFILE=5,1,5,\"{url}\",\"\",\"\",\"Content-Length\",\"6\""),
        "\r\nCONNECT\r\n",
    );
    equipment.wire.send(b"a\x10\x03b\x10\x10cd\x03");
    equipment.wire.expect_only(b"a\x10\x03b\x10\x10cd\x03\r\nOK\r\n");
    equipment.wire.expect_only("\r\n+WIPFILE: 5,1,5,200,\"OK\"\r\n");
}
