//! pppd's `chat`: the strictest expect script that is still in daily use, one byte every 10 ms.

use std::path::Path;

use crate::stage::{Account, Process, Setting, Stage, Trunkline, command, free_address, installed};

/// Greets, and repeats one word: enough to see that both directions are up.
const GREETING: &str = "stty -echo\necho ready\nread -r word\necho \"heard $word\"\nread -r rest";

/// Runs `chat` as pppd does, with the line as its input and output.
fn chat(stage: &Stage, line: &Path, script: &str) -> Process {
    let script = stage.write("chat", script);
    let mut command = command("/bin/sh");
    command.args(["-c", "line=$1; shift; exec \"$@\" <>\"$line\" >&0", "chat"]).arg(line);
    command.arg(installed("/usr/sbin/chat")).args(["-v", "-s", "-S", "-f"]).arg(script);
    Process::start("chat", &mut command)
}

/// The status with which `chat` tells that its n-th ABORT string was heard.
const fn aborted_by(n: i32) -> Option<i32> {
    Some(3 + n)
}

/// A line, and an exchange with this program behind the number 5551212.
fn line_and_exchange(stage: &Stage, program: &str) -> Trunkline {
    let exchange = free_address();
    let program = stage.script("program", program);
    Setting::new(stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run()
}

#[test]
fn chat_dials_and_logs_in_at_the_exchange() {
    let stage = Stage::new();
    let trunkline = line_and_exchange(&stage, GREETING);
    let script = r"
        ABORT BUSY  ABORT 'NO CARRIER'  TIMEOUT 40
        '' ATZ
        OK ATDT5551212
        CONNECT '\c'
        ogin: site
        assword: secret
        ready news
        'heard news' '\c'
    ";
    chat(&stage, &trunkline.line("line"), script).succeed();
}

#[test]
fn chat_aborts_with_busy_when_the_far_end_refuses() {
    let stage = Stage::new();
    let nobody = free_address();
    let trunkline = Setting::new(&stage).line("line", "").run();
    let script = format!(
        r"
        ABORT 'NO CARRIER'  ABORT '\nBUSY\r'  TIMEOUT 40
        '' ATZ
        OK ATDT{nobody}
        CONNECT '\c'
        "
    );
    let status = chat(&stage, &trunkline.line("line"), &script).end();
    assert_eq!(status.code(), aborted_by(2));
}

#[test]
fn chat_aborts_with_no_carrier_when_the_number_is_unknown() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage).line("line", "").run();
    let script = r"
        ABORT '\nNO CARRIER\r'  ABORT BUSY  TIMEOUT 40
        '' ATZ
        OK ATDT999
        CONNECT '\c'
    ";
    let status = chat(&stage, &trunkline.line("line"), script).end();
    assert_eq!(status.code(), aborted_by(1));
}

#[test]
fn chat_aborts_with_no_carrier_when_the_far_end_hangs_up() {
    let stage = Stage::new();
    let trunkline = line_and_exchange(&stage, "echo goodbye");
    let script = r"
        ABORT '\nNO CARRIER\r'  TIMEOUT 40
        '' ATZ
        OK ATDT5551212
        CONNECT '\c'
        ogin: site
        assword: secret
        goodbye '\c'
        'what nobody says' '\c'
    ";
    let status = chat(&stage, &trunkline.line("line"), script).end();
    assert_eq!(status.code(), aborted_by(1));
}

/// What the dialler that comes with pppd does: an attention with a CR in front, an escape when that isn't
/// answered, a hang-up of an idle line, and abort strings that hold the line ends on both sides.
const PPP_ON_DIALER: &str = r"
    TIMEOUT 3
    ABORT '\nBUSY\r'
    ABORT '\nNO ANSWER\r'
    ABORT '\nRINGING\r\n\r\nRINGING\r'
    '' \rAT
    'OK-+++\c-OK' ATH0
    TIMEOUT 30
    OK ATDT@NUMBER@
    CONNECT ''
    ogin:--ogin: site
    assword: secret
";

#[test]
fn the_dialler_script_that_comes_with_pppd_logs_in() {
    let stage = Stage::new();
    let trunkline = line_and_exchange(&stage, GREETING);
    let script = PPP_ON_DIALER.replace("@NUMBER@", "5551212") + r"ready news 'heard news' '\c'";
    chat(&stage, &trunkline.line("line"), &script).succeed();
}

#[test]
fn the_dialler_script_that_comes_with_pppd_sees_busy() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage).line("line", "").run();
    let script = PPP_ON_DIALER.replace("@NUMBER@", &free_address().to_string());
    let status = chat(&stage, &trunkline.line("line"), &script).end();
    assert_eq!(status.code(), aborted_by(1));
}
