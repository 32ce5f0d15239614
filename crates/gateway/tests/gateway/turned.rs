//! A direction that trunkline switches, when nobody waits for the end of a frame any more.

use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, Instant};

use gateway::{Bus, Direction, Place, Turn, With};
use modbus::UnitId;
use modbus::master::{Question, Settings};
use modbus::pdu::Pdu;
use tokio::runtime::Runtime;

use crate::terminal;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn shows(path: &std::path::Path, level: &str) {
    let begun = Instant::now();
    loop {
        let mut text = String::new();
        File::open(path).and_then(|mut file| file.read_to_string(&mut text)).expect("it is there");
        if text == level {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "it shows {text}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_transmitter_is_switched_off_though_the_one_who_sends_is_ended_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let (link, pin) = (folder.path().join("bus"), folder.path().join("pin"));
    let (_far, _near) = terminal(&link);
    std::fs::write(&pin, "").expect("a file");
    let turn = Turn {
        with: With::File(pin.clone()),
        sending: tty::RtsLevel::High,
        // It would be on for an hour.
        before: Duration::from_secs(3600),
        after: Duration::ZERO,
    };
    let settings = tty::Settings::default();
    let direction = Direction::Ours(turn);
    let place = Place::Serial { device: link, settings, direction };
    let runtime = Runtime::new().expect("a runtime");
    let bus = runtime.block_on(Bus::open(place, Settings::rtu_over_a_call())).expect("it opens");
    shows(&pin, "0");
    let asker = bus.clone();
    runtime.spawn(async move {
        let question = Question::of(Pdu::new(&[3, 0, 0, 0, 1]).expect("a PDU"));
        asker.ask(UnitId(1), question.expect("a question")).await
    });
    shows(&pin, "1");
    runtime.shutdown_timeout(PATIENCE);
    shows(&pin, "0");
}
