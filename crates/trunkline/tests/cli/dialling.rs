//! `trunkline dial` between programs: what goes in and out, and how it ends.

use std::io::Write as _;
use std::process::{Output, Stdio};

use crate::ports::free_address;
use crate::stage::{Equipment, Stage, exchange, trunkline};

fn dial(stage: &Stage, args: &[&str], typed: &[u8]) -> Output {
    let mut child = trunkline(stage.folder.path())
        .arg("dial")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let typed = typed.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&typed));
    let output = child.wait_with_output().unwrap();
    // A call that fails leaves what was typed unread.
    let _ = writer.join().unwrap();
    output
}

#[test]
fn a_program_can_log_in_and_talk_through_a_pipe() {
    let mut stage = Stage::run(&exchange("\"/bin/cat\""));
    let address = stage.exchange();
    stage.write("trunkline.toml", &format!("[phonebook]\nhome = \"telnet://{address}\"\n"));
    // Every byte, IAC among them, and a tilde that gives no orders here.
    let mut typed = b"guest\rsecret\r".to_vec();
    let mut data: Vec<u8> = (0..=255).collect();
    data.extend_from_slice(b"\n~.\n");
    typed.extend_from_slice(&data);
    let output = dial(&stage, &["home"], &typed);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.ends_with(&data), "{:?}", String::from_utf8_lossy(&output.stdout));
    assert!(stage.stop().success());
}

#[test]
fn a_person_hangs_up_with_a_tilde_and_finds_the_terminal_as_it_was() {
    use rustix::termios::{LocalModes, tcgetattr};
    let stage = Stage::run(&exchange("\"/bin/cat\""));
    let (mut person, terminal) = Equipment::person();
    let stream = || Stdio::from(terminal.try_clone().unwrap());
    let mut dial = trunkline(stage.folder.path())
        .args(["dial", &stage.exchange().to_string()])
        .stdin(stream())
        .stdout(stream())
        .stderr(stream())
        .spawn()
        .unwrap();
    person.expect("CONNECT 127.0.0.1:");
    person.expect("login: ");
    person.send("guest\r");
    person.expect("Password: ");
    person.send("secret\r");
    person.echoed("a~.b");
    person.send("\r~?");
    person.expect("~.  hang up");
    person.send("~e");
    person.send("x");
    person.expect("x");
    person.expect("x");
    person.send("\r~.");
    person.expect("NO CARRIER: hung up by command");
    assert!(dial.wait().unwrap().success());
    let modes = tcgetattr(&terminal).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO));
}

#[test]
fn the_exit_status_is_the_modems_number_for_what_went_wrong() {
    let stage =
        Stage::new("[[line]]\nname = \"strict\"\npty = \"p\"\ndial-access = \"default deny\"\n");
    let address = free_address().to_string();
    for (args, code, says) in [
        (&[address.as_str()][..], 7, "BUSY"),
        (&["5551212"][..], 3, "NO CARRIER: 5551212: the number is not in the phonebook"),
        (&["nobody.invalid"][..], 3, "NO CARRIER"),
        (&[address.as_str(), "--line", "strict"][..], 3, "NO CARRIER"),
    ] {
        let output = dial(&stage, args, b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
}

#[test]
fn who_wants_to_dial_with_a_real_modem_is_told_how() {
    let stage = Stage::new(
        "[phonebook]\n\"2345678\" = \"modem:rack1/5551234\"\n[[modem]]\nname = \"rack1\"\ndevice = \"/dev/ttyS0\"\n",
    );
    for target in ["modem:rack1", "modem:rack1/5551234", "2345678"] {
        let output = dial(&stage, &[target], b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{target}: {said}");
        assert!(said.contains("belongs to the running instance"), "{target}: {said}");
        assert!(said.contains("type ATDT"), "{target}: {said}");
    }
}

#[test]
fn a_far_end_that_does_not_answer_is_given_up() {
    let stage = Stage::new("");
    // Nobody accepts, and the queue of those who wait is full: further callers get no answer.
    let full = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    rustix::net::bind(&full, &any).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let address: std::net::SocketAddr =
        rustix::net::getsockname(&full).unwrap().try_into().unwrap();
    let _waiting = std::net::TcpStream::connect(address).unwrap();
    let output = dial(&stage, &[&address.to_string(), "--patience", "300ms"], b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(8), "{said}");
    assert!(said.contains("NO ANSWER"), "{said}");
}
