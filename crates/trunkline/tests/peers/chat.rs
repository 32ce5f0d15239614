//! pppd's `chat`: the strictest expect script that is still in daily use, one byte every 10 ms.

use crate::stage::{Account, Process, Setting, Stage, command, free_address, installed};
use std::path::Path;

/// Greets, and repeats one word: enough to see that both directions are up.
const GREETING: &str = "stty -echo\necho ready\nread -r word\necho \"heard $word\"\nread -r rest";

/// Runs `chat` as pppd does, with the line as its input and output.
fn chat(line: &Path, script: &[&str]) -> Process {
    let mut command = command("/bin/sh");
    command.args(["-c", "line=$1; shift; exec \"$@\" <>\"$line\" >&0", "chat"]).arg(line);
    command.arg(installed("/usr/sbin/chat")).args(["-v", "-s", "-S"]).args(script);
    Process::start("chat", &mut command)
}

#[test]
fn chat_dials_and_logs_in_at_the_exchange() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("greeting", GREETING);
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    let script = [
        "ABORT",
        "BUSY",
        "ABORT",
        "NO CARRIER",
        "TIMEOUT",
        "40",
        "",
        "ATZ",
        "OK",
        "ATDT5551212",
        "CONNECT",
        "\\c",
        "ogin:",
        "site",
        "assword:",
        "secret",
        "ready",
        "news",
        "heard news",
        "\\c",
    ];
    chat(&trunkline.line("line"), &script).succeed();
}

#[test]
fn chat_aborts_with_busy_when_the_far_end_refuses() {
    let stage = Stage::new();
    let nobody = free_address();
    let trunkline = Setting::new(&stage).line("line", "").run();

    let dial = format!("ATDT{nobody}");
    let script = [
        "ABORT",
        "NO CARRIER",
        "ABORT",
        "\\nBUSY\\r",
        "TIMEOUT",
        "40",
        "",
        "ATZ",
        "OK",
        &dial,
        "CONNECT",
        "\\c",
    ];
    let status = chat(&trunkline.line("line"), &script).end();
    // 4 and the number of the abort string.
    assert_eq!(status.code(), Some(5));
}

#[test]
fn chat_aborts_with_no_carrier_when_the_number_is_unknown() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage).line("line", "").run();

    let script = [
        "ABORT",
        "\\nNO CARRIER\\r",
        "ABORT",
        "BUSY",
        "TIMEOUT",
        "40",
        "",
        "ATZ",
        "OK",
        "ATDT999",
        "CONNECT",
        "\\c",
    ];
    let status = chat(&trunkline.line("line"), &script).end();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn chat_aborts_with_no_carrier_when_the_far_end_hangs_up() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("farewell", "echo goodbye");
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    let script = [
        "ABORT",
        "\\nNO CARRIER\\r",
        "TIMEOUT",
        "40",
        "",
        "ATZ",
        "OK",
        "ATDT5551212",
        "CONNECT",
        "\\c",
        "ogin:",
        "site",
        "assword:",
        "secret",
        "goodbye",
        "\\c",
        "never said",
        "\\c",
    ];
    let status = chat(&trunkline.line("line"), &script).end();
    assert_eq!(status.code(), Some(4));
}

/// What the dialler that comes with pppd does: an attention with a CR in front, an escape when that isn't
/// answered, a hang-up of an idle line, and abort strings that hold the line ends on both sides.
fn ppp_on_dialer<'a>(dial: &'a str, account: &'a str, password: &'a str) -> Vec<&'a str> {
    vec![
        "TIMEOUT",
        "3",
        "ABORT",
        "\\nBUSY\\r",
        "ABORT",
        "\\nNO ANSWER\\r",
        "ABORT",
        "\\nRINGING\\r\\n\\r\\nRINGING\\r",
        "",
        "\\rAT",
        "OK-+++\\c-OK",
        "ATH0",
        "TIMEOUT",
        "30",
        "OK",
        dial,
        "CONNECT",
        "",
        "ogin:--ogin:",
        account,
        "assword:",
        password,
    ]
}

#[test]
fn the_dialler_script_that_comes_with_pppd_logs_in() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("greeting", GREETING);
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .run();

    let dial = format!("ATDT{exchange}");
    let mut script = ppp_on_dialer(&dial, "site", "secret");
    script.extend(["ready", "news", "heard news", "\\c"]);
    chat(&trunkline.line("line"), &script).succeed();
}

#[test]
fn the_dialler_script_that_comes_with_pppd_sees_busy() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage).line("line", "").run();

    let dial = format!("ATDT{}", free_address());
    let status = chat(&trunkline.line("line"), &ppp_on_dialer(&dial, "site", "secret")).end();
    assert_eq!(status.code(), Some(4));
}
