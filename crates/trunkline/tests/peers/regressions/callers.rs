//! Callers who got into each other's calls.

use super::equipment;
use crate::stage::{Setting, Stage, Wire, free_address};

#[test]
fn a_second_caller_never_gets_into_the_first_ones_call() {
    let stage = Stage::new();
    let number = free_address();
    let trunkline = Setting::new(&stage).answering_line("line", number, "").run();
    let mut equipment = equipment(&trunkline, "line");

    let mut first = Wire::call(number);
    equipment.expect("\r\nRING\r\n");
    // While it rings, and then while it is answered.
    assert_eq!(Wire::turned_away(number, "the wrong one"), b"");
    equipment.send("ATA\r");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    assert_eq!(Wire::turned_away(number, "another wrong one"), b"");

    first.send("the right one");
    equipment.expect_only("the right one");
    equipment.send("welcome");
    first.expect_only("welcome");
}

#[test]
fn a_caller_to_two_lines_rings_on_one_and_the_next_caller_on_the_other() {
    let stage = Stage::new();
    let number = free_address();
    let hunt = "second-caller = \"hunt\"\nhunt = [\"second\"]";
    let trunkline =
        Setting::new(&stage).answering_line("first", number, hunt).line("second", "").run();
    let mut one = equipment(&trunkline, "first");
    let mut two = equipment(&trunkline, "second");
    two.send("ATS0=1\r");
    two.expect_only("\r\nOK\r\n");

    let mut first = Wire::call(number);
    one.expect_only("\r\nRING\r\n");
    two.expect_silence();
    one.send("ATA\r");
    one.expect("\r\nCONNECT");
    one.expect("\r\n");

    let mut second = Wire::call(number);
    two.expect_only("\r\nRING\r\n");
    two.expect("\r\nCONNECT");
    two.expect("\r\n");
    first.send("first");
    second.send("second");
    one.expect_only("first");
    two.expect_only("second");
}
