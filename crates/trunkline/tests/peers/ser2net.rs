//! ser2net: as the RFC 2217 server before a modem of ours, and as an RFC 2217 caller of the exchange.

use std::net::SocketAddr;
use std::path::Path;

use crate::stage::{
    Account, FarEnd, Process, Setting, Stage, Trunkline, Wire, assert_same_bytes, command,
    free_address, installed, random, unpacked,
};

/// As gensio writes an address.
fn gensio(address: SocketAddr) -> String {
    format!("tcp,{},{}", address.ip(), address.port())
}

/// Starts it with one connection, and waits until it listens.
fn ser2net(stage: &Stage, accepter: &str, connector: &str) -> Process {
    let text = format!("connection: &one\n  accepter: {accepter}\n  connector: {connector}\n");
    let file = stage.write("ser2net.yaml", text);
    let mut command = command(unpacked("ser2net", "usr/sbin/ser2net"));
    command.args(["-n", "-u", "-c"]).arg(file);
    Process::start("ser2net", &mut command)
}

/// A caller of somebody who may not listen yet.
fn call(address: SocketAddr, process: &mut Process) -> Wire {
    loop {
        if let Ok(stream) = std::net::TcpStream::connect(address) {
            return Wire::tcp("the caller", stream);
        }
        assert!(process.is_running(), "ser2net is gone: {}", process.log().text());
        std::thread::yield_now();
    }
}

/// ser2net before the terminal of a line of ours.
fn before(stage: &Stage, line: &Path) -> (Process, SocketAddr) {
    let address = free_address();
    let accepter = format!("telnet(rfc2217),{}", gensio(address));
    // A pseudo-terminal has no circuits to look at.
    let connector = format!("serialdev,{},9600n81,local", line.display());
    let mut process = ser2net(stage, &accepter, &connector);
    drop(call(address, &mut process));
    (process, address)
}

fn house(stage: &Stage) -> Trunkline {
    Setting::new(stage).line("trunk", "init = \"S12=10\"").line("desk", "init = \"S12=10\"").run()
}

/// Both ends say the same to each other, and hear it.
fn exchange_everything(one: &mut Wire, other: &mut Wire) {
    let bytes = random(100_000);
    let (sent, heard) = std::thread::scope(|scope| {
        let there = scope.spawn(|| other.exchange(&bytes, bytes.len()));
        (one.exchange(&bytes, bytes.len()), there.join().expect("no panic"))
    });
    assert_same_bytes(&bytes, &heard, "what the far end got");
    assert_same_bytes(&bytes, &sent, "what the equipment got");
}

#[test]
fn a_line_of_ours_calls_a_modem_of_ours_behind_ser2net() {
    let stage = Stage::new();
    let trunkline = house(&stage);
    let (_ser2net, address) = before(&stage, &trunkline.line("trunk"));
    let far = FarEnd::new();
    let mut equipment = trunkline.open("desk");
    equipment.send(format!("ATDTtelnet://{address}\r"));
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    // What is typed now goes to the modem at the other side of ser2net.
    equipment.send("ATE0\r");
    equipment.expect("OK\r\n");
    equipment.send(format!("ATDT{}\r", far.address()));
    let mut call = far.answer();
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    exchange_everything(&mut equipment, &mut call);
    drop(call);
    equipment.expect("\r\nNO CARRIER\r\n");
}

#[test]
fn pyserial_drives_a_modem_of_ours_through_ser2net() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("echo", "stty raw -echo\nprintf READY\nexec cat");
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("trunk", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();
    let (_ser2net, address) = before(&stage, &trunkline.line("trunk"));
    let script = stage.write("script.py", include_str!("pyserial.py"));
    let mut command = command(installed("/usr/bin/python3"));
    // A pseudo-terminal has no DTR, so ser2net doesn't confirm that it is on.
    let port = format!("rfc2217://{address}?ign_set_control");
    command.arg("-u").arg(script).arg(port).arg("5551212");
    let mut python = Process::start("python", &mut command);
    python.succeed();
    python.log().expect("success");
}

#[test]
fn ser2net_calls_the_exchange_as_it_calls_a_serial_port() {
    let stage = Stage::new();
    let exchange = free_address();
    let program = stage.script("echo", "printf READY\nexec cat");
    let account = Account { on: "pipe", more: "break = \"nul\"", ..Account::site(&program) };
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .listening("com-port = \"accept\"")
        .account(&account)
        .run();
    let address = free_address();
    let connector = format!("telnet(rfc2217),{}", gensio(exchange));
    let mut ser2net = ser2net(&stage, &gensio(address), &connector);
    let mut caller = call(address, &mut ser2net);
    caller.expect("login: ");
    caller.send("site\r");
    caller.expect("Password: ");
    caller.send("secret\r");
    caller.expect("READY");
    let bytes = random(100_000);
    let heard = caller.exchange(&bytes, bytes.len());
    assert_same_bytes(&bytes, &heard, "the echo");
    // When its own caller has gone it hangs up, which is the end of the program's input.
    drop(caller);
    trunkline.log().expect("over=telnet cause=program-ended");
}
