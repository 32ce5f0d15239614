//! The services of a Wavecom modem against real servers: files, pages and mails go and come as they are.

pub(crate) mod daemons;
mod files;
mod mails;
mod pages;
mod postfix;

use crate::stage::{Setting, Stage, Trunkline, Wire, assert_same_bytes};

/// Beyond every buffer on the way.
const LARGE: usize = 10 * 1024 * 1024;

/// Equipment at a Wavecom modem whose bearer is started.
struct Equipment {
    trunkline: Trunkline,
    wire: Wire,
}

impl Equipment {
    fn new(stage: &Stage) -> Self {
        let store = format!("[exchange]\nstore = \"{}\"\n", stage.path("calls.db").display());
        let setting = Setting::new(stage).line("m", "persona = \"wavecom-q26\"").tables(&store);
        let trunkline = setting.run();
        let wire = trunkline.open("m");
        let mut equipment = Self { trunkline, wire };
        equipment.wire.send("ATE0\r");
        equipment.wire.expect("\r\nOK\r\n");
        for command in ["AT+CMEE=1", "AT+WIPCFG=1", "AT+WIPBR=1,6", "AT+WIPBR=4,6,0"] {
            equipment.ok(command);
        }
        equipment
    }

    /// A command, and exactly this is its answer.
    fn says(&mut self, command: &str, answer: &str) {
        self.wire.send(format!("{command}\r"));
        self.wire.expect_only(answer);
    }

    fn ok(&mut self, command: &str) {
        self.says(command, "\r\nOK\r\n");
    }

    /// Sends a file behind a command.
    fn puts(&mut self, command: &str, file: &[u8]) {
        self.says(command, "\r\nCONNECT\r\n");
        let mut stuffed = stuffed(file);
        stuffed.push(ETX);
        self.wire.exchange(&stuffed, 0);
        self.wire.expect_only("\r\nOK\r\n");
    }

    /// Asks for a file that is known.
    fn gets(&mut self, command: &str, file: &[u8]) {
        self.says(command, "\r\nCONNECT\r\n");
        let stuffed = stuffed(file);
        let got = self.wire.receive(stuffed.len());
        assert_same_bytes(&stuffed, &got, command);
        self.wire.expect_only("\x03\r\nOK\r\n");
    }

    /// Asks for a short file that isn't known.
    fn reads(&mut self, command: &str) -> String {
        self.says(command, "\r\nCONNECT\r\n");
        let text = self.wire.expect("\x03\r\nOK\r\n");
        String::from_utf8_lossy(&text).into_owned()
    }
}

const ETX: u8 = 0x03;
const DLE: u8 = 0x10;

fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(bytes.len() + bytes.len() / 64);
    for byte in bytes {
        if matches!(*byte, ETX | DLE) {
            stuffed.push(DLE);
        }
        stuffed.push(*byte);
    }
    stuffed
}
