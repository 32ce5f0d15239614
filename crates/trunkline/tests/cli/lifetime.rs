//! Beginning and ending.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::stage::{Equipment, PATIENCE, Stage, call, exchange, hear, trunkline};

const LINE: &str = "[[line]]\nname = \"a\"\npty = \"a\"\n";

#[test]
fn sigterm_ends_calls_in_order_and_programs_with_them() {
    let program = "\"/bin/sh\", \"-c\", \"trap 'echo goodbye > ended; exit' HUP; echo up; while :; do read x; done\"";
    let mut configuration = exchange(program);
    let mut stage = Stage::new("");
    configuration.push_str(&format!("directory = \"{}\"\n{LINE}", stage.folder.path().display()));
    stage.write("trunkline.toml", &configuration);
    stage.start(&["run", "--log", "debug"]);
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "guest", "secret");
    a.expect("up");
    stage.signal(Signal::TERM);
    stage.wait_for("cause=shutting-down");
    assert!(stage.ended().success());
    assert_eq!(std::fs::read_to_string(stage.path("ended")).unwrap(), "goodbye\n");
    assert!(!stage.path("a").is_symlink(), "the terminal's name is gone");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    // The program ignores SIGHUP and SIGTERM, so ending in order takes ten seconds.
    let stubborn = "\"/bin/sh\", \"-c\", \"trap '' HUP TERM; echo up; while :; do sleep 1; done\"";
    let mut stage = Stage::run(&format!("{}{LINE}", exchange(stubborn)));
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "guest", "secret");
    a.expect("up");
    stage.signal(Signal::INT);
    stage.wait_for("ending");
    stage.signal(Signal::INT);
    stage.wait_for("ended at once");
    assert!(stage.ended().success());
}

#[test]
fn a_modem_without_a_configuration_ends_with_its_terminal() {
    let mut stage = Stage::new("");
    stage.start(&["modem", "--pty", "m"]);
    stage.signal(Signal::HUP);
    stage.wait_for("ending");
    assert!(stage.ended().success());
}

#[test]
fn a_service_manager_is_told_of_every_change() {
    let mut stage = Stage::new(LINE);
    let socket = UnixDatagram::bind(stage.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let notified = || {
        let mut buf = [0; 512];
        let count = socket.recv(&mut buf).unwrap();
        String::from_utf8_lossy(&buf[..count]).into_owned()
    };
    let mut run = trunkline(stage.folder.path());
    stage.start_command(run.arg("run").env("NOTIFY_SOCKET", stage.path("notify")));
    assert_eq!(notified(), "READY=1\nSTATUS=1 line");
    stage.write("trunkline.toml", &format!("{LINE}[[line]]\nname = \"b\"\npty = \"b\"\n"));
    stage.signal(Signal::HUP);
    assert!(notified().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(notified(), "READY=1\nSTATUS=2 lines");
    stage.signal(Signal::TERM);
    assert_eq!(notified(), "STOPPING=1");
    assert!(stage.ended().success());
}

#[test]
fn under_systemd_the_log_has_priorities_and_no_time() {
    let mut stage = Stage::new(LINE);
    let mut run = trunkline(stage.folder.path());
    stage.start_command(run.arg("run").env("JOURNAL_STREAM", "8:1"));
    stage.wait_for("<6>ready: 1 line");
    assert!(stage.stop().success());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let stage = Stage::new(&exchange("\"/bin/cat\"").replace("127.0.0.1:0", &address));
    let refused = stage.command(&["run"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains(&address), "{said}");
}

#[test]
fn answer_prints_the_password_it_made_and_lets_the_caller_in() {
    use std::process::Stdio;
    let mut stage = Stage::new("");
    let mut answer = trunkline(stage.folder.path());
    answer.args([
        "answer",
        "--listen",
        "127.0.0.1:0",
        "--program",
        "/bin/cat -u",
        "--on",
        "pipe",
        "--allow-root",
    ]);
    stage.start_command(answer.stdout(Stdio::piped()));
    stage.wait_for("ready: ");
    let mut printed = BufReader::new(stage.child().stdout.take().unwrap()).lines();
    assert_eq!(printed.next().unwrap().unwrap(), "login: guest");
    let password = printed.next().unwrap().unwrap().strip_prefix("Password: ").unwrap().to_owned();

    let mut caller = call(stage.exchange());
    for (prompt, typed) in [("login: ", "guest"), ("Password: ", password.as_str())] {
        hear(&mut caller, prompt);
        write!(caller, "{typed}\r").unwrap();
    }
    // What is sent early waits for the program.
    write!(caller, "hello").unwrap();
    hear(&mut caller, "hello");
    assert!(stage.stop().success());
}
