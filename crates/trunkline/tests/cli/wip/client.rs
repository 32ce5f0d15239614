//! A program with such a modem in front of it, which knows every byte that comes.

use std::time::{Duration, Instant};

use crate::stage::{Equipment, PATIENCE, Stage};

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
    /// A byte at a time: the next one once its echo has come, and as at 4800 bit/s where there is none.
    Paced,
}

/// Every way in which a client may be connected.
pub(super) const WAYS: [(Echo, Pace); 4] = [
    (Echo::Off, Pace::AtOnce),
    (Echo::Off, Pace::Paced),
    (Echo::On, Pace::AtOnce),
    (Echo::On, Pace::Paced),
];

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
        Self::at_the_line(stage, "m", echo, pace)
    }

    /// A client of a line of a configuration.
    pub(super) fn run(configuration: &str, pty: &str) -> Self {
        Self::started(Stage::new(configuration), pty, Echo::Off, Pace::AtOnce)
    }

    /// A client of a line of an instance that isn't started yet.
    pub(super) fn started(mut stage: Stage, pty: &str, echo: Echo, pace: Pace) -> Self {
        stage.start(&["run", "--log", "debug"]);
        Self::at_the_line(stage, pty, echo, pace)
    }

    fn at_the_line(stage: Stage, pty: &str, echo: Echo, pace: Pace) -> Self {
        let equipment = Equipment::open(&stage.path(pty));
        let mut client = Self { _stage: stage, equipment, echo: Echo::On, pace };
        if echo == Echo::Off {
            client.row("ATE0\r\n", "\r\nOK\r\n");
            client.mute();
        }
        client
    }

    /// From here on the modem sends nothing back: it was told so.
    pub(super) const fn mute(&mut self) {
        self.echo = Echo::Off;
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

    /// Sends bytes that aren't sent back.
    pub(super) fn send(&self, bytes: &[u8]) {
        match self.pace {
            Pace::AtOnce => self.equipment.send_bytes(bytes),
            Pace::Paced => {
                for piece in pieces(bytes) {
                    self.equipment.send_bytes(piece);
                    // The pace itself; nothing waits for anything here.
                    std::thread::sleep(Duration::from_micros(10_000_000 / 4800));
                }
            }
        }
    }

    /// Sends bytes as one, at whatever pace the client goes.
    pub(super) fn at_once(&self, bytes: &[u8]) {
        self.equipment.send_bytes(bytes);
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

    /// What comes back of this.
    pub(super) const fn comes_back<'t>(&self, text: &'t str) -> &'t str {
        match self.echo {
            Echo::On => text,
            Echo::Off => "",
        }
    }

    /// Sends a command; its echo comes if there is one.
    pub(super) fn types(&mut self, command: &str) {
        match (self.echo, self.pace) {
            (Echo::Off, _) => self.send(command.as_bytes()),
            (Echo::On, Pace::AtOnce) => {
                self.send(command.as_bytes());
                self.exact(command.as_bytes());
            }
            (Echo::On, Pace::Paced) => {
                for piece in pieces(command.as_bytes()) {
                    self.equipment.send_bytes(piece);
                    self.exact(piece);
                }
            }
        }
    }

    /// Sends a command, and exactly this comes, behind its echo if there is one.
    pub(super) fn row(&mut self, command: &str, answer: &str) {
        self.types(command);
        self.exact(answer.as_bytes());
    }

    /// Rows of a table: commands and their answers, byte by byte. In an answer, `#` stands for digits and `*`
    /// for anything.
    pub(super) fn rows(&mut self, rows: &[(&str, &str)]) {
        for (command, answer) in rows {
            self.types(command);
            self.like(command, answer);
        }
    }

    fn like(&mut self, command: &str, pattern: &str) {
        let mut heard = String::new();
        let mut pattern_left = pattern.bytes();
        while let Some(wanted) = pattern_left.next() {
            let end = match wanted {
                b'#' | b'*' => pattern_left.next().expect("an end of what may be anything"),
                byte => byte,
            };
            let begun = heard.len();
            loop {
                let byte = self.read(1)[0];
                heard.push(byte.into());
                let filled = heard.len() > begun + 1;
                let fits = match wanted {
                    b'#' => byte.is_ascii_digit() || (byte == end && filled),
                    b'*' => byte != end || filled,
                    _ => byte == end,
                };
                assert!(fits, "{command:?}: {heard:?} is not like {pattern:?}");
                if byte == end {
                    break;
                }
            }
        }
    }

    /// Sends a command again and again until there is an answer, as equipment does with a modem that starts;
    /// nothing of that is left behind it.
    pub(super) fn repeats(&mut self, command: &str, every: Duration) {
        let end = Instant::now() + PATIENCE;
        loop {
            self.equipment.send(command);
            if self.equipment.hears_within("OK\r\n", every) {
                break;
            }
            assert!(Instant::now() < end, "{command:?} is never answered");
        }
        // A question with an answer of its own: what was still on its way is in front of it.
        self.equipment.send("AT+CGSN\r");
        self.equipment.expect("\r\n004999010640000\r\n\r\nOK\r\n");
    }

    /// Tells a modem that may have started anew what this client wants of its echo.
    pub(super) fn sets_its_echo(&mut self) {
        self.equipment.send(match self.echo {
            Echo::On => "ATE1\r",
            Echo::Off => "ATE0\r",
        });
        self.equipment.expect("\r\nOK\r\n");
    }

    /// This comes, perhaps behind something else.
    pub(super) fn hears(&mut self, text: &str) {
        self.equipment.expect(text);
    }

    /// Sends a command; whether exactly this is the answer, which ends with `OK` in any case.
    pub(super) fn asks(&mut self, command: &str, answer: &str) -> bool {
        self.types(command);
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
        self.at_once(b"+++");
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

/// Bytes one by one; a return and its feed leave a port in one go, however slow it is.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte != b'\r')
}
