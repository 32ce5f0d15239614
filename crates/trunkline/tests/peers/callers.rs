//! Callers make a line ring: the telnet clients that people have, and plain TCP.

use crate::stage::{
    Process, Setting, Stage, Trunkline, Wire, assert_same_bytes, command, free_address, installed,
    on_a_terminal, unpacked,
};

/// These clients begin no negotiation on such a port, so the line has to.
const TELNET: &str = "telnet = \"on\"";

/// A line with a number, and its equipment at command level.
fn answering_line(stage: &Stage, more: &str) -> (Trunkline, Wire, std::net::SocketAddr) {
    let number = free_address();
    let trunkline = Setting::new(stage).answering_line("line", number, more).run();
    let mut equipment = trunkline.open("line");
    // S12: guard times of 0.2 s, shorter than the silence that the tests listen to anyway.
    equipment.send("ATE0S12=10\r");
    equipment.expect("OK\r\n");
    (trunkline, equipment, number)
}

fn telnet(
    path: std::path::PathBuf,
    applet: &[&str],
    number: std::net::SocketAddr,
) -> (Wire, Process) {
    let mut command = command(path);
    command.args(applet).arg(number.ip().to_string()).arg(number.port().to_string());
    on_a_terminal("telnet", &command)
}

/// The caller is heard and answered, and what he types and sees is text as a terminal has it. `enter` is what
/// his client makes of the key of that name.
fn converse(equipment: &mut Wire, caller: &mut Wire, enter: &str) {
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    equipment.send("who calls?\r\n");
    caller.expect("who calls?\r\n");
    caller.send("site 42\r");
    equipment.expect_only(format!("site 42{enter}"));
    equipment.send("welcome\r\n");
    caller.expect("welcome\r\n");
}

#[test]
fn inetutils_telnet_rings_is_answered_by_ata_and_its_leaving_is_no_carrier() {
    let stage = Stage::new();
    let (_trunkline, mut equipment, number) = answering_line(&stage, TELNET);
    let (mut caller, mut telnet) = telnet(installed("/usr/bin/inetutils-telnet"), &[], number);
    equipment.expect("\r\nRING\r\n");
    equipment.send("ATA\r");
    converse(&mut equipment, &mut caller, "\r");
    caller.send("\x1d");
    caller.expect("telnet> ");
    caller.send("quit\r");
    caller.expect("Connection closed");
    telnet.succeed();
    equipment.expect("\r\nNO CARRIER\r\n");
}

#[test]
fn busybox_telnet_rings_is_answered_by_s0_and_hears_our_hang_up() {
    let stage = Stage::new();
    let (_trunkline, mut equipment, number) = answering_line(&stage, TELNET);
    equipment.send("ATS0=1\r");
    equipment.expect("OK\r\n");
    let busybox = unpacked("busybox-static", "bin/busybox");
    let (mut caller, mut telnet) = telnet(busybox, &["telnet"], number);
    equipment.expect("\r\nRING\r\n");
    converse(&mut equipment, &mut caller, "\r\n");
    hang_up_by_escape(&mut equipment);
    caller.expect("closed");
    telnet.end();
}

/// By the book: silence, three plus signs, silence, of which the modem tells the end.
fn hang_up_by_escape(equipment: &mut Wire) {
    equipment.expect_silence();
    equipment.send("+++");
    equipment.expect_only("\r\nOK\r\n");
    equipment.send("ATH\r");
    equipment.expect_only("\r\nOK\r\n");
}

#[test]
fn netcat_rings_and_passes_bytes_unchanged() {
    let stage = Stage::new();
    let (_trunkline, mut equipment, number) = answering_line(&stage, "");
    let every_byte: Vec<u8> = (0..=255).collect();
    let file = stage.write("every-byte", &every_byte);
    let mut command = command(installed("/bin/nc.openbsd"));
    command.arg(number.ip().to_string()).arg(number.port().to_string());
    command.stdin(std::fs::File::open(file).expect("our own file"));
    let mut caller = Process::start("nc", &mut command);
    equipment.expect("\r\nRING\r\n");
    equipment.send("ATA\r");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    // What he said while it rang is kept.
    assert_eq!(equipment.receive(256), every_byte);
    equipment.send(&every_byte);
    // The silence begins once the line has passed everything on.
    caller.log().wait_for_bytes(every_byte.len());
    hang_up_by_escape(&mut equipment);
    caller.succeed();
    assert_same_bytes(
        &[&every_byte[..], b"+++"].concat(),
        &caller.log().bytes(),
        "what the caller heard",
    );
}

#[test]
fn a_caller_who_leaves_while_it_rings_is_not_there_to_be_answered() {
    let stage = Stage::new();
    let (_trunkline, mut equipment, number) = answering_line(&stage, "");
    let caller = Wire::call(number);
    equipment.expect("\r\nRING\r\n");
    drop(caller);
    // The line may learn of it a moment later; until then an answer finds nobody just as well.
    equipment.send("ATA\r");
    equipment.expect("\r\nNO CARRIER\r\n");
    equipment.send("AT\r");
    equipment.expect("\r\nOK\r\n");

    // And the next caller rings as if nothing had been.
    let mut caller = Wire::call(number);
    equipment.expect("\r\nRING\r\n");
    equipment.send("ATA\r");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    caller.send("hello");
    equipment.expect("hello");
}

#[test]
fn a_caller_who_breaks_off_while_it_rings_does_no_harm() {
    let stage = Stage::new();
    // A queue: the next caller may come before the line has learnt of the last one's end.
    let (mut trunkline, mut equipment, number) =
        answering_line(&stage, "second-caller = \"queue\"");
    for _ in 0..5 {
        let caller = Wire::call(number);
        equipment.expect("\r\nRING\r\n");
        caller.reset();
    }
    trunkline.assert_running();
    let mut caller = Wire::call(number);
    equipment.expect("\r\nRING\r\n");
    equipment.send("ATA\r");
    equipment.expect("\r\nCONNECT");
    equipment.send("hello");
    caller.expect("hello");
}
