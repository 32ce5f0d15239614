//! A program with such a modem in front of it, which knows every byte that comes.

use std::time::{Duration, Instant};

use crate::stage::{Equipment, Stage};

/// Whether the modem sends back what it is sent in command state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    Off,
    On,
}

/// How fast the client writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// All at once.
    AtOnce,
    /// As at 4800 bit/s.
    Slow,
}

/// A client on the pseudo-terminal of a running modem.
pub(super) struct Client {
    /// Runs as long as the client.
    _stage: Stage,
    equipment: Equipment,
    echo: Echo,
    pace: Pace,
}

/// Silence around `+++`: a little more than a second.
const GUARD: Duration = Duration::from_millis(1100);

impl Client {
    /// A modem with this persona, and a client that has said what it wants of echo and errors.
    pub(super) fn of(persona: &str, echo: Echo, pace: Pace) -> Self {
        Self::with(&["--persona", persona], echo, pace)
    }

    /// The same, with these arguments of `trunkline modem`.
    pub(super) fn with(args: &[&str], echo: Echo, pace: Pace) -> Self {
        let mut stage = Stage::new("");
        std::fs::create_dir(stage.path("state")).unwrap();
        stage.start(
            &[&["modem", "--pty", "m", "--state", "state", "--log", "debug"], args].concat(),
        );
        let equipment = Equipment::open(&stage.path("m"));
        let mut client = Self { _stage: stage, equipment, echo: Echo::On, pace };
        if echo == Echo::Off {
            client.row("ATE0\r\n", "\r\nOK\r\n");
            client.echo = Echo::Off;
        }
        client
    }

    /// A client of a line of a configuration.
    pub(super) fn run(configuration: &str, pty: &str) -> Self {
        Self::started(Stage::new(configuration), pty)
    }

    /// A client of a line of an instance that isn't started yet.
    pub(super) fn started(mut stage: Stage, pty: &str) -> Self {
        stage.start(&["run", "--log", "debug"]);
        let equipment = Equipment::open(&stage.path(pty));
        let mut client = Self { _stage: stage, equipment, echo: Echo::On, pace: Pace::AtOnce };
        client.row("ATE0\r\n", "\r\nOK\r\n");
        client.echo = Echo::Off;
        client
    }

    /// The next line that isn't empty, without its ends.
    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        loop {
            match self.read(1)[0] {
                b'\n' if !line.is_empty() => return line,
                b'\r' | b'\n' => {}
                byte => line.push(byte.into()),
            }
        }
    }

    /// Writes, and reads so much at the same time.
    pub(super) fn both(&mut self, bytes: &[u8], count: usize) -> Vec<u8> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = self.equipment.write_some(rest);
            rest = &rest[written..];
        }
        self.equipment.read(count)
    }

    /// Sends bytes.
    pub(super) fn send(&self, bytes: &[u8]) {
        match self.pace {
            Pace::AtOnce => self.equipment.send_bytes(bytes),
            Pace::Slow => {
                // A return and its feed leave a port in one go, however slow it is.
                for piece in bytes.split_inclusive(|byte| *byte != b'\r') {
                    self.equipment.send_bytes(piece);
                    std::thread::sleep(Duration::from_micros(10_000_000 / 4800));
                }
            }
        }
    }

    /// Exactly these bytes come next.
    pub(super) fn exact(&mut self, expected: &[u8]) {
        let heard = self.equipment.read(expected.len());
        assert_eq!(
            String::from_utf8_lossy(&heard),
            String::from_utf8_lossy(expected),
            "{heard:02x?} is not {expected:02x?}"
        );
    }

    /// So many bytes.
    pub(super) fn read(&mut self, count: usize) -> Vec<u8> {
        self.equipment.read(count)
    }

    /// Sends a command, and exactly this comes, behind its echo if there is one.
    pub(super) fn row(&mut self, command: &str, answer: &str) {
        self.send(command.as_bytes());
        let mut expected = Vec::new();
        if self.echo == Echo::On {
            expected.extend_from_slice(command.as_bytes());
        }
        expected.extend_from_slice(answer.as_bytes());
        self.exact(&expected);
    }

    /// Sends a command; whether exactly this is the answer, which ends with `OK` in any case.
    pub(super) fn asks(&mut self, command: &str, answer: &str) -> bool {
        self.send(command.as_bytes());
        if self.echo == Echo::On {
            self.exact(command.as_bytes());
        }
        format!("{}\r\n\r\nOK\r\n", self.until(b"\r\n\r\nOK\r\n")) == answer
    }

    /// What comes in front of these bytes.
    pub(super) fn until(&mut self, end: &[u8]) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end) {
            heard.extend(self.read(1));
        }
        heard.truncate(heard.len() - end.len());
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Sends a command that is answered by `OK` and nothing else.
    pub(super) fn ok(&mut self, command: &str) {
        self.row(&format!("{command}\r"), "\r\nOK\r\n");
    }

    /// Leaves data state; exactly this is the answer.
    pub(super) fn escape(&mut self, answer: &str) {
        std::thread::sleep(GUARD);
        let asked = Instant::now();
        self.equipment.send_bytes(b"+++");
        self.exact(answer.as_bytes());
        assert!(asked.elapsed() >= Duration::from_secs(1), "the silence behind it counts");
    }

    /// Starts the stack and the bearer.
    pub(super) fn attach(&mut self) {
        self.ok("AT+CMEE=1");
        self.ok("AT+WIPCFG=1");
        self.ok("AT+WIPBR=1,6");
        self.ok("AT+WIPBR=4,6,0");
    }
}
