//! Trouble at one place stays there.

use std::time::Duration;

use crate::equipment::{Far, PATIENCE, Wire, plug, start, switchboard, until};

#[tokio::test]
async fn equipment_that_never_reads_stops_neither_its_own_sending_nor_other_lines() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    // The far end sends until everything in between is full.
    let flood = vec![0; 1 << 16];
    while peer.0.try_write(&flood).is_ok() || still_moving(&peer).await {}
    plugged.dte.say("out all the same").await;
    peer.hear("out all the same").await;
    let other = start(&plugged.board, "b", "");
    let mut dte = Wire::connect(other.place()).await;
    dte.say("AT\r").await;
    dte.hear_until("OK\r\n").await;
}

/// Whether the socket takes more after a moment: full is when it doesn't.
async fn still_moving(peer: &Wire) -> bool {
    tokio::time::timeout(std::time::Duration::from_millis(300), peer.0.writable()).await.is_ok()
}

#[tokio::test]
async fn a_line_can_be_stopped_in_a_call_and_started_again() {
    let far = Far::listen().await;
    let board = switchboard();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    dte.hear_until("CONNECT 9600\r\n").await;
    board.stop("a").await;
    assert_eq!(dte.rest().await, b"\r\nNO CARRIER\r\n");
    assert_eq!(peer.rest().await, b"");
    assert!(board.line("a").is_none());
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say("AT\r").await;
    dte.hear_until("OK\r\n").await;
}

#[tokio::test]
async fn an_operator_ends_a_call() {
    let far = Far::listen().await;
    let mut plugged = plug("").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    assert_eq!(plugged.line.status().call.unwrap().party, far.address());
    plugged.line.hang_up();
    plugged.dte.hear("\r\nNO CARRIER\r\n").await;
    assert_eq!(peer.rest().await, b"");
    assert_eq!(plugged.line.calls()[0].cause.code(), "operator");
}

#[tokio::test]
async fn stored_numbers_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let far = Far::listen().await;
    let personas = || line::Personas::built_in().unwrap();
    let state = Some(folder.path().to_owned());
    let board = line::Switchboard::new(personas(), state.clone()).unwrap();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say(format!("AT&Z3={}\r", far.address())).await;
    dte.hear_until("OK\r\n").await;
    dte.say("ATE0S0=2&W\r").await;
    dte.hear_until("OK\r\n").await;
    board.stop("a").await;
    drop(board);
    let board = line::Switchboard::new(personas(), state).unwrap();
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    dte.say("ATS0?\r").await;
    dte.hear("\r\n002\r\n\r\nOK\r\n").await;
    dte.say("ATDS=3\r").await;
    dte.hear_until("CONNECT 9600\r\n").await;
    far.answer().await;
}

/// A disk on which the profiles of line `a` take their time: nobody can write there before somebody reads.
fn make_slow(folder: &std::path::Path) -> std::path::PathBuf {
    let slow = folder.join("a.profile.new");
    let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &slow, fifo, mode, 0).unwrap();
    slow
}

/// Lets go on who writes there; whoever comes after him finds no such thing.
fn read_all(fifo: &std::path::Path) {
    let mut file = std::fs::File::open(fifo).unwrap();
    std::fs::remove_file(fifo).unwrap();
    std::io::Read::read_to_end(&mut file, &mut Vec::new()).unwrap();
}

fn switchboard_at(folder: &std::path::Path) -> line::Switchboard {
    let personas = line::Personas::built_in().unwrap();
    line::Switchboard::new(personas, Some(folder.to_owned())).unwrap()
}

#[tokio::test]
async fn a_disk_that_takes_its_time_with_a_profile_holds_up_no_other_line() {
    let folder = tempfile::tempdir().unwrap();
    let slow = make_slow(folder.path());
    let (go, wait) = std::sync::mpsc::channel();
    let disk = std::thread::spawn(move || {
        let told = wait.recv_timeout(PATIENCE);
        read_all(&slow);
        told
    });
    let board = switchboard_at(folder.path());
    let mut stores = Wire::connect(start(&board, "a", "").place()).await;
    let mut other = Wire::connect(start(&board, "b", "").place()).await;
    stores.say("ATE0&W\r").await;
    stores.hear("ATE0&W\r").await;
    other.say("ATE0&W\r").await;
    other.hear_until("OK\r\n").await;
    assert!(folder.path().join("b.profile").exists(), "OK says that it is kept");
    stores.say("AT\r").await;
    let early = tokio::time::timeout(Duration::from_millis(50), stores.byte()).await;
    assert!(early.is_err(), "nothing is kept yet");
    go.send(()).unwrap();
    // It wasn't even a disk.
    stores.hear("\r\nERROR\r\n\r\nOK\r\n").await;
    assert!(disk.join().unwrap().is_ok(), "the other line was held up, too");
}

#[tokio::test]
async fn what_the_disk_does_not_take_was_answered_ok_and_the_rest_of_the_line_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let board = switchboard_at(folder.path());
    let line = start(&board, "a", "");
    let mut dte = Wire::connect(line.place()).await;
    std::fs::create_dir(folder.path().join("a.profile.new")).unwrap();
    dte.say("ATE0&WDT127.0.0.1:9\r").await;
    dte.hear("ATE0&WDT127.0.0.1:9\r\r\nERROR\r\n").await;
    dte.say("ATV0&Z1=5\r").await;
    dte.hear("4\r").await;
    dte.say("ATQ1&W1\rATQ0\r").await;
    dte.hear("0\r").await;
    assert!(line.calls().is_empty(), "{:?}", line.calls());
    std::fs::remove_dir(folder.path().join("a.profile.new")).unwrap();
    // It is all stored once more, though the modem has it already.
    dte.say("AT&Z1=5\r").await;
    dte.hear("0\r").await;
    let kept = std::fs::read_to_string(folder.path().join("a.profile")).unwrap();
    assert!(kept.contains("profile 0 E0\n") && kept.contains("number 1 5\n"), "{kept}");
}

#[tokio::test]
async fn a_disk_that_hangs_is_an_error_in_the_end_and_neither_the_line_nor_its_end_waits() {
    let folder = tempfile::tempdir().unwrap();
    let slow = make_slow(folder.path());
    let board = switchboard_at(folder.path());
    let mut dte = Wire::connect(start(&board, "a", "").place()).await;
    let mut other = Wire::connect(start(&board, "b", "").place()).await;
    dte.say("AT&W\r").await;
    dte.hear("AT&W\r").await;
    other.say("ATE0&W\r").await;
    other.hear_until("OK\r\n").await;
    tokio::time::pause();
    let too_long = Duration::from_secs(11);
    tokio::time::advance(too_long).await;
    dte.hear("\r\nERROR\r\n").await;
    dte.say("AT\r").await;
    dte.hear("AT\r\r\nOK\r\n").await;
    // Another waits behind the one that hangs, and as long.
    dte.say("AT&W\r").await;
    dte.hear("AT&W\r").await;
    tokio::time::advance(too_long).await;
    dte.hear("\r\nERROR\r\n").await;
    dte.say("AT&W1DT127.0.0.1:9\r").await;
    dte.hear("AT&W1DT127.0.0.1:9\r").await;
    tokio::join!(board.stop("a"), tokio::time::advance(too_long));
    dte.rest().await;
    read_all(&slow);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_left_while_the_far_end_read_nothing_doesnt_hold_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let far = Far::listen().await;
    let board = switchboard();
    let line = start(&board, "a", &format!("pty = \"{}\"", link.display()));
    let number = far.address();
    let program = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        use std::os::unix::fs::OpenOptionsExt;
        let nonblocking = 0o4000;
        let mut modem = std::fs::OpenOptions::new().read(true).write(true).open(&link).unwrap();
        write!(modem, "ATE0DT{number}\r").unwrap();
        let mut heard = Vec::new();
        let mut byte = [0];
        while !heard.ends_with(b"CONNECT 115200\r\n") {
            modem.read_exact(&mut byte).unwrap();
            heard.push(byte[0]);
        }
        let mut flood =
            std::fs::OpenOptions::new().write(true).custom_flags(nonblocking).open(&link).unwrap();
        let started = std::time::Instant::now();
        // Full is when it takes nothing for a while.
        let mut full = 0;
        while full < 50 && started.elapsed().as_secs() < 15 {
            match flood.write(&[0; 4096]) {
                Ok(taken) if taken > 0 => full = 0,
                _ => {
                    full += 1;
                    std::thread::yield_now();
                    std::thread::park_timeout(std::time::Duration::from_millis(5));
                }
            }
        }
    });
    let _peer = far.answer().await;
    program.await.unwrap();
    while line.calls().is_empty() {
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(line.calls()[0].cause.code(), "dtr-drop");
}

#[tokio::test]
async fn equipment_that_took_nothing_of_the_last_data_doesnt_hold_the_line_for_ever() {
    let far = Far::listen().await;
    let mut plugged = plug("init = \"&K4\"").await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    plugged.dte.say(b"\x13stop").await;
    peer.hear("stop").await;
    peer.say("last words").await;
    drop(peer);
    tokio::time::pause();
    while plugged.line.calls().is_empty() {
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(plugged.line.calls()[0].cause.code(), "remote-hang-up");
}

#[tokio::test]
async fn a_trace_file_shows_both_ways_and_hides_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let far = Far::listen().await;
    let mut plugged = plug(&format!("trace = \"{}\"", file.display())).await;
    plugged.dte.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    peer.say("Password: ").await;
    plugged.dte.hear("Password: ").await;
    plugged.dte.say("hunter2\r").await;
    peer.hear("hunter2\r").await;
    plugged.dte.say("ls -l").await;
    let trace = || std::fs::read_to_string(&file).unwrap_or_default();
    until(|| trace().contains("|ls -l|")).await;
    let trace = trace();
    assert!(trace.contains("|Password: |") && trace.contains("hidden"), "{trace}");
    assert!(trace.contains("dcd: true"), "circuits are shown too: {trace}");
    assert!(!trace.contains("hunter2") && !trace.contains("68 75 6e"), "{trace}");
}
