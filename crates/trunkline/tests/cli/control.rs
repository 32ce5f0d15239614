//! The control socket, and the commands that use it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::stage::{Equipment, PATIENCE, Stage, exchange, trunkline};

const LINE: &str = "[[line]]\nname = \"a\"\npty = \"a\"\n";

fn in_a_call() -> (Stage, Equipment) {
    let stage = Stage::run(&format!("{}{LINE}", exchange("\"/bin/cat\"")));
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "guest", "secret");
    a.echoed("hello");
    (stage, a)
}

fn connect(stage: &Stage) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(stage.path("trunkline.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    BufReader::new(stream)
}

fn asked(connection: &mut BufReader<UnixStream>, request: &str) -> String {
    connection.get_mut().write_all(format!("{request}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_line(&mut answer).unwrap();
    answer
}

#[test]
fn lines_and_calls_show_who_is_on_the_line() {
    let (stage, _a) = in_a_call();
    let lines = stage.ask(&["lines"]);
    assert!(lines.starts_with("LINE  STATE   PERSONA"), "{lines}");
    assert!(lines.contains("a     online  hayes"), "{lines}");
    let calls = stage.ask_until(&["calls"], "guest");
    assert_eq!(calls.lines().count(), 3, "the call is seen from both of its ends:\n{calls}");
    let json = stage.ask(&["calls", "--json"]);
    assert!(
        json.lines().all(|line| line.starts_with("{\"call\":\"") && line.ends_with('}')),
        "{json}"
    );
    assert!(json.contains("\"account\":\"guest\""), "{json}");
    assert!(!json.contains("\"cause\""), "nothing has ended yet: {json}");
}

#[test]
fn hangup_ends_the_call_of_a_line_with_its_cause_on_record() {
    let (stage, mut a) = in_a_call();
    assert!(stage.ask(&["hangup", "a"]).starts_with("line `a` hangs up on 127.0.0.1:"));
    a.expect("NO CARRIER");
    stage.ask_until(&["calls"], "operator");
    let again = stage.command(&["hangup", "a"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("line `a` has no call"));
}

#[test]
fn a_line_is_taken_out_of_service_and_put_back() {
    let (stage, _a) = in_a_call();
    assert_eq!(stage.ask(&["busyout", "a", "on"]), "line `a` is busied out\n");
    assert!(stage.ask(&["lines", "--json"]).contains("\"service\":\"busied out\""));
    assert!(stage.ask(&["lines"]).contains("online, busied out"));
    assert_eq!(stage.ask(&["busyout", "a", "off"]), "line `a` is in service\n");
    assert!(stage.ask(&["lines", "--json"]).contains("\"service\":\"in service\""));
    assert!(!stage.ask(&["lines"]).contains("service"));
    let nobody = stage.command(&["busyout", "nobody", "on"]);
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.contains("neither a line nor a modem `nobody`"), "{said}");
    assert_eq!(stage.command(&["busyout", "a", "maybe"]).status.code(), Some(2));
}

#[test]
fn hangup_ends_a_call_of_the_exchange_by_its_number() {
    let (stage, mut a) = in_a_call();
    let calls = stage.ask_until(&["calls"], "guest");
    let number =
        calls.lines().find(|line| line.contains("guest")).unwrap().split(' ').next().unwrap();
    stage.ask(&["hangup", number]);
    a.expect("NO CARRIER");
    let nobody = stage.command(&["hangup", "nobody"]);
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.contains("neither a line nor a call `nobody`; lines are a"), "{said}");
}

#[test]
fn trace_shows_what_passes_until_its_reader_leaves() {
    let stage = Stage::run(LINE);
    let mut a = Equipment::open(&stage.path("a"));
    let mut trace =
        trunkline(stage.folder.path()).args(["trace", "a"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(trace.stdout.take().unwrap()).lines();
    // The trace begins at a moment of its own: type until it has.
    let mut watched = false;
    std::thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            while stopped.recv_timeout(std::time::Duration::from_millis(50)).is_err() {
                a.command("ATE0", "OK");
            }
        });
        watched = shown.any(|line| line.unwrap().contains("41 54 45 30 0d"));
        stop.send(()).unwrap();
    });
    assert!(watched);
    trace.kill().unwrap();
    trace.wait().unwrap();
    let missing = stage.command(&["trace", "b"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no line `b`; lines are a"));
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_instance() {
    let mut stage = Stage::run(LINE);
    let socket = stage.path("trunkline.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(stage.stop().success());
    assert!(!socket.exists());
    let nobody = stage.command(&["lines"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no instance is running here"));
}

#[test]
fn a_second_instance_leaves_the_socket_to_the_first_and_a_dead_one_is_replaced() {
    let stage = Stage::run(LINE);
    let second = stage.command(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another instance is running"), "{said}");
    assert!(stage.ask(&["lines"]).contains("\na "));

    let dead = stage.path("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let mut other = Stage::new(&format!(
        "control = \"{}\"\n[[line]]\nname = \"b\"\npty = \"b\"\n",
        dead.display()
    ));
    other.start(&["run"]);
    assert!(other.ask(&["lines"]).contains("\nb "));
}

#[test]
fn several_requests_go_over_one_connection_and_nonsense_is_told_so() {
    let stage = Stage::run(LINE);
    let mut connection = connect(&stage);
    assert!(asked(&mut connection, "dance").contains("\"end\":\"failed\",\"error\":\"not JSON"));
    assert!(
        asked(&mut connection, "{\"do\":\"dance\"}")
            .contains("lines, calls, hang-up, trace, modems, busy-out, reload")
    );
    assert!(asked(&mut connection, "{\"do\":\"hang-up\"}").contains("`call` is missing"));
    assert!(asked(&mut connection, "{\"do\":\"lines\"}").contains("\"line\":\"a\""));
    let mut end = String::new();
    connection.read_line(&mut end).unwrap();
    assert_eq!(end, "{\"end\":\"ok\"}\n");
}

#[test]
fn a_request_without_an_end_is_cut_off() {
    let stage = Stage::run(LINE);
    let mut connection = connect(&stage);
    // The instance may hang up before it has all of it.
    let _ = connection.get_mut().write_all(&vec![b'x'; 1 << 20]);
    let mut rest = Vec::new();
    let _ = connection.read_to_end(&mut rest);
    assert!(rest.is_empty());
    assert!(stage.ask(&["lines"]).contains("\na "));
}

#[test]
fn more_clients_than_places_are_turned_away_and_the_others_served() {
    let stage = Stage::run(LINE);
    let mut connections: Vec<_> = (0..32).map(|_| connect(&stage)).collect();
    // Each is served before the next knocks, so none of them can be the one that is turned away.
    for connection in &mut connections {
        assert!(asked(connection, "{\"do\":\"dance\"}").contains("failed"));
    }
    let mut late = connect(&stage);
    let mut answer = String::new();
    late.read_line(&mut answer).unwrap();
    assert!(answer.contains("too many connections"), "{answer}");
    drop(connections);
    // Their places come free when the instance has noticed.
    let end = std::time::Instant::now() + PATIENCE;
    while !stage.command(&["lines"]).status.success() {
        assert!(std::time::Instant::now() < end);
    }
}
