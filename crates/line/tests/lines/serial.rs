//! A serial port as DTE end; the cable is a pseudo-terminal, which has all but the modem lines.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rustix::termios::{ControlModes, tcgetattr};
use tokio::time::timeout;

use crate::equipment::{Far, PATIENCE, payload, start, switchboard, until};
use crate::terminal::Terminal;

fn port(device: &Path, more: &str) -> String {
    format!("serial = {{ device = \"{}\", lock = \"none\", {more} }}", device.display())
}

#[tokio::test]
async fn a_port_is_set_as_configured_and_its_speed_is_the_number_in_connect() {
    let far = Far::listen().await;
    let (equipment, device) = Terminal::cable();
    let board = switchboard();
    let settings = port(&device, "speed = 2400, format = \"8N2\", flow = \"none\"");
    let _line = start(&board, "a", &settings);
    let termios = tcgetattr(equipment.fd()).unwrap();
    assert_eq!(termios.output_speed(), 2400);
    assert!(termios.control_modes.contains(ControlModes::CSTOPB));
    equipment.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    equipment.hear_until("\r\nCONNECT 2400\r\n").await;
    equipment.say(payload()).await;
    peer.hear(payload()).await;
    peer.say(payload()).await;
    equipment.hear(payload()).await;
}

#[tokio::test]
async fn the_modem_changes_the_ports_speed_after_its_answer() {
    let (equipment, device) = Terminal::cable();
    let board = switchboard();
    let _line = start(&board, "a", &port(&device, "flow = \"none\""));
    equipment.say("AT+IPR=19200\r").await;
    equipment.hear_until("OK\r\n").await;
    until(|| tcgetattr(equipment.fd()).unwrap().output_speed() == 19_200).await;
}

#[tokio::test]
async fn an_adapter_that_is_pulled_out_ends_the_call_and_is_found_again() {
    let far = Far::listen().await;
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("by-id");
    let (equipment, first) = Terminal::cable();
    symlink(&first, &device).unwrap();
    let board = switchboard();
    let line = start(&board, "a", &port(&device, "flow = \"none\""));
    equipment.say(format!("ATE0&D2DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    equipment.hear_until("CONNECT 9600\r\n").await;
    drop(equipment);
    assert_eq!(peer.rest().await, b"");
    until(|| !line.calls().is_empty()).await;
    assert_eq!(line.calls()[0].cause.code(), "dtr-drop");
    assert!(!line.status().dtr);

    let (equipment, second) = Terminal::cable();
    std::fs::remove_file(&device).unwrap();
    symlink(&second, &device).unwrap();
    let back = async {
        while !line.status().dtr {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, back).await.expect("the line looks for its port again");
    equipment.say(format!("ATDT{}\r", far.address())).await;
    let _peer = far.answer().await;
    equipment.hear_until("CONNECT 9600\r\n").await;
}

#[tokio::test]
async fn a_port_that_is_missing_at_the_start_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("by-id");
    let board = switchboard();
    let line = start(&board, "a", &port(&device, "flow = \"none\""));
    assert!(!line.status().dtr);
    let (equipment, port) = Terminal::cable();
    symlink(&port, &device).unwrap();
    equipment.say("AT\r").await;
    equipment.hear_until("OK\r\n").await;
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_refused_by_name() {
    let (_equipment, device) = Terminal::cable();
    let holder = Terminal::open(&device);
    rustix::fs::flock(holder.fd(), rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let text = format!("name = \"a\"\n{}", port(&device, "flow = \"none\""));
    let config: line::LineConfig = toml::from_str(&text).unwrap();
    let error = switchboard().start(config).err().expect("it is locked").to_string();
    assert!(error.contains(device.to_str().unwrap()) && error.contains("in use"), "{error}");
}
