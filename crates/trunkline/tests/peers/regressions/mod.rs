//! What went wrong in other modems in software, from end to end: each of these broke tcpser.

mod callers;
mod calls;
mod commands;
mod dialling;

use crate::stage::{Setting, Stage, Trunkline, Wire, free_address};

/// The test with its equipment on a pty, and then on a TCP port of the same instance: at command level, silent
/// but for what it is asked. Whatever it does, the instance survives it.
fn on_each_end(test: impl Fn(&mut Wire)) {
    let stage = Stage::new();
    let address = free_address();
    let mut trunkline = Setting::new(&stage).line("pty", "").tcp_line("tcp", address).run();
    test(&mut equipment(&trunkline, "pty"));
    trunkline.assert_running();
    let mut equipment = Wire::call(address);
    ready(&mut equipment);
    test(&mut equipment);
    trunkline.assert_running();
}

fn equipment(trunkline: &Trunkline, name: &str) -> Wire {
    let mut equipment = trunkline.open(name);
    ready(&mut equipment);
    equipment
}

/// Silent but for what it is asked, with guard times of 0.2 s (S12): shorter than the silence that the tests
/// listen to anyway.
fn ready(equipment: &mut Wire) {
    equipment.send("ATE0S12=10\r");
    equipment.expect("OK\r\n");
}

fn obeys(equipment: &mut Wire) {
    equipment.send("AT\r");
    equipment.expect_only("\r\nOK\r\n");
}

fn escape(equipment: &mut Wire) {
    equipment.expect_silence();
    equipment.send("+++");
    equipment.expect_only("\r\nOK\r\n");
}
