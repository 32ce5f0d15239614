//! A trace as a stream.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use web::{TraceEntry, TraceWay, TraceWhat};

use crate::stage::{OPERATOR, Stage};

fn open(stage: &Stage) -> BufReader<TcpStream> {
    let mut stream = stage.connect();
    let host = stage.address;
    write!(stream, "GET /api/v1/lines/line-1/trace HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {OPERATOR}\r\n\r\n").unwrap();
    BufReader::new(stream)
}

fn wait_for(stream: &mut BufReader<TcpStream>, wanted: &str) -> String {
    let mut seen = String::new();
    let end = std::time::Instant::now() + crate::stage::PATIENCE;
    loop {
        assert!(std::time::Instant::now() < end, "{wanted} doesn't come");
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "{wanted} never came:\n{seen}");
        if line.contains(wanted) {
            return line;
        }
        seen += &line;
    }
}

#[test]
fn what_passes_is_streamed_and_the_end_is_told() {
    let stage = Stage::new("", 3);
    let mut stream = open(&stage);
    wait_for(&mut stream, "200 OK");
    wait_for(&mut stream, "text/event-stream");
    wait_for(&mut stream, "event: begin");
    let sender = stage.house.traces.lock().unwrap().pop().unwrap();
    for what in [
        TraceWhat::Bytes { way: TraceWay::In, first: b"AT\r".as_slice().into(), more: 2 },
        TraceWhat::Hidden(TraceWay::In),
        TraceWhat::Note("DTR off".into()),
        TraceWhat::Lost(7),
    ] {
        sender.blocking_send(TraceEntry { at: Duration::from_millis(1_250), what }).unwrap();
    }
    let mut entries = Vec::new();
    while entries.len() < 4 {
        let line = wait_for(&mut stream, "data: [");
        let more: Vec<serde_json::Value> =
            serde_json::from_str(line.trim().strip_prefix("data: ").unwrap()).unwrap();
        entries.extend(more);
    }
    assert_eq!(
        serde_json::Value::from(entries),
        serde_json::json!([
            {"at": 1250, "what": "bytes", "way": "in", "hex": "41540d", "more": 2},
            {"at": 1250, "what": "hidden", "way": "in"},
            {"at": 1250, "what": "note", "words": "DTR off"},
            {"at": 1250, "what": "lost", "count": 7},
        ])
    );
    drop(sender);
    wait_for(&mut stream, "event: end");
    wait_for(&mut stream, "the line has ended");
}

#[test]
fn there_are_only_so_many_traces_and_a_reader_who_leaves_makes_room() {
    let stage = Stage::new("", 3);
    let mut open_ones: Vec<_> = (0..web::limits::TRACES).map(|_| open(&stage)).collect();
    for stream in &mut open_ones {
        wait_for(stream, "event: begin");
    }
    let refused = stage.get("/api/v1/lines/line-1/trace", OPERATOR);
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    drop(open_ones);
    // The server learns of it when it next looks at the connection.
    let end = std::time::Instant::now() + crate::stage::PATIENCE;
    loop {
        let mut stream = open(&stage);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        if line.contains("200") {
            break;
        }
        assert!(std::time::Instant::now() < end, "{line}");
    }
}

#[test]
fn a_trace_keeps_nobody_logged_in_and_ends_with_the_session() {
    let stage = Stage::new("idle = \"5s\"", 3);
    let ada = stage.log_in("ada", "pass").unwrap();
    let mut stream = stage.connect();
    let (host, cookie) = (stage.address, ada.cookie);
    write!(
        stream,
        "GET /api/v1/lines/line-1/trace HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
    )
    .unwrap();
    let mut stream = BufReader::new(stream);
    wait_for(&mut stream, "event: begin");
    let sender = stage.house.traces.lock().unwrap().pop().unwrap();
    // What passes is no hand at the page either.
    std::thread::spawn(move || {
        let what = TraceWhat::Note("tick".into());
        while sender.blocking_send(TraceEntry { at: Duration::ZERO, what: what.clone() }).is_ok() {}
    });
    wait_for(&mut stream, "event: end");
    wait_for(&mut stream, "you are logged out");
}
