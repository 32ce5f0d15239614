//! Conversations as data files: `tests/conversations/*.txt`.
//!
//! | line | is |
//! |---|---|
//! | `# …` | a remark |
//! | `client auto …`, `server on …` | the beginning: side, mode and what differs from the default |
//! | `< …` | the peer sends this, in one segment |
//! | `send …` | our owner sends these data |
//! | `+300ms` | time passes |
//! | `do …` | our owner calls something |
//! | `state` | asks for the state |
//! | `> …` | replies of ours |
//! | `= …` | data that we received |
//! | `! …` | an event |
//! | `~ …` | data as we put them on the wire; `held` for those that may not go out yet |
//! | `? …` | the state |
//!
//! The lines that begin with one of `> = ! ~ ?` are what the codec does. `UPDATE=1 cargo test -p telnet`
//! writes them anew; look at what has changed before you keep it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use clock::Instant;
use telnet::com_port::{Control, ModemState, Notification, Request};
use telnet::{
    ComPort, Direction, Event, LineEnds, Options, Profile, Telnet, TerminalName, WindowSize, Wish,
};

use crate::notation;

const ANSWERS: [&str; 5] = ["> ", "= ", "! ", "~ ", "? "];

/// One side of a conversation while it is played.
struct Player {
    telnet: Telnet,
    now: Instant,
    transcript: String,
    /// Data and events alone, in order: what no segmentation may change.
    received: Vec<Received>,
}

#[derive(Debug, PartialEq)]
enum Received {
    Data(Vec<u8>),
    Event(Event),
}

/// How much of a segment arrives at once.
#[derive(Clone, Copy)]
enum Arrival {
    Whole,
    ByteByByte,
}

impl Player {
    fn new(beginning: &str) -> Self {
        let now = Instant::ORIGIN;
        let telnet = Telnet::new(options(beginning), now);
        let mut player =
            Self { telnet, now, transcript: format!("{beginning}\n"), received: Vec::new() };
        player.replies();
        player
    }

    fn line(&mut self, line: &str, arrival: Arrival) {
        if ANSWERS.iter().any(|mark| line.starts_with(mark)) {
            return;
        }
        let _ = writeln!(self.transcript, "{line}");
        match line.split_once(' ').unwrap_or((line, "")) {
            ("<", wire) => match arrival {
                Arrival::Whole => self.receive(&notation::bytes(wire)),
                Arrival::ByteByByte => {
                    notation::bytes(wire).chunks(1).for_each(|byte| self.receive(byte));
                }
            },
            ("send", data) => self.send(&notation::bytes(data)),
            ("do", what) => self.call(what),
            ("state", _) => {
                let ready = if self.telnet.ready() { "ready" } else { "holds data" };
                let _ = writeln!(self.transcript, "? {}; {ready}", self.telnet.summary());
            }
            (time, "") if time.starts_with('+') => self.wait(time),
            ("" | "#", _) => {}
            _ => panic!("what is this line? {line}"),
        }
    }

    fn receive(&mut self, segment: &[u8]) {
        let mut wire = segment.to_vec();
        let mut rest = wire.as_mut_slice();
        while !rest.is_empty() {
            let decoded = self.telnet.decode(self.now, rest);
            self.data(&rest[..decoded.data]);
            match decoded.event {
                Some(Event::Held(held)) => self.data(held.as_slice()),
                Some(event) => {
                    let _ = writeln!(self.transcript, "! {event:?}");
                    self.received.push(Received::Event(event));
                }
                None => {}
            }
            rest = &mut rest[decoded.consumed..];
            self.replies();
        }
    }

    fn data(&mut self, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let _ = writeln!(self.transcript, "= {}", notation::data(data));
        match self.received.last_mut() {
            Some(Received::Data(before)) => before.extend(data),
            _ => self.received.push(Received::Data(data.to_vec())),
        }
    }

    fn send(&mut self, data: &[u8]) {
        let (now, held) = data.split_at(self.telnet.sendable(data));
        if !now.is_empty() {
            let mut scratch = Vec::new();
            let wire = notation::wire(self.telnet.encode(self.now, now, &mut scratch));
            let _ = writeln!(self.transcript, "~ {wire}");
        }
        if !held.is_empty() {
            let _ = writeln!(self.transcript, "~ held: {}", notation::data(held));
        }
        self.replies();
    }

    fn wait(&mut self, time: &str) {
        let millis = time.trim_matches(|char: char| !char.is_ascii_digit());
        let end = self.now + Duration::from_millis(millis.parse().expect("milliseconds"));
        while let Some(at) = self.telnet.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.telnet.timeout(self.now);
            if let Some(held) = self.telnet.release(self.now) {
                self.data(held.as_slice());
            }
            self.replies();
        }
        self.now = end;
    }

    fn call(&mut self, what: &str) {
        let sent = match what.split(' ').collect::<Vec<_>>()[..] {
            ["break"] => self.telnet.send_break(),
            ["keep-alive"] => self.telnet.keep_alive(),
            ["mark"] => self.telnet.mark(),
            ["ask-binary"] => {
                self.telnet.ask_binary(self.now);
                Ok(())
            }
            ["echo-off"] => {
                self.telnet.want_echo(self.now, Wish::Off);
                Ok(())
            }
            ["receive-binary-off"] => {
                self.telnet.want_binary(self.now, Direction::Receive, Wish::Off);
                Ok(())
            }
            ["resize", size] => {
                self.telnet.resize(window(size));
                Ok(())
            }
            ["notify-baud", rate] => {
                let rate = Notification::BaudRate(rate.parse().unwrap());
                self.telnet.com_port_notify(&rate)
            }
            ["notify-modem", hex] => {
                let state = ModemState(u8::from_str_radix(hex, 16).unwrap());
                self.telnet.com_port_notify(&Notification::ModemState(state))
            }
            ["request-baud", rate] => {
                self.telnet.com_port_request(&Request::BaudRate(rate.parse().ok()))
            }
            ["request-dtr-off"] => self.telnet.com_port_request(&Request::Control(Control::DtrOff)),
            _ => panic!("what is to be done? {what}"),
        };
        if let Err(error) = sent {
            let _ = writeln!(self.transcript, "? {error}");
        }
        self.replies();
    }

    fn replies(&mut self) {
        let replies = std::mem::take(self.telnet.replies());
        if !replies.is_empty() {
            let _ = writeln!(self.transcript, "> {}", notation::wire(&replies));
        }
    }
}

fn options(beginning: &str) -> Options {
    let mut words = beginning.split(' ');
    let side = words.next().expect("a side");
    let mode = words.next().expect("a mode").parse().expect(beginning);
    let mut options = match side {
        "client" => Options::client(mode),
        "server" => Options::server(mode),
        _ => panic!("a conversation begins with client or server, not with {side}"),
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("human", _) => options.profile = Profile::Human,
            ("cr", _) => options.line_ends = LineEnds::Cr,
            ("terminal", name) => options.terminal = name.parse::<TerminalName>().ok(),
            ("size", size) => options.size = Some(window(size)),
            ("access-server", _) => options.com_port = ComPort::AccessServer,
            ("port-client", _) => options.com_port = ComPort::Client,
            _ => panic!("what is {word}?"),
        }
    }
    options
}

fn window(size: &str) -> WindowSize {
    let (columns, rows) = size.split_once('x').expect("columns x rows");
    WindowSize { columns: columns.parse().unwrap(), rows: rows.parse().unwrap() }
}

fn play(text: &str, arrival: Arrival) -> Player {
    let mut lines = text.lines();
    let mut remarks = String::new();
    let beginning = loop {
        match lines.next().expect("a beginning") {
            remark if remark.starts_with('#') => remarks += &format!("{remark}\n"),
            beginning => break beginning,
        }
    };
    let mut player = Player::new(beginning);
    player.transcript.insert_str(0, &remarks);
    for line in lines {
        player.line(line, arrival);
    }
    player
}

fn conversations() -> Vec<(std::path::PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .expect("the conversations")
        .map(|entry| entry.expect("a file").path())
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("a text")))
        .collect();
    found.sort();
    assert!(found.len() > 10);
    found
}

#[test]
fn every_recorded_conversation_goes_as_recorded() {
    let mut different = Vec::new();
    for (path, text) in conversations() {
        let played = play(&text, Arrival::Whole).transcript;
        if played == text {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, played).expect("the conversation can be written");
        } else {
            different.push(format!("{}:\n{played}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_recorded_conversation_gives_the_same_when_it_arrives_byte_by_byte() {
    for (path, text) in conversations() {
        let whole = play(&text, Arrival::Whole);
        let bytes = play(&text, Arrival::ByteByByte);
        assert_eq!(whole.received, bytes.received, "{}", path.display());
        assert_eq!(whole.telnet.summary(), bytes.telnet.summary(), "{}", path.display());
    }
}
