//! Modbus: pymodbus and mbpoll (libmodbus) as clients of a gateway, pymodbus as the units behind it, and as the
//! judge of what goes onto the wire.

mod agreement;
mod dice;
mod framers;
mod libmodbus;
mod libmodbus_tests;
mod twin;

use std::net::SocketAddr;
use std::time::Instant;

use crate::stage::{PATIENCE, Process, Setting, Stage, command, free_address, installed};

fn python(stage: &Stage) -> std::process::Command {
    let script = stage.write("modbus.py", include_str!("modbus.py"));
    // The system's interpreter: pymodbus is its package.
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script);
    command
}

/// Two ends of a cable: the units are on the first.
fn cable(stage: &Stage) -> Process {
    let end = |name: &str| format!("pty,raw,echo=0,link={}", stage.path(name).display());
    let mut socat = command(installed("/usr/bin/socat"));
    let socat = Process::start("socat", socat.args([end("units"), end("bus")]));
    let begun = Instant::now();
    while !(stage.path("units").exists() && stage.path("bus").exists()) {
        assert!(begun.elapsed() < PATIENCE, "socat makes no cable");
        std::thread::yield_now();
    }
    socat
}

fn units(stage: &Stage, framing: &str, place: &str) -> Process {
    let units = Process::start("units", python(stage).args(["serve", framing, place]));
    units.log().expect("serving");
    units
}

/// Asks until the units behind the gateway are there; pymodbus says that it serves before it does.
fn wait_for_units(stage: &Stage, gateway: SocketAddr) {
    let begun = Instant::now();
    let read = ["modbus", "guess", "--unit", "17", "--read", "i:1+2", "--from"];
    loop {
        let mut guess = command(env!("CARGO_BIN_EXE_trunkline"));
        let guess = guess.args(read).arg(format!("tcp://{gateway}")).current_dir(stage.path(""));
        if guess.output().expect("a command").status.success() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody answers");
    }
}

#[test]
fn pymodbus_and_libmodbus_reach_pymodbus_units_through_a_gateway() {
    for framing in ["rtu", "ascii"] {
        let stage = Stage::new();
        let _cable = cable(&stage);
        let _units = units(&stage, framing, &stage.path("units").to_string_lossy());
        let gateway = free_address();
        let device = stage.path("bus");
        let _trunkline = Setting::new(&stage)
            .tables(&format!(
                "[[gateway]]\nname = \"bus\"\nlisten = \"{gateway}\"\nframing = \"{framing}\"\n\
                 serial = {{ device = \"{}\", speed = 115200 }}\n\n",
                device.display()
            ))
            .run();
        wait_for_units(&stage, gateway);

        let port = gateway.port().to_string();
        let mut client =
            Process::start("pymodbus", python(&stage).args(["ask", "127.0.0.1", &port]));
        client.succeed();
        client.log().expect("success");

        let mut mbpoll = command(installed("/usr/bin/mbpoll"));
        mbpoll.args(["-m", "tcp", "-p", &port, "-a", "17", "-t", "3", "-r", "2", "-c", "2", "-1"]);
        let mut mbpoll = Process::start("mbpoll", mbpoll.arg("127.0.0.1"));
        mbpoll.succeed();
        mbpoll.log().expect("17142");
        mbpoll.log().expect("59769");
    }
}

#[test]
fn a_device_is_read_and_its_byte_order_guessed() {
    let stage = Stage::new();
    let address = free_address();
    let _units = units(&stage, "tcp", &address.port().to_string());
    wait_for_units(&stage, address);
    let _cable = cable(&stage);
    let device = stage.path("units");
    let _serial_units = units(&stage, "rtu", &device.to_string_lossy());
    for from in [format!("tcp://{address}"), stage.path("bus").display().to_string()] {
        let begun = Instant::now();
        let said = loop {
            let mut guess = command(env!("CARGO_BIN_EXE_trunkline"));
            guess.args(["modbus", "guess", "--unit", "17", "--read", "30002..30004", "--from"]);
            if from.starts_with('/') {
                guess.args([&from, "--speed", "115200", "--json"]);
            } else {
                guess.args([&from, "--json"]);
            }
            let output = guess.output().expect("a command");
            if output.status.success() {
                break String::from_utf8(output.stdout).expect("it is text");
            }
            assert!(begun.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&output.stderr));
        };
        let first = said.lines().next().expect("guesses");
        assert!(first.contains("\"orders\":[\"ABCD\"]") && first.contains("123.456"), "{first}");
    }
}
