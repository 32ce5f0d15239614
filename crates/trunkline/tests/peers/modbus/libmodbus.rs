//! libmodbus on both sides: its client asks a gateway, and its server is the unit behind it.

use std::path::{Path, PathBuf};

use super::{cable, wait_for_units};
use crate::stage::{Process, Setting, Stage, command, free_address, installed};

/// A program of ours that is all libmodbus.
fn built(stage: &Stage) -> PathBuf {
    let source = stage.write("libmodbus.c", include_str!("libmodbus.c"));
    let program = stage.path("libmodbus");
    let mut cc = command(installed("/usr/bin/cc"));
    cc.args(["-Wall", "-I/usr/include/modbus", "-o"]).arg(&program).arg(source).arg("-lmodbus");
    Process::start("cc", &mut cc).succeed();
    program
}

fn run(program: &Path, arguments: &[&str]) -> Process {
    Process::start("libmodbus", command(program).args(arguments))
}

#[test]
fn libmodbus_reaches_libmodbus_through_a_gateway() {
    let stage = Stage::new();
    let program = built(&stage);
    for framing in ["rtu", "tcp"] {
        let (listen, unit) = (free_address(), free_address());
        let (_cable, place, bus);
        if framing == "rtu" {
            _cable = cable(&stage);
            place = stage.path("units").display().to_string();
            let device = stage.path("bus");
            bus = format!(
                "serial = {{ device = \"{}\", speed = 115200, format = \"8N1\" }}",
                device.display()
            );
        } else {
            place = unit.port().to_string();
            bus = format!("tcp = \"{unit}\"");
        }
        let server = run(&program, &["serve", framing, &place]);
        server.log().expect("serving");
        let _trunkline = Setting::new(&stage)
            .tables(&format!(
                "[[gateway]]\nname = \"bus\"\nlisten = \"{listen}\"\nframing = \"{framing}\"\n{bus}\n\n"
            ))
            .run();
        wait_for_units(&stage, listen);
        let mut client = run(&program, &["ask", &listen.port().to_string(), framing]);
        client.succeed();
        client.log().expect("success");
    }
}
