//! A program on a pseudo-terminal.

use std::path::PathBuf;

use line::Line;
use rustix::io::ioctl_fionread;
use tempfile::TempDir;

use crate::equipment::{Far, Wire, payload, start, switchboard, until};
use crate::terminal::Terminal;

/// A line with a pseudo-terminal that nobody has opened.
struct Modem {
    board: line::Switchboard,
    line: Line,
    link: PathBuf,
    _folder: TempDir,
}

fn modem(hangup: &str, settings: &str) -> Modem {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let pty = format!("pty = {{ link = \"{}\", hangup = \"{hangup}\" }}", link.display());
    let board = switchboard();
    let line = start(&board, "a", &format!("{pty}\n{settings}"));
    Modem { board, line, link, _folder: folder }
}

async fn dial(modem: &Modem, far: &Far) -> (Terminal, Wire) {
    let program = Terminal::open(&modem.link);
    program.say(format!("ATE0DT{}\r", far.address())).await;
    let peer = far.answer().await;
    program.hear_until("CONNECT 115200\r\n").await;
    (program, peer)
}

#[tokio::test]
async fn a_hang_up_of_the_terminal_shows_the_end_of_a_call_and_a_new_open_works() {
    let far = Far::listen().await;
    let modem = modem("close", "");
    for _ in 0..2 {
        let (program, mut peer) = dial(&modem, &far).await;
        peer.say("bye").await;
        drop(peer);
        let mut heard = Vec::new();
        while let Ok(bytes) = program.read().await {
            if bytes.is_empty() {
                break;
            }
            heard.extend(bytes);
        }
        assert_eq!(heard.escape_ascii().to_string(), "bye\\r\\nNO CARRIER\\r\\n");
        until(|| !modem.line.status().dtr).await;
    }
}

#[tokio::test]
async fn a_program_that_closed_first_takes_no_terminal_from_the_next_one() {
    let far = Far::listen().await;
    let modem = modem("close", "");
    let (program, mut peer) = dial(&modem, &far).await;
    let name = std::fs::read_link(&modem.link).unwrap();
    drop(program);
    assert_eq!(peer.rest().await, b"");
    until(|| !modem.line.calls().is_empty() && modem.line.status().state == "command").await;
    assert_eq!(std::fs::read_link(&modem.link).unwrap(), name);
}

#[tokio::test]
async fn who_takes_a_programs_place_in_the_same_moment_has_no_part_in_its_call() {
    let far = Far::listen().await;
    let modem = modem("keep", "init = \"S25=0\"");
    let (program, mut peer) = dial(&modem, &far).await;
    peer.say("for the first").await;
    until(|| ioctl_fionread(program.fd()).unwrap() > 0).await;
    drop(program);
    let next = Terminal::open(&modem.link);
    until(|| !modem.line.calls().is_empty() && modem.line.status().dtr).await;
    assert_eq!(modem.line.calls()[0].cause.code(), "dtr-drop");
    next.say("AT\r").await;
    assert_eq!(next.hear_until("OK\r\n").await, "\r\nOK\r\n");
}

#[tokio::test]
async fn a_program_that_hands_the_line_to_another_in_a_moment_hands_over_the_call_but_nothing_unread()
 {
    let far = Far::listen().await;
    let modem = modem("keep", "init = \"S25=255\"");
    let (program, mut peer) = dial(&modem, &far).await;
    peer.say("for the first").await;
    until(|| ioctl_fionread(program.fd()).unwrap() > 0).await;
    drop(program);
    let next = Terminal::open(&modem.link);
    next.say("here I am").await;
    peer.hear("here I am").await;
    peer.say("for the next").await;
    next.hear("for the next").await;
    assert!(modem.line.calls().is_empty(), "DTR was off for less than S25 wants");
}

#[tokio::test]
async fn speed_zero_drops_dtr_and_another_speed_raises_it() {
    let far = Far::listen().await;
    let modem = modem("keep", "");
    let (program, mut peer) = dial(&modem, &far).await;
    program.set_speed(0);
    assert_eq!(peer.rest().await, b"");
    until(|| !modem.line.calls().is_empty()).await;
    assert_eq!(modem.line.calls()[0].cause.code(), "dtr-drop");
    assert!(!modem.line.status().dtr);
    program.set_speed(19_200);
    until(|| modem.line.status().dtr).await;
    program.say(format!("ATDT{}\r", far.address())).await;
    let _peer = far.answer().await;
    program.hear_until("CONNECT 19200\r\n").await;
}

#[tokio::test]
async fn a_call_is_left_for_commands_and_resumed() {
    let far = Far::listen().await;
    // Guards of no time at all, so that nothing is waited for.
    let modem = modem("keep", "init = \"S12=0\"");
    let (program, mut peer) = dial(&modem, &far).await;
    program.say("+++").await;
    program.hear_until("\r\nOK\r\n").await;
    peer.hear("+++").await;
    peer.say("kept back").await;
    program.say("ATS7?\r").await;
    program.hear("\r\n060\r\n\r\nOK\r\n").await;
    program.say("ATO\r").await;
    program.hear_until("CONNECT 115200\r\nkept back").await;
    // Without guards the escape at its end would be one.
    let data = payload();
    let data = data.strip_suffix(b"+++ATH\r").unwrap();
    program.say(data).await;
    peer.hear(data).await;
}

#[tokio::test]
async fn nobody_rings_at_a_terminal_that_nobody_has_open() {
    let modem = modem("keep", "listen = \"127.0.0.1:0\"\ninit = \"S0=1\"");
    let mut caller = Wire::connect(&modem.line.listens()[0]).await;
    assert_eq!(caller.rest().await, b"");
    assert!(modem.line.calls().is_empty());
    let program = Terminal::open(&modem.link);
    until(|| modem.line.status().dtr).await;
    let mut caller = Wire::connect(&modem.line.listens()[0]).await;
    assert_eq!(
        program.hear_until("CONNECT 115200\r\n").await,
        "\r\nRING\r\n\r\nCONNECT 115200\r\n"
    );
    caller.say("hello").await;
    program.hear("hello").await;
    drop(modem.board);
}

#[tokio::test]
async fn a_far_end_that_left_words_for_nobody_doesnt_hold_the_line() {
    let far = Far::listen().await;
    let modem = modem("keep", "init = \"&D0\"");
    let (program, mut peer) = dial(&modem, &far).await;
    drop(program);
    until(|| !modem.line.status().dtr).await;
    assert_eq!(modem.line.status().state, "online", "&D0: DTR ends nothing");
    peer.say("for nobody").await;
    drop(peer);
    until(|| !modem.line.calls().is_empty()).await;
    assert_eq!(modem.line.calls()[0].cause.code(), "remote-hang-up");
}
