//! Lines and operators call hosts over SSH: OpenSSH's server and dropbear's.

use std::path::PathBuf;

use crate::stage::{
    Process, Setting, SshServer, Sshd, Stage, Trunkline, Wire, assert_same_bytes, command, keygen,
    random,
};

/// A line that knows the host as `main`, with these keys in the entry's `ssh` table.
fn line(stage: &Stage, server: &SshServer, ssh: &str) -> (Trunkline, Wire) {
    let entry = format!("{{ call = \"ssh://rtu@{}\", ssh = {{ {ssh} }} }}", server.address());
    let trunkline = Setting::new(stage).line("line", "").phone("main", &entry).run();
    let mut equipment = trunkline.open("line");
    equipment.send("ATE0S12=10\r");
    equipment.expect("OK\r\n");
    (trunkline, equipment)
}

fn password(stage: &Stage) -> String {
    let file = stage.write("password", "secret\n");
    let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(file, owner).expect("our own file");
    "password = \"file:password\"".to_owned()
}

fn all_values_and_more() -> Vec<u8> {
    (0..=255).chain(random(200_000)).collect()
}

#[test]
fn atdt_calls_openssh_with_a_key_and_every_byte_passes_both_ways_at_once() {
    let stage = Stage::new();
    keygen(&stage.path("id_ed25519"), &["-t", "ed25519"]);
    let (up, down) = (all_values_and_more(), all_values_and_more());
    let file = stage.write("down", &down);
    let heard = stage.folder("heard").join("up");
    std::fs::set_permissions(
        stage.path("heard"),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let script = format!(
        "printf READY\ncat {} &\nhead -c {} >{}\nwait\nprintf DONE",
        file.display(),
        up.len(),
        heard.display()
    );
    let shell = stage.script("shell", &script);
    let server = SshServer::start(&stage, Sshd::OpenSsh, &shell);
    stage.write("known_hosts", server.known_host());
    let how = "known-hosts = \"known_hosts\", identity = \"file:id_ed25519\"";
    let (_trunkline, mut equipment) = line(&stage, &server, how);
    equipment.send("ATDTmain\r");
    equipment.expect("CONNECT");
    equipment.expect("READY");
    let arrived = equipment.exchange(&up, down.len());
    assert_same_bytes(&down, &arrived, "towards the equipment");
    equipment.expect("DONE");
    equipment.expect("\r\nNO CARRIER\r\n");
    assert_same_bytes(&up, &std::fs::read(heard).unwrap(), "towards the host");
}

#[test]
fn a_host_that_nobody_knows_is_not_called_unless_the_first_one_is_trusted() {
    let stage = Stage::new();
    let shell = stage.script("shell", "printf READY; exec cat");
    let server = SshServer::start(&stage, Sshd::OpenSsh, &shell);
    let how = format!("known-hosts = \"known_hosts\", {}", password(&stage));
    let (trunkline, mut equipment) = line(&stage, &server, &how);
    equipment.send("ATDTmain\r");
    equipment.expect("\r\nNO CARRIER\r\n");
    trunkline.log().expect("its key is not known");
    trunkline.log().expect("host-key-unknown");
    drop(trunkline);

    let trusting = format!("{how}, unknown-hosts = \"trust-on-first-use\"");
    let (trunkline, mut equipment) = line(&stage, &server, &trusting);
    equipment.send("ATDTmain\r");
    equipment.expect("READY");
    trunkline.log().expect("host trusted on its first call");
    let learnt = std::fs::read_to_string(stage.path("known_hosts")).expect("learnt");
    let key = |line: &str| line.split_whitespace().nth(2).map(str::to_owned);
    assert_eq!(key(&learnt), key(&server.known_host()));
    drop(trunkline);

    let other = Stage::new();
    keygen(&other.path("key"), &["-t", "ed25519"]);
    let public = std::fs::read_to_string(other.path("key.pub")).unwrap();
    let host = learnt.split(' ').next().unwrap();
    stage.write("known_hosts", format!("{host} {public}"));
    let (trunkline, mut equipment) = line(&stage, &server, &trusting);
    equipment.send("ATDTmain\r");
    equipment.expect("\r\nNO CARRIER\r\n");
    trunkline.log().expect("its key has changed");
}

#[test]
fn hashed_names_in_the_list_are_understood() {
    let stage = Stage::new();
    let shell = stage.script("shell", "printf READY; exec cat");
    let server = SshServer::start(&stage, Sshd::OpenSsh, &shell);
    let list = stage.write("known_hosts", server.known_host());
    let mut hash = command(crate::stage::installed("/usr/bin/ssh-keygen"));
    hash.args(["-H", "-f"]).arg(&list);
    Process::start("ssh-keygen", &mut hash).succeed();
    assert!(std::fs::read_to_string(&list).unwrap().starts_with("|1|"));
    let how = format!("known-hosts = \"known_hosts\", {}", password(&stage));
    let (_trunkline, mut equipment) = line(&stage, &server, &how);
    equipment.send("ATDTmain\r");
    equipment.expect("READY");
}

#[test]
fn a_wrong_password_is_no_carrier_and_stays_out_of_the_log() {
    let stage = Stage::new();
    let shell = stage.script("shell", "printf READY; exec cat");
    let server = SshServer::start(&stage, Sshd::OpenSsh, &shell);
    stage.write("known_hosts", server.known_host());
    let how = format!("known-hosts = \"known_hosts\", {}", password(&stage));
    stage.write("password", "hunter2\n");
    let (trunkline, mut equipment) = line(&stage, &server, &how);
    equipment.send("ATDTmain\r");
    equipment.expect("\r\nNO CARRIER\r\n");
    trunkline.log().expect("it refuses the login");
    assert!(!trunkline.log().text().contains("hunter2"));

    // Nor is one that is typed.
    equipment.send(format!("ATDTssh://rtu:hunter3@{}\r", server.address()));
    equipment.expect("\r\nNO CARRIER\r\n");
    assert!(!trunkline.log().text().contains("hunter3"), "{}", trunkline.log().text());
}

#[test]
fn dropbear_is_called_with_a_terminal_and_a_command() {
    let stage = Stage::new();
    keygen(&stage.path("id_ed25519"), &["-t", "ed25519"]);
    let shell = PathBuf::from("/bin/sh");
    let server = SshServer::start(&stage, Sshd::Dropbear, &shell);
    stage.write("known_hosts", server.known_host());
    let how = "known-hosts = \"known_hosts\", identity = \"file:id_ed25519\", pty = true, \
               command = \"tty >/dev/null && echo on $TERM; stty raw -echo; echo READY; exec cat\"";
    let (_trunkline, mut equipment) = line(&stage, &server, how);
    equipment.send("ATDTmain\r");
    equipment.expect("on dumb");
    equipment.expect("READY");
    let bytes = all_values_and_more();
    assert_same_bytes(
        &bytes,
        &equipment.exchange(&bytes, bytes.len() + 1)[1..],
        "through dropbear",
    );
}

#[test]
fn an_operator_calls_a_host_and_the_far_ends_end_is_his() {
    let stage = Stage::new();
    keygen(&stage.path("id_ed25519"), &["-t", "ed25519"]);
    let shell = stage.script("shell", "exec cat");
    let server = SshServer::start(&stage, Sshd::OpenSsh, &shell);
    stage.write("known_hosts", server.known_host());
    let file = stage.write(
        "trunkline.toml",
        format!(
            "[phonebook]\nmain = {{ call = \"ssh://rtu@{}\", ssh = {{ known-hosts = \"known_hosts\", \
             identity = \"file:id_ed25519\" }} }}\n",
            server.address()
        ),
    );
    let bytes = all_values_and_more();
    let input = stage.write("input", &bytes);
    let mut dial = command(env!("CARGO_BIN_EXE_trunkline"));
    dial.args(["dial", "main", "--config"]).arg(file);
    dial.stdin(std::fs::File::open(input).unwrap());
    let mut dial = Process::start("trunkline dial", &mut dial);
    dial.succeed();
    assert_same_bytes(&bytes, &dial.log().bytes(), "what came back");
}
