//! People call the exchange with the telnet clients they have.

use std::path::PathBuf;

use crate::stage::{
    Account, Process, Setting, Stage, Wire, command, free_address, installed, on_a_terminal,
    unpacked,
};

/// Tells its terminal's size, repeats one word, and ends.
const PROGRAM: &str = "stty -echo\nstty size\necho ready\nread -r word\necho \"heard $word\"";

fn log_in(path: PathBuf, applet: &[&str]) {
    let stage = Stage::new();
    let address = free_address();
    let program = stage.script("program", PROGRAM);
    let _trunkline =
        Setting::new(&stage).exchange_for("human", address).account(&Account::site(&program)).run();

    let mut command = command(path);
    command.args(applet).arg(address.ip().to_string()).arg(address.port().to_string());
    let (mut screen, mut telnet): (Wire, Process) = on_a_terminal("telnet", &command);
    screen.expect("login: ");
    screen.send("site\r");
    screen.expect("site");
    screen.expect("Password: ");
    screen.send("secret\r");
    let welcome = screen.expect("24 80\r\n");
    let shown = String::from_utf8_lossy(&welcome);
    assert!(!shown.contains("secret"), "the password was shown: {shown}");
    screen.expect_only("ready\r\n");
    screen.send("news\r");
    screen.expect_only("heard news\r\n");
    screen.expect("closed");
    telnet.end();
}

#[test]
fn inetutils_telnet_logs_in_gets_a_program_and_sees_it_end() {
    log_in(installed("/usr/bin/inetutils-telnet"), &[]);
}

#[test]
fn busybox_telnet_logs_in_gets_a_program_and_sees_it_end() {
    log_in(unpacked("busybox-static", "bin/busybox"), &["telnet"]);
}
