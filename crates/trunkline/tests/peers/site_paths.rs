//! Stations that call over terminals which change what passes: each is found out, and its samples come all the same.

use store::{SampleValue, Store};

use crate::sites::{Unit, centre, until};
use crate::stage::{Process, Stage, command, free_address};

/// Calls over a terminal with these settings of the kernel's, until a sample has come and the unit was asked.
fn calls_over(settings: &str) {
    let stage = Stage::new();
    let (exchange, entrance) = (free_address(), free_address());
    let trunkline = centre(&stage, exchange, "[[site]]\nname = \"pump\"\nframing = \"station\"\n");
    let (_units, place) = Unit::serves(&stage, "rtu");
    let terminal = stage.path("path").display().to_string();
    let port = entrance.port();
    let _entrance = Process::start(
        "entrance",
        command("socat").args([
            format!("PTY,link={terminal},raw,echo=0"),
            format!("TCP-LISTEN:{port},bind=127.0.0.1"),
        ]),
    );
    until("the terminal", || stage.path("path").exists().then_some(()));
    let _exit = Process::start(
        "exit",
        command("socat")
            .args([format!("OPEN:{terminal},raw,echo=0,{settings}"), format!("TCP:{exchange}")]),
    );
    let file = stage.write(
        "station.toml",
        format!(
            "control = \"station.sock\"\n[station]\nname = \"pump-house\"\ncall = \"tcp://{entrance}\"\nstay = \"hold\"\n\
             every = \"500ms\"\nretries = \"1s\"\n\
             login = {{ name = \"pump\", password = \"file:pump.password\" }}\n\
             [[bus]]\nname = \"rs485\"\nserial = {{ device = \"{place}\", speed = 19200, format = \"8N1\" }}\n\
             [[device]]\nname = \"tank\"\nbus = \"rs485\"\nunit = 17\n\
             points = [{{ name = \"level\", address = \"30002\", type = \"f32\", measure = \"m\" }}]\n"
        ),
    );
    let mut station = command(env!("CARGO_BIN_EXE_trunkline"));
    let _station = Process::start("station", station.arg("station").arg(file));
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    until(settings, || {
        let latest = store.latest("pump").expect("read");
        let level = latest.iter().find(|sample| sample.point == "tank.level")?;
        // Before its bus is there, a station has nothing to tell of its points.
        let value = (level.value != SampleValue::None).then_some(&level.value)?;
        assert_eq!(*value, SampleValue::Number(123.456), "{settings}");
        Some(())
    });
    let read = trunkline.ask(&["read", "pump", "i:1+2", "--as", "f32", "--unit", "17"]);
    assert!(read.contains("123.456"), "{settings}: {read}");
}

#[test]
fn a_station_calls_over_a_terminal_that_takes_the_eighth_bit() {
    calls_over("istrip=1");
}

#[test]
fn a_station_calls_over_a_terminal_that_obeys_xoff() {
    calls_over("ixon=1");
}

#[test]
fn a_station_calls_over_a_terminal_that_takes_the_eighth_bit_and_obeys_what_is_left() {
    calls_over("istrip=1,ixon=1");
}

#[test]
fn a_station_calls_over_a_terminal_that_makes_two_bytes_of_a_line_feed() {
    calls_over("opost=1,onlcr=1");
}
