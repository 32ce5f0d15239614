//! RFC 2217 callers of the exchange: pyserial, and ser2net's library.

use crate::stage::{Account, Process, Setting, Stage, command, free_address, installed};

#[test]
fn pyserial_drives_a_port_behind_which_an_account_is() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("echo", "printf READY\nexec cat");
    let account = Account { on: "pipe", more: "break = \"nul\"", ..Account::site(&program) };
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .listening("com-port = \"accept\"")
        .account(&account)
        .run();
    let script = stage.write("rfc2217.py", include_str!("rfc2217.py"));
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script).arg(exchange.to_string());
    let mut python = Process::start("python", &mut command);
    python.succeed();
    python.log().expect("success");
    trunkline.log().expect("call ended");
}
