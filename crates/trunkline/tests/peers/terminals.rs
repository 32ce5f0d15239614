//! People's terminal programs, each on a terminal of its own: `minicom` with a script, and `picocom`.

use crate::stage::{Account, Setting, Stage, command, free_address, installed, on_a_terminal};

const GREETING: &str = "stty -echo\necho ready\nread -r word\necho \"heard $word\"\nread -r rest";

/// The last `expect` waits for nothing: minicom doesn't show what a script said just before its end.
const RUNSCRIPT: &str = r#"
timeout 60
send "AT"
expect {
    "OK" break
    timeout 30 goto fail
}
send "ATDT5551212"
expect {
    "CONNECT" break
    "BUSY" goto fail
    "NO CARRIER" goto fail
    timeout 30 goto fail
}
expect {
    "ogin:" break
    timeout 30 goto fail
}
send "site"
expect {
    "assword:" break
    timeout 30 goto fail
}
send "secret"
expect {
    "ready" break
    timeout 30 goto fail
}
send "news"
expect {
    "heard news" break
    timeout 30 goto fail
}
sleep 2
send "+++\c"
expect {
    "OK" break
    timeout 30 goto fail
}
send "ATH"
expect {
    "OK" break
    timeout 30 goto fail
}
print \nscript: success
expect {
    "the end of the test"
}
fail:
print \nscript: failure
expect {
    "the end of the test"
}
"#;

#[test]
fn minicom_initialises_the_modem_logs_in_by_script_and_hangs_up_by_escape() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("greeting", GREETING);
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    // The init and reset strings that minicom has had for decades.
    stage.write(
        ".minirc.line",
        format!(
            "pu port {}\npu lock {}\npu baudrate 9600\npu bits 8\npu parity N\npu stopbits 1\npu rtscts No\n\
             pu xonxoff No\npu minit ^M~ATZ^M~\npu mreset ~^M~ATZ^M~\n",
            trunkline.line("line").display(),
            stage.path("").display(),
        ),
    );
    let script = stage.write("script", RUNSCRIPT);
    let mut command = command(installed("/usr/bin/minicom"));
    command.arg("-S").arg(script).arg("line").env("HOME", stage.path(""));
    // minicom stays when its script is done, and is ended with the test.
    let (mut screen, _minicom) = on_a_terminal("minicom", &command);
    screen.expect("script: success");
}

#[test]
fn picocom_dials_logs_in_and_ends_the_call_by_leaving() {
    let stage = Stage::new();
    let exchange = free_address();
    let gone = stage.path("gone");
    let program = stage.script(
        "greeting",
        &format!("trap 'echo hung up >{}; exit' HUP\n{GREETING}", gone.display()),
    );
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    let mut command = command(installed("/usr/bin/picocom"));
    command.args(["--baud", "9600"]).arg(trunkline.line("line"));
    let (mut screen, mut picocom) = on_a_terminal("picocom", &command);
    screen.expect("Terminal ready");
    screen.send("AT&D2\r");
    screen.expect("OK");
    screen.send("ATDT5551212\r");
    screen.expect("CONNECT");
    screen.expect("ogin:");
    screen.send("site\r");
    screen.expect("assword:");
    screen.send("secret\r");
    screen.expect("ready");
    screen.send("news\r");
    screen.expect("heard news");
    screen.send("\x01\x18");
    screen.expect("Thanks for using picocom");
    picocom.succeed();

    // The last close of a pty is its DTR; the record of the call comes after the program's end.
    trunkline.log().expect("status=");
    assert!(gone.exists(), "the program was not hung up");
    let mut equipment = trunkline.open("line");
    equipment.send("AT\r");
    equipment.expect("OK\r\n");
}
