//! Reads of a site that take long.

use std::process::Stdio;

use crate::stage::{Equipment, trunkline};
use crate::writes::{Unit, centre};

#[test]
fn a_long_read_says_on_a_terminal_how_far_it_is_and_nothing_in_a_pipe() {
    let (unit, writes) = Unit::new();
    drop(writes);
    let centre = centre("tcp");
    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites", "--wish", "1"], "done");
    let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().count();

    let piped = centre.command(&["read", "pump", "h:0..5000"]);
    assert!(piped.status.success() && piped.stderr.is_empty(), "{piped:?}");
    assert_eq!(lines(&piped.stdout), 5000);
    assert!(piped.stdout.ends_with(b"h:4999 (45000) = 77\n"), "whatever one question may ask");

    let (mut person, terminal) = Equipment::person();
    let mut command = trunkline(centre.folder.path());
    command.args(["read", "pump", "h:0..5000"]).stdout(Stdio::piped()).stderr(terminal);
    let child = command.spawn().unwrap();
    drop(command);
    person.expect(" of 5000");
    let output = child.wait_with_output().unwrap();
    assert_eq!(lines(&output.stdout), 5000);
    assert_eq!(output.stdout, piped.stdout);
}
