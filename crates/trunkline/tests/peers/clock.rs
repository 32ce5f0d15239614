//! The time of day is set, forth and back, while calls are in progress: by `libfaketime`, in front of an instance whose
//! other clocks go on evenly.

use std::fs;

use rustix::process::Signal;

use crate::stage::{FarEnd, Process, Stage, Wire, command, free_address, unpacked};

const LIBRARY: &str = "usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Sets the instance's time of day, so much from ours.
fn set(stage: &Stage, offset: &str) {
    // In one step: it may be read at any moment.
    let new = stage.write("time.new", format!("{offset}\n"));
    fs::rename(new, stage.path("time")).expect("our own files");
}

/// What a command beside the instance says.
fn ask(stage: &Stage, arguments: &[&str]) -> String {
    let output = command(env!("CARGO_BIN_EXE_trunkline"))
        .args(arguments)
        .current_dir(stage.path(""))
        .output()
        .expect("a command");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asks until an answer is right.
fn until(stage: &Stage, arguments: &[&str], is_right: impl Fn(&str) -> bool) -> String {
    let end = std::time::Instant::now() + crate::stage::PATIENCE;
    loop {
        let answer = ask(stage, arguments);
        if is_right(&answer) {
            return answer;
        }
        assert!(std::time::Instant::now() < end, "{arguments:?}: {answer}");
    }
}

fn log_in(address: std::net::SocketAddr, name: &str, password: &str) -> Wire {
    let mut caller = Wire::call(address);
    caller.expect("login: ");
    caller.send(format!("{name}\r"));
    caller.expect("Password: ");
    caller.send(format!("{password}\r"));
    caller
}

fn member(call: &str, name: &str) -> f64 {
    let (_, rest) = call.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{call}"));
    let value = rest.split([',', '}']).next().expect("a value");
    value.parse().unwrap_or_else(|_| panic!("{name}: {value}"))
}

#[test]
fn a_time_of_day_that_is_set_ends_no_call_frees_nobody_and_stretches_no_record() {
    let stage = Stage::new();
    let (exchange, equipment) = (free_address(), free_address());
    let far = FarEnd::new();
    let secret = stage.write("password", "secret");
    fs::set_permissions(secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    let text = format!(
        "[exchange]\nstore = \"calls.db\"\nroot-programs = \"allow\"\n\
         [exchange.penalties]\nexempt = []\nfailed-login = \"0s\"\nno-login = \"0s\"\n\
         [exchange.lock-out]\ntries = 2\nwithin = \"10m\"\nfirst = \"1h\"\n\
         [[exchange.listen]]\naddress = \"{exchange}\"\n\
         [[account]]\nname = \"site\"\npassword = \"file:password\"\nservice = \"echo\"\nidle = \"1h\"\nlongest = \"2h\"\n\
         [[account]]\nname = \"other\"\npassword = \"file:password\"\nservice = \"echo\"\n\
         [[line]]\nname = \"desk\"\ntcp = \"{equipment}\"\n"
    );
    stage.write("trunkline.toml", text);
    set(&stage, "+0");
    let mut run = command(env!("CARGO_BIN_EXE_trunkline"));
    run.arg("run").current_dir(stage.path(""));
    run.env("LD_PRELOAD", unpacked("libfaketime", LIBRARY));
    run.env("FAKETIME_TIMESTAMP_FILE", stage.path("time")).env("FAKETIME_NO_CACHE", "1");
    run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    let trunkline = Process::start("trunkline", &mut run);
    trunkline.log().expect("ready: ");

    let mut caller = log_in(exchange, "site", "secret");
    caller.send("one");
    caller.expect("one");
    let mut desk = Wire::call(equipment);
    desk.send(format!("ATE0DT{}\r", far.address()));
    let mut called = far.answer();
    desk.expect("CONNECT");
    desk.expect("\r\n");
    // `other` is closed to this source from then on.
    for _ in 0..2 {
        log_in(exchange, "other", "wrong").expect("incorrect");
    }
    for (step, word) in [("+400d", "two"), ("-400d", "three"), ("+0", "four")] {
        set(&stage, step);
        caller.send(word);
        caller.expect(word);
        desk.send(word);
        called.expect(word);
        log_in(exchange, "other", "secret").expect("incorrect");
    }
    set(&stage, "-400d");
    drop((caller, called));
    desk.expect("NO CARRIER");
    let over = until(&stage, &["calls", "--json", "--limit", "all"], |answer| {
        answer.lines().filter(|call| call.contains("\"cause\":")).count() == 2 + 2 + 3
    });
    for call in over.lines() {
        assert!(member(call, "seconds") < 600.0, "it lasted minutes at most: {call}");
    }
    let text = trunkline.log().text();
    assert!(!text.contains("panicked") && !text.contains("WARN  the store"), "{text}");
    rustix::process::kill_process(trunkline.id(), Signal::TERM).expect("it runs");
    trunkline.log().expect("ended");
}
