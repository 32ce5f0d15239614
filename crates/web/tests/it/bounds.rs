//! Clients that take their time, talk too much, or come in crowds.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::stage::{Stage, VIEWER};

#[test]
fn a_head_that_drips_is_cut_off_and_others_are_served_meanwhile() {
    let stage = Stage::new("", 1);
    let mut slow: Vec<_> = (0..20).map(|_| stage.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nX-").unwrap();
    }
    let began = Instant::now();
    assert_eq!(stage.get("/api/v1/summary", VIEWER).status, 200);
    for stream in &mut slow {
        let mut rest = Vec::new();
        // Cut with or without a word.
        let _ = stream.read_to_end(&mut rest);
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(29), "{took:?}");
}

#[test]
fn one_source_has_only_so_many_connections_and_gets_them_back() {
    let stage = Stage::new("", 1);
    let crowd: Vec<_> = (0..web::limits::CONNECTIONS_PER_SOURCE).map(|_| stage.connect()).collect();
    let mut late = stage.connect();
    let mut nothing = Vec::new();
    let _ = late.read_to_end(&mut nothing);
    assert!(nothing.is_empty());
    drop(crowd);
    let end = Instant::now() + crate::stage::PATIENCE;
    while stage.get("/api/v1/summary", VIEWER).status != 200 {
        assert!(Instant::now() < end);
    }
}

#[test]
fn too_long_a_body_or_head_is_refused() {
    let stage = Stage::new("", 1);
    let body = "x".repeat(web::limits::BODY_BYTES + 1);
    let form = "POST /login HTTP/1.1\nContent-Type: application/x-www-form-urlencoded";
    assert_eq!(stage.say(form, &body).status, 413);
    let head = format!("GET / HTTP/1.1\nX-Long: {}", "x".repeat(64 * 1024));
    assert_eq!(stage.say(&head, "").status, 431);
}

#[test]
fn garbage_is_answered_or_cut_and_nothing_falls_over() {
    let stage = Stage::new("", 1);
    for garbage in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"SSH-2.0-x\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = stage.connect();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
    }
    let encoded = stage.get("/api/v1/lines/%ff%00%2e%2e", VIEWER);
    assert!([400, 404].contains(&encoded.status), "{encoded:?}");
    assert_eq!(stage.get("/api/v1/summary", VIEWER).status, 200);
}

#[test]
fn a_server_that_is_dropped_leaves_its_port_at_once() {
    let stage = Stage::new("", 1);
    let _open = stage.connect();
    let address = stage.address;
    drop(stage);
    assert!(
        std::net::TcpListener::bind(address).is_ok()
            || std::net::TcpStream::connect(address).is_err()
    );
}
