//! What systemd makes of our units, and the sockets that it hands over.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Instant;

use crate::stage::{
    Account, PATIENCE, Process, Setting, Stage, Wire, command, free_address, installed,
};

/// A file of `dist/`, with the program where it is built.
fn distributed(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist").join(name);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    text.replace("/usr/bin/trunkline", env!("CARGO_BIN_EXE_trunkline"))
}

#[test]
fn systemd_finds_nothing_wrong_with_our_units() {
    let stage = Stage::new();
    let service = stage.write("trunkline.service", distributed("trunkline.service"));
    let socket = stage.write("trunkline.socket", distributed("trunkline.socket"));
    for drop_in in ["", "launcher.conf"] {
        if !drop_in.is_empty() {
            stage.write("trunkline.service.d/launcher.conf", distributed(drop_in));
        }
        let mut verify = command(installed("/usr/bin/systemd-analyze"));
        verify.args(["verify", "--man=no"]).args([&service, &socket]);
        let mut verify = Process::start("systemd-analyze", &mut verify);
        verify.succeed();
        assert_eq!(verify.log().text(), "", "with {drop_in:?}");
    }
}

/// Calls as soon as somebody listens.
fn call(address: SocketAddr) -> TcpStream {
    let end = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < end, "{address}: {error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn log_in(mut caller: Wire) -> Wire {
    caller.expect("login: ");
    caller.send("site\r");
    caller.expect("Password: ");
    caller.send("secret\r");
    caller.expect("READY");
    caller
}

#[test]
fn a_caller_at_a_socket_of_systemds_starts_the_exchange_and_is_answered_by_it() {
    let stage = Stage::new();
    let (address, nobodys) = (free_address(), free_address());
    let program = stage.script("echo", "stty raw -echo\nprintf READY\nexec cat");
    let mut activate = command(installed("/usr/bin/systemd-socket-activate"));
    activate.args(["--setenv", "NOTIFY_SOCKET"]);
    activate.args(["--listen", &nobodys.to_string(), "--listen", &address.to_string()]);
    activate.arg(env!("CARGO_BIN_EXE_trunkline"));
    let first = std::thread::spawn(move || call(address));
    let trunkline =
        Setting::new(&stage).exchange(address).account(&Account::site(&program)).run_as(activate);
    let first = first.join().expect("a caller");
    let mut first = log_in(Wire::tcp("the first caller", first));
    trunkline.log().expect(&format!(
        "at an address that no [[exchange.listen]] has; nobody answers there address={nobodys}"
    ));

    // A reload neither opens the address again nor leaves it.
    let configuration = stage.path("trunkline.toml");
    let text = fs::read_to_string(&configuration).expect("our own file");
    let text = text.replace("[exchange]\n", "[exchange]\nlogin = { banner = \"Hello\" }\n");
    fs::write(configuration, text).expect("our own file");
    trunkline.ask(&["reload"]);
    let mut second = Wire::call(address);
    second.expect("Hello");
    let mut second = log_in(second);
    for caller in [&mut first, &mut second] {
        caller.send("word");
        caller.expect("word");
    }
}
