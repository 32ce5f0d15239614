//! Python's pyserial with an ordinary modem script.

use crate::stage::{Account, Process, Setting, Stage, command, free_address, installed};

#[test]
fn a_pyserial_script_dials_logs_in_sends_every_byte_and_hangs_up() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("echo", "stty raw -echo\nprintf READY\nexec cat");
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    let script = stage.write("script.py", include_str!("pyserial.py"));
    // The system's interpreter: pyserial is its package.
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script).arg(trunkline.line("line")).arg("5551212");
    let mut python = Process::start("python", &mut command);
    python.succeed();
    python.log().expect("success");
}
