//! `trunkline gsm`: what an engineer is told who stands before a module that doesn't work.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::fd::AsFd as _;
use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};

use crate::ports::free_address;
use crate::stage::{Equipment, PATIENCE, Stage, trunkline};

/// An instance with one module on a pseudo-terminal, that nobody uses.
fn module(gsm: &str) -> Stage {
    of("wavecom-q26", gsm, "")
}

fn of(persona: &str, gsm: &str, more: &str) -> Stage {
    let mut stage = Stage::new(&format!(
        "{more}[[line]]\nname = \"sim-modem\"\npty = \"module\"\npersona = \"{persona}\"\n\
         gsm = {{ operator = \"Example Net\", search-ms = 50{gsm} }}\n"
    ));
    stage.write(
        "flaky.toml",
        "base = \"wavecom-q26\"\nname = \"flaky\"\n[wip]\nbearer-failure = 812\n",
    );
    stage.write("card", "7391\n");
    stage.write("puk", "12345678\n");
    stage.write("wrong", "1111\n");
    stage.start(&["run"]);
    stage
}

/// The module's port under the name that no other test has: a lock file is made of it.
fn port(stage: &Stage) -> String {
    fs::canonicalize(stage.path("module")).unwrap().to_str().unwrap().to_owned()
}

/// What is found, at the port of the stage's module or another; and whether all is in order.
fn found(stage: &Stage, port: &str, flags: &[&str]) -> (bool, String) {
    let output = stage.command(&[&["gsm", port, "--flow", "none"], flags].concat());
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.success(), text)
}

/// It says what is wrong and what to do, and fits on a screen.
fn is_told(stage: &Stage, flags: &[&str], wrong: &str, next: &str) {
    let (in_order, text) = found(stage, &port(stage), flags);
    assert!(!in_order, "{text}");
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains(wrong) && flowing.contains(next), "`{wrong}`, `{next}`: {text}");
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{text}");
}

#[test]
fn a_card_that_is_missing_or_locked_is_told_with_what_to_do() {
    is_told(&module(", sim = \"absent\""), &[], "there is no SIM in it", "put a SIM in");
    let locked = module(", pin = \"file:card\", puk = \"file:puk\"");
    is_told(&locked, &[], "the SIM wants a PIN: give --pin", "--pin file:PATH");
    is_told(&locked, &["--pin", "file:wrong"], "the SIM refuses the PIN", "Ask the SIM's owner");
    // It is not tried again, whoever asks.
    is_told(&locked, &["--pin", "file:wrong"], "the SIM refuses the PIN", "then remove");
    let mut owner = Equipment::open(&locked.path("module"));
    for _ in 0..2 {
        owner.command("ATE0;+CPIN=\"2222\"", "ERROR");
    }
    drop(owner);
    is_told(&locked, &[], "unlock it with its PUK", "The PUK came with the SIM");
}

#[test]
fn a_network_that_takes_nobody_is_told_with_what_to_do() {
    let soon = ["--within", "1s"];
    for (gsm, wrong, next) in [
        (", signal = 17, registration = \"denied\"", "the network refuses it", "Ask the operator"),
        (
            ", registration = \"searching\", signal = 99",
            "there is no signal",
            "Is the antenna connected",
        ),
    ] {
        is_told(&module(gsm), &soon, wrong, next);
    }
}

#[test]
fn a_call_that_comes_to_nothing_is_told_with_what_to_do() {
    let nobody = free_address().to_string();
    let call = ["--apn", "internet", "--call", &nobody];
    is_told(&module(""), &call, "the far end refused", "Module and network are in order");
    let flaky = of("flaky", "", "personas = [\"flaky.toml\"]\n");
    is_told(&flaky, &call, "is --apn right? (error 812)", "The operator tells");
}

#[test]
fn a_port_that_can_not_be_had_is_told_with_what_to_do() {
    let stage = Stage::new("");
    let (_, missing) = found(&stage, "/dev/serial/by-id/none", &[]);
    assert!(missing.contains("No such file") && missing.contains("There is"), "{missing}");
    stage.write("file", "");
    let file = stage.path("file");
    let (_, file) = found(&stage, file.to_str().unwrap(), &[]);
    assert!(file.contains("is not a serial port"), "{file}");

    // Somebody else at the module.
    let stage = module("");
    let port = port(&stage);
    let mut watcher = Stage::new("");
    let mut watching = trunkline(watcher.folder.path());
    watching.args(["gsm", &port, "--flow", "none", "--watch", "10m", "--log", "debug"]);
    let before = local_modes(&port);
    watching.stdout(Stdio::piped());
    watcher.start_command(&mut watching);
    watcher.wait_for("< +CSQ");
    let (_, used) = found(&stage, &port, &[]);
    assert!(used.contains("in use by process") && used.contains("(trunkline)"), "{used}");
    assert!(used.contains("End that program first"), "{used}");

    // Who has seen enough leaves the port as it was.
    watcher.signal(Signal::INT);
    let mut said = String::new();
    let mut stdout = watcher.child().stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut said).unwrap();
    assert!(said.ends_with("it was interrupted\n") && said.contains("WAVECOM MODEM"), "{said}");
    assert_eq!(watcher.ended().code(), Some(1));
    assert_eq!(local_modes(&port), before);
}

fn local_modes(port: &str) -> LocalModes {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(port, flags, Mode::empty()).unwrap();
    tcgetattr(fd.as_fd()).unwrap().local_modes
}

#[test]
fn a_module_of_another_speed_is_found_and_one_that_talks_nonsense_is_not() {
    for (right, wrong) in [(Some(9600), "it answers at 9600 bit/s"), (None, "it does not answer")] {
        let stage = Stage::new("");
        let (mut master, terminal) = Equipment::person();
        let name = rustix::termios::ttyname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let mut asking = trunkline(stage.folder.path());
        let begun = Instant::now();
        asking.args(["gsm", &name, "--flow", "none"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut asking = asking.spawn().unwrap();
        while asking.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < 4 * PATIENCE, "it has no end");
            // At any other speed it hears and says noise.
            let heard = master.hears_soon();
            let speed = tcgetattr(&terminal).unwrap().input_speed();
            match heard.as_slice() {
                b"" => {}
                _ if Some(speed) != right => master.send_bytes(b"\x80\xFE\0"),
                text if text.ends_with(b"AT\r") => master.send("\r\nOK\r\n"),
                _ => {}
            }
        }
        let mut said = String::new();
        std::io::Read::read_to_string(&mut asking.stdout.take().unwrap(), &mut said).unwrap();
        assert!(said.contains(wrong), "{said}");
        assert_eq!(said.contains("--speed 9600"), right.is_some(), "{said}");
    }
}

#[test]
fn its_power_is_switched_first_where_that_is_wanted() {
    let stage = module("");
    let switch = stage.path("switch");
    fs::write(&switch, "#!/bin/sh\necho $1 >>\"${0%/*}/switched\"\n").unwrap();
    fs::set_permissions(&switch, fs::Permissions::from_mode(0o755)).unwrap();
    let how = format!("{} off-on", switch.display());
    let (in_order, text) = found(&stage, &port(&stage), &["--power", &how]);
    assert!(in_order, "{text}");
    assert_eq!(fs::read_to_string(stage.path("switched")).unwrap(), "off-on\n");
    let (_, text) = found(&stage, &port(&stage), &["--power", "dtr"]);
    assert!(text.contains("has no DTR"), "{text}");
    let (_, text) = found(&stage, &port(&stage), &["--power", "switch"]);
    assert!(text.contains("whole path"), "{text}");
}

/// The tool before this module, with its conversation in the log.
fn looking(stage: &Stage, flags: &[&str]) -> Stage {
    let mut looker = Stage::new("");
    let mut looking = trunkline(looker.folder.path());
    looking.args(["gsm", &port(stage), "--flow", "none", "--log", "debug"]).args(flags);
    looking.stdout(Stdio::piped());
    looker.start_command(&mut looking);
    looker
}

/// What it prints, once it has ended.
fn printed(mut looker: Stage) -> String {
    let mut said = String::new();
    let mut stdout = looker.child().stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut said).unwrap();
    looker.ended();
    said
}

/// What ends a data session is said to the module.
fn is_detached(looker: &mut Stage) {
    for said in ["> AT+WIPBR=5,6", "> AT+WIPBR=0,6", "> AT+WIPCFG=0", "< OK"] {
        looker.wait_for(said);
    }
}

#[test]
fn a_data_session_is_ended_also_behind_a_call_that_failed_and_when_it_is_interrupted() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let somebody = server.local_addr().unwrap().to_string();
    let nobody = free_address().to_string();
    let stage = module("");
    // Amid its call, and amid the end of that.
    for (address, until) in
        [(&nobody, None), (&somebody, Some("< CONNECT")), (&somebody, Some("> +++"))]
    {
        let mut looker = looking(&stage, &["--apn", "internet", "--call", address]);
        if let Some(until) = until {
            looker.wait_for(until);
            looker.signal(Signal::INT);
        }
        is_detached(&mut looker);
        let said = printed(looker);
        let verdict = if until.is_some() { "it was interrupted" } else { "the far end refused" };
        assert!(said.contains(verdict) && !said.contains("may still be up"), "{said}");
    }
}

#[test]
fn who_does_not_wait_for_its_end_is_told_that_the_session_may_be_up() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let stage = module("");
    let mut looker = looking(&stage, &["--apn", "internet", "--call", &address]);
    looker.wait_for("> +++");
    looker.signal(Signal::INT);
    looker.wait_for("is left in order");
    looker.signal(Signal::INT);
    let said = printed(looker);
    assert!(said.contains("Its data session may still be up"), "{said}");
}

#[test]
fn a_program_that_switches_the_power_is_let_end_or_told_of() {
    let stage = module("");
    let [switch, gate, done] = ["switch", "gate", "done"].map(|name| stage.path(name));
    fs::write(&switch, "#!/bin/sh\ncd \"${0%/*}\"\nread x <gate\n: >done\n").unwrap();
    fs::set_permissions(&switch, fs::Permissions::from_mode(0o755)).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, Mode::RWXU).unwrap();
    // Opened both ways, it waits for nobody.
    let mut gate = fs::File::options().read(true).write(true).open(&gate).unwrap();
    for patient in [true, false] {
        let mut looker = looking(&stage, &["--power", switch.to_str().unwrap()]);
        looker.wait_for("switches the power off and on");
        looker.signal(Signal::INT);
        looker.wait_for("is waited for");
        if patient {
            gate.write_all(b"go\n").unwrap();
            let said = printed(looker);
            assert!(said.contains("it was interrupted") && !said.contains("still runs"), "{said}");
            fs::remove_file(&done).unwrap();
        } else {
            looker.signal(Signal::INT);
            let said = printed(looker);
            assert!(said.contains("The program that switches its power still runs"), "{said}");
            gate.write_all(b"go\n").unwrap();
            let end = Instant::now() + PATIENCE;
            while !done.exists() {
                assert!(Instant::now() < end, "it was ended");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn a_module_without_card_is_shown_as_that_and_one_with_a_network_by_its_name() {
    let of = |card: &str| {
        let mut stage = Stage::new(&format!(
            "[[line]]\nname = \"sim-modem\"\npty = \"module\"\npersona = \"wavecom-q26\"\n\
             gsm = {{ operator = \"Example Net\", signal = 17, search-ms = 50{card} }}\n\
             [[gsm]]\nname = \"north\"\ndevice = \"cable\"\nflow = \"none\"\nlock = \"kernel\"\n"
        ));
        std::os::unix::fs::symlink("module", stage.path("cable")).unwrap();
        stage.start(&["run"]);
        stage
    };
    let bare = of(", sim = \"absent\"");
    let listed = bare.ask_until(&["modems"], "no SIM");
    assert!(listed.contains("there is no SIM in it") && !listed.contains("silent"), "{listed}");
    of("").ask_until(&["modems"], "Example Net (home), -79 dBm");
}
