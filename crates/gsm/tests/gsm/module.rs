//! A module in the tests' hands: it answers by a table, and has its moods.

use std::time::Duration;

use crate::tables::{ALL, GENERAL, Table};
use clock::Instant;
use gsm::{Dialect, Event, Input, Level, Module, Note, Order, Output, Setup, Target};

/// What goes wrong at one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Silent,
    Error,
    /// It answers long after everybody has given up.
    Late,
    /// It starts anew, says so in its own words, and needs a while.
    Reboots,
    /// It says something else first, and in the middle.
    Chatty,
    Busy,
    Garbage,
}

/// A module, the machine that drives it, and what came of it.
pub(crate) struct Desk {
    pub(crate) now: Instant,
    pub(crate) module: Module,
    table: Table,
    /// Answers of this test, before those of the table.
    pub(crate) own: Vec<(&'static str, &'static str)>,
    pub(crate) echo: bool,
    /// Whether it has started anew without a word: it says what it is told until it is told not to.
    anew: bool,
    /// The mood at the n-th command, counted from 0, and how many commands it lasts.
    pub(crate) mood: Option<(usize, usize, Mood)>,
    pub(crate) asked: usize,
    /// What was sent, and when.
    pub(crate) said: Vec<(Instant, String)>,
    /// What is on its way to the machine, and when it is there.
    pub(crate) coming: Vec<(Instant, Vec<u8>)>,
    deaf_until: Instant,
    /// Whether its data session is up.
    pub(crate) attached: bool,
    /// Whether what is said leaves the port at once.
    pub(crate) drains: bool,
    pub(crate) port: Port,
    command: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Port {
    pub(crate) sent: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) events: Vec<Event>,
    pub(crate) notes: Vec<String>,
    pub(crate) dtr: Vec<Level>,
}

impl Output for Port {
    fn send(&mut self, bytes: &[u8]) {
        self.sent.extend(bytes);
    }

    fn forget(&mut self) {
        self.sent.clear();
    }

    fn data(&mut self, bytes: &[u8]) {
        self.data.extend(bytes);
    }

    fn dtr(&mut self, level: Level) {
        self.dtr.push(level);
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn note(&mut self, note: Note<'_>) {
        self.notes.push(format!("{note:?}"));
    }
}

pub(crate) fn target() -> Target {
    Target { host: "192.0.2.1".into(), port: 8023 }
}

/// What brings a session up; what asks for it, and is answered like this once it is.
const SESSIONS: [(&str, &str, &str); 3] = [
    ("AT+WIPBR=4,6,0", "AT+WIPBR?", "\r\n+WIPBR: 6,1\r\n\r\nOK\r\n"),
    ("AT+CIICR", "AT+CIPSTATUS", "\r\nOK\r\n\r\nSTATE: IP STATUS\r\n"),
    ("AT+QIACT=1", "AT+QIACT?", "\r\n+QIACT: 1,1,1,\"10.7.157.1\"\r\n\r\nOK\r\n"),
];

/// What ends it.
const ENDS: [&str; 3] = ["AT+WIPBR=5", "AT+CIPSHUT", "AT+QIDEACT"];

/// A call needs no longer than this, whatever goes wrong on its way.
const PATIENCE: Duration = Duration::from_secs(3600);

impl Desk {
    pub(crate) fn new(dialect: &str, setup: Setup) -> Self {
        let (_, table) = ALL.into_iter().find(|(name, _)| *name == dialect).unwrap();
        Self {
            now: Instant::ORIGIN,
            module: Module::new(setup),
            table,
            own: Vec::new(),
            echo: false,
            anew: false,
            mood: None,
            asked: 0,
            said: Vec::new(),
            coming: Vec::new(),
            deaf_until: Instant::ORIGIN,
            attached: false,
            drains: true,
            port: Port::default(),
            command: Vec::new(),
        }
    }

    /// One that is ready for a call.
    pub(crate) fn ready(dialect: &str) -> Self {
        let mut desk = Self::new(dialect, setup());
        desk.order(Order::Start);
        desk.until(|event| *event == Event::Ready);
        desk
    }

    /// One that has a call.
    pub(crate) fn online(dialect: &str) -> Self {
        let mut desk = Self::ready(dialect);
        desk.order(Order::Dial(target()));
        desk.until(|event| *event == Event::Connected);
        desk.settle();
        desk
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.input(Input::Order(order));
    }

    pub(crate) fn input(&mut self, input: Input<'_>) -> usize {
        let taken = self.module.input(self.now, input, &mut self.port);
        self.answer();
        while self.drains && self.module.awaits_drain() {
            self.module.input(self.now, Input::Drained, &mut self.port);
            self.answer();
        }
        taken
    }

    /// The module starts anew without a word.
    pub(crate) fn starts_anew(&mut self) {
        (self.anew, self.attached) = (true, false);
    }

    /// What the module says, at once.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.input(Input::Bytes(bytes.as_ref()));
    }

    /// Answers the commands that were sent, if the module takes commands.
    fn answer(&mut self) {
        if self.module.is_online() && self.module.is_stream() {
            return;
        }
        if !self.port.sent.is_empty() {
            self.said.push((self.now, String::from_utf8_lossy(&self.port.sent).into_owned()));
        }
        for byte in std::mem::take(&mut self.port.sent) {
            match byte {
                b'\r' => {
                    let command = String::from_utf8_lossy(&self.command).into_owned();
                    self.command.clear();
                    self.obey(&command);
                }
                // An ETX means nothing here.
                0x03 => {}
                byte => self.command.push(byte),
            }
            if self.command == b"+++" {
                self.command.clear();
                let at = self.now + Duration::from_secs(1);
                self.coming.push((at, b"\r\nOK\r\n".to_vec()));
            }
        }
    }

    fn obey(&mut self, command: &str) {
        let index = self.asked;
        self.asked += 1;
        if self.deaf_until > self.now {
            return;
        }
        let own = self.own.iter().copied();
        let is_up = SESSIONS.into_iter().filter(|_| self.attached).map(|(_, ask, up)| (ask, up));
        let tables =
            own.chain(is_up).chain(self.table.iter().copied()).chain(GENERAL.iter().copied());
        let Some((_, answer)) = tables.into_iter().find(|(begin, _)| command.starts_with(begin))
        else {
            return;
        };
        let mut answer = answer.as_bytes().to_vec();
        let mut at = self.now + Duration::from_millis(30);
        let mood = self.mood.filter(|(from, count, _)| (*from..from + count).contains(&index));
        match mood.map(|(.., mood)| mood) {
            None => {}
            Some(Mood::Silent) => return,
            Some(Mood::Error) => answer = b"\r\nERROR\r\n".to_vec(),
            Some(Mood::Late) => at = at + Duration::from_secs(170),
            Some(Mood::Reboots) => {
                self.attached = false;
                self.deaf_until = self.now + Duration::from_secs(15);
                at = self.deaf_until;
                answer = b"\0\xff\r\nRDY\r\n\r\n+WIND: 1\r\n\r\n+CFUN: 1\r\n".to_vec();
            }
            Some(Mood::Chatty) => {
                let urc = b"\r\n+WIND: 7\r\n\r\n+CREG: 1,\"178D\",\"1678\"\r\n\r\nRING\r\n";
                let end = answer.iter().skip(2).position(|byte| *byte == b'\n').unwrap_or(0) + 3;
                let (first, rest) = answer.split_at(end.min(answer.len()));
                answer = [&urc[..], first, urc, rest, urc].concat();
            }
            Some(Mood::Busy) => answer = b"\r\n+CME ERROR: 515\r\n".to_vec(),
            Some(Mood::Garbage) => {
                let noise: Vec<u8> = (0..=255).cycle().take(5000).collect();
                answer = [&noise[..], &answer].concat();
            }
        }
        self.anew &= !command.starts_with("ATE0");
        self.attached &= !ENDS.iter().any(|begin| command.starts_with(begin));
        if SESSIONS.iter().any(|(begin, ..)| command.starts_with(begin)) {
            let words = ["OK", "Activation"].map(str::as_bytes);
            self.attached = words.iter().any(|word| answer.windows(word.len()).any(|w| w == *word));
        }
        if self.echo || self.anew {
            answer.splice(0..0, format!("{command}\r").into_bytes());
        }
        self.coming.push((at, answer));
    }

    /// Lets the next thing happen.
    pub(crate) fn step(&mut self) -> bool {
        self.coming.sort_by_key(|(at, _)| *at);
        let due = self.module.deadline();
        let first = self.coming.first().map(|(at, _)| *at);
        match (first, due) {
            (Some(at), due) if due.is_none_or(|due| at <= due) => {
                let (at, bytes) = self.coming.remove(0);
                self.now = self.now.max(at);
                self.say(bytes);
            }
            (_, Some(due)) => {
                self.now = self.now.max(due);
                self.input(Input::Timeout);
            }
            _ => return false,
        }
        true
    }

    /// Lets happen what happens within the next second.
    pub(crate) fn settle(&mut self) {
        let end = self.now + Duration::from_secs(1);
        loop {
            self.coming.sort_by_key(|(at, _)| *at);
            let next = self.coming.first().map(|(at, _)| *at);
            match next.into_iter().chain(self.module.deadline()).min() {
                Some(at) if at <= end => self.step(),
                _ => break,
            };
        }
        self.now = end;
    }

    /// Lets time pass until something is told; what was told before it is gone.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        self.try_until(is_it).unwrap_or_else(|| {
            panic!(
                "it never came: {} {:?} {:#?}",
                self.module.doing(),
                self.module.trouble(),
                self.port.notes
            )
        })
    }

    pub(crate) fn try_until(&mut self, is_it: impl Fn(&Event) -> bool) -> Option<Event> {
        let end = self.now + PATIENCE;
        loop {
            if let Some(place) = self.port.events.iter().position(&is_it) {
                return self.port.events.drain(..=place).next_back();
            }
            if self.now > end || !self.step() {
                return None;
            }
        }
    }

    /// Reads what was said to the module, and answers nothing.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.port.sent)
    }
}

pub(crate) fn setup() -> Setup {
    Setup { apn: "internet".into(), ..Setup::default() }
}

/// The dialect of this name.
pub(crate) fn dialect(name: &str) -> Option<&'static Dialect> {
    Dialect::named(name)
}
