//! C-Kermit: its own init strings for each type of modem, its own escape and hang-up, and file transfer.

use std::process::Command;

use crate::stage::{
    Account, Process, Setting, Stage, Wire, assert_same, command, free_address, installed,
    on_a_terminal,
};

/// Dials, logs in, sends a file to the Kermit at the far end and fetches another one.
const TRANSFER: &str = r#"
set modem type @TYPE@
if fail exit 10
set line @LINE@
if fail exit 11
set carrier-watch off
set dial display on
set dial timeout 30
set dial retries 1
dial @NUMBER@
if fail exit 12
input 30 ogin:
if fail exit 13
lineout site
input 30 assword:
if fail exit 14
lineout secret
input 30 server
set file type binary
set transfer display none
cd @FOLDER@
send up
if fail exit 15
get down
if fail exit 16
@FINISH@
hangup
if fail exit 17
exit 0
"#;

/// Ends the far Kermit first, so that the exchange hangs up and `hangup` meets an idle line.
const BY_THE_FAR_END: &str = "finish";
/// Leaves the far Kermit running: `hangup` escapes from a call that is up.
const BY_ESCAPE: &str = "";

fn transfer(modem_type: &str, finish: &str) {
    let stage = Stage::new();
    let exchange = free_address();
    let far = stage.folder("far");
    let near = stage.folder("near");
    let up = stage.random("near/up", 60_000);
    let down = stage.random("far/down", 60_000);
    let program = stage.script(
        "server",
        &format!(
            "cd {} && HOME=$PWD exec {} -x",
            far.display(),
            installed("/usr/bin/kermit").display()
        ),
    );
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    let script = TRANSFER
        .replace("@TYPE@", modem_type)
        .replace("@LINE@", &trunkline.line("line").display().to_string())
        .replace("@NUMBER@", "5551212")
        .replace("@FOLDER@", &near.display().to_string())
        .replace("@FINISH@", finish);
    Process::start("kermit", &mut kermit(&stage, &script)).succeed();
    assert_same(&up, &far.join("up"));
    assert_same(&down, &near.join("down"));
    // The line is free and obeys, whatever the hang-up left in it.
    let mut equipment = trunkline.open("line");
    equipment.send("AT\r");
    equipment.expect("OK\r\n");
}

fn kermit(stage: &Stage, script: &str) -> Command {
    let script = stage.write("script", script);
    let mut command = command(installed("/usr/bin/kermit"));
    command.arg(script).env("HOME", stage.path(""));
    command
}

#[test]
fn kermit_with_a_hayes_2400_transfers_files_and_escapes_to_hang_up() {
    transfer("hayes-2400", BY_ESCAPE);
}

#[test]
fn kermit_with_an_itu_t_v250_modem_transfers_files() {
    transfer("itu-t-v250", BY_THE_FAR_END);
}

#[test]
fn kermit_with_a_usrobotics_modem_transfers_files() {
    transfer("usrobotics", BY_THE_FAR_END);
}

#[test]
fn kermit_with_a_rockwell_modem_transfers_files() {
    transfer("rockwell-v34", BY_THE_FAR_END);
}

#[test]
fn kermit_answers_a_call() {
    let stage = Stage::new();
    let number = free_address();
    let trunkline = Setting::new(&stage).answering_line("line", number, "").run();
    // Kermit throws away what comes before it has seen CONNECT, so it has the first word.
    let script = format!(
        "set modem type hayes-2400\nset line {}\nif fail exit 11\nset carrier-watch off\n\
         set dial display on\nanswer 50\nif fail exit 12\noutput hello\ninput 30 goodbye\nif fail exit 13\nexit 0\n",
        trunkline.line("line").display()
    );
    let (mut screen, mut kermit) = on_a_terminal("kermit", &kermit(&stage, &script));
    // It hangs up first, and a line without DTR takes no calls.
    screen.expect("ATS0=1");
    let mut caller = Wire::call(number);
    caller.expect("hello");
    caller.send("goodbye");
    kermit.succeed();
}
