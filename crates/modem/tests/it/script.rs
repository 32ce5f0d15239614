//! Dialogues as text: what happens to a modem, and what it does.
//!
//! Lines that happen: `> bytes` from the equipment, `+1.0s` time passes, `call …` news of the call,
//! `net …` news of the sockets, `message from NUMBER TEXT`, `message taken`, `message refused N`,
//! `lines DTR- RTS+`, `rate 38400`, `break`, `disk keeps` or `disk fails` what was stored, `?` how is it.
//! Lines it does: `< bytes` to the equipment, `>> bytes` to the far end, `act …`, `at +2s` (the
//! following came so long after the last line that happened), `= …` how it is.
//! At the top: `persona NAME`, `set KEY = VALUE`, `stored LINE`, `notes` (show what goes to the log), `slow disk`
//! (else it keeps everything at once).

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use at::parity::Parity;
use at::question::{Question, Told};
use at::result::Cause;
use clock::Instant;
use modem::{
    Action, Bell, CallEvent, Caller, Character, Connected, DteLines, FlowBy, Input, Modem, Moment,
    NotStored, Note, Number, Output, Persona, ShortMessage, Stored, Value, WallTime,
};

pub(crate) use crate::escapes::{bytes, escaped};
use crate::net;
use crate::toml_loader::built_in;

/// Replays a dialogue; returns it with what the modem did this time.
pub(crate) fn replay(text: &str) -> String {
    let mut setup = Setup::default();
    let mut stage: Option<Stage> = None;
    let mut replayed = String::new();
    for line in text.lines() {
        let done_by_modem = ["< ", ">> ", "act ", "at ", "= "];
        if done_by_modem.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        replayed.push_str(line);
        replayed.push('\n');
        if line.is_empty() || line.starts_with('#') || stage.is_none() && setup.take(line) {
            continue;
        }
        let stage = stage.get_or_insert_with(|| Stage::new(&setup));
        for shown in stage.happens(line) {
            replayed.push_str(&shown);
            replayed.push('\n');
        }
    }
    replayed
}

struct Setup {
    persona: Persona,
    stored: String,
    notes: bool,
    slow_disk: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { persona: built_in("hayes"), stored: String::new(), notes: false, slow_disk: false }
    }
}

impl Setup {
    /// Takes a line if it is one of the top.
    fn take(&mut self, line: &str) -> bool {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "persona" => self.persona = built_in(rest),
            "set" => {
                let (key, value) = rest.split_once(" = ").expect("set KEY = VALUE");
                let value = match (value.parse(), value) {
                    (Ok(number), _) => Value::Integer(number),
                    (_, "true") => Value::Boolean(true),
                    (_, "false") => Value::Boolean(false),
                    (_, text) => Value::Text(text.trim_matches('"')),
                };
                self.persona.set(key, value).unwrap();
            }
            "stored" => {
                let _ = writeln!(self.stored, "{rest}");
            }
            "notes" => self.notes = true,
            "slow" => self.slow_disk = rest == "disk",
            _ => return false,
        }
        true
    }
}

/// A modem and the time.
struct Stage {
    modem: Modem,
    now: Instant,
    lines: DteLines,
    recorder: Recorder,
    slow_disk: bool,
}

impl Stage {
    fn new(setup: &Setup) -> Self {
        let stored = Stored::from_text(&setup.stored).unwrap();
        Self {
            modem: Modem::new(Arc::new(setup.persona.clone()), stored),
            now: Instant::ORIGIN,
            lines: DteLines::READY,
            recorder: Recorder { done: Vec::new(), notes: setup.notes, stores: false },
            slow_disk: setup.slow_disk,
        }
    }

    fn happens(&mut self, line: &str) -> Vec<String> {
        if let Some(span) = line.strip_prefix('+') {
            return self.passes(duration(span));
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            ">" => self.input(Input::Dte(&bytes(rest))),
            "call" => self.call(rest),
            "net" => self.net(rest),
            "message" => self.message(rest),
            "rate" => self.input(Input::Rate(rest.parse().unwrap())),
            "break" => self.input(Input::Break),
            "disk" => self.input(Input::Stored(match rest {
                "keeps" => Ok(()),
                "fails" => Err(NotStored),
                other => panic!("no disk {other}"),
            })),
            "lines" => {
                for change in rest.split(' ') {
                    let on = change.ends_with('+');
                    match &change[..3] {
                        "DTR" => self.lines.dtr = on,
                        "RTS" => self.lines.rts = on,
                        other => panic!("no circuit {other}"),
                    }
                }
                self.input(Input::Lines(self.lines));
            }
            "?" => return vec![self.condition()],
            other => panic!("no such line: {other}"),
        }
        self.recorder.show()
    }

    fn input(&mut self, input: Input<'_>) {
        self.modem.input(self.now, input, &mut self.recorder);
        while std::mem::take(&mut self.recorder.stores) && !self.slow_disk {
            self.modem.input(self.now, Input::Stored(Ok(())), &mut self.recorder);
        }
    }

    fn passes(&mut self, span: Duration) -> Vec<String> {
        let (start, end) = (self.now, self.now + span);
        let mut shown = Vec::new();
        let mut at_once = 0;
        while let Some(deadline) = self.modem.deadline().filter(|at| *at <= end) {
            at_once = if deadline > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 10, "the deadline stays at {deadline:?}");
            self.now = self.now.max(deadline);
            self.input(Input::Timeout);
            let done = self.recorder.show();
            if !done.is_empty() && self.now != start {
                shown.push(format!("at +{}", span_text(self.now.since(start))));
            }
            shown.extend(done);
        }
        self.now = end;
        shown
    }

    fn call(&mut self, rest: &str) {
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let cause = || Cause::from_code(rest).unwrap_or_else(|| panic!("no cause {rest}"));
        match word {
            "ringing" => {
                let mut caller = Caller::default();
                let mut words = rest.split(' ');
                caller.address = words.next().unwrap();
                while let (Some(key), Some(value)) = (words.next(), words.next()) {
                    match key {
                        "digits" => caller.digits = value,
                        "number" => caller.number = value,
                        "name" => caller.name = value,
                        "time" => caller.time = Some(wall_time(value)),
                        "bell" => {
                            caller.bell = match value {
                                "A" => Bell::A,
                                "B" => Bell::B,
                                _ => Bell::C,
                            }
                        }
                        other => panic!("a caller has no {other}"),
                    }
                }
                self.input(Input::Call(CallEvent::Ringing(caller)));
            }
            "gone" => self.input(Input::Call(CallEvent::CallerGone)),
            "connected" => {
                let mut connected = Connected::default();
                let mut words = rest.split(' ');
                while let (Some(key), Some(value)) = (words.next(), words.next()) {
                    match key {
                        "rate" => connected.rate = value.parse().ok(),
                        "delay" => connected.delay = Some(duration(value)),
                        other => panic!("a connection has no {other}"),
                    }
                }
                self.input(Input::Call(CallEvent::Connected(connected)));
            }
            "data" => self.input(Input::Call(CallEvent::Data(&bytes(rest)))),
            "break" => self.input(Input::Call(CallEvent::Break)),
            "failed" => self.input(Input::Call(CallEvent::Failed(cause()))),
            "cleared" => self.input(Input::Call(CallEvent::Cleared(cause()))),
            other => panic!("no news of a call: {other}"),
        }
    }

    fn message(&mut self, rest: &str) {
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "from" => {
                let (from, text) = rest.split_once(' ').unwrap();
                let number = |text: &str| Number::parse(text).unwrap();
                let text = String::from_utf8(bytes(text)).unwrap();
                let message = ShortMessage::of_text(number(from), number("1"), &text).unwrap();
                self.input(Input::Message(&message));
            }
            "taken" => self.input(Input::MessageSent(Ok(()))),
            "refused" => self.input(Input::MessageSent(Err(rest.parse().unwrap()))),
            "told" => {
                let (command, said) = rest.split_once(' ').unwrap();
                let question = Question::ALL.into_iter().find(|known| known.command() == command);
                let told = match said.split_once(' ') {
                    Some(("refused", number)) => Told::Refused(number.parse().ok()),
                    _ if said == "nothing" => Told::Nothing,
                    _ => Told::Lines(said.split(" | ").map(str::to_owned).collect()),
                };
                self.input(Input::Told(question.unwrap(), &told));
            }
            other => panic!("no news of messages: {other}"),
        }
    }

    fn net(&mut self, rest: &str) {
        net::event(rest, |event| self.input(Input::Net(event)));
    }

    fn condition(&self) -> String {
        let mut text = format!("= {}", self.modem.state().words());
        match self.modem.can_ring() {
            Ok(()) => text.push_str(", can ring"),
            Err(cause) => {
                let _ = write!(text, ", can't ring: {}", cause.code());
            }
        }
        if self.modem.wants_line() {
            text.push_str(", wants line");
        }
        if !self.modem.wants_dte() {
            text.push_str(", wants no dte");
        }
        text
    }
}

#[derive(Clone, PartialEq)]
enum Done {
    Dte(Vec<u8>),
    Line(Vec<u8>),
    Act(String),
}

struct Recorder {
    done: Vec<Done>,
    notes: bool,
    /// Something was stored that the modem has yet to be told of.
    stores: bool,
}

impl Recorder {
    /// What was done since the last time.
    fn show(&mut self) -> Vec<String> {
        let mut shown = Vec::new();
        for done in std::mem::take(&mut self.done) {
            match done {
                Done::Dte(bytes) => {
                    shown.extend(pieces(&bytes).map(|piece| format!("< {}", escaped(piece))));
                }
                Done::Line(bytes) => shown.push(format!(">> {}", escaped(&bytes))),
                Done::Act(text) => shown.push(format!("act {text}")),
            }
        }
        shown
    }
}

impl Output for Recorder {
    fn wall_time(&self) -> Option<Moment> {
        // 22 November 2026, 20:15, an hour ahead of Greenwich.
        Some(Moment { local: 1_795_378_500, quarters: 4 })
    }

    fn dte(&mut self, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        match self.done.last_mut() {
            Some(Done::Dte(before)) => before.extend_from_slice(bytes),
            _ => self.done.push(Done::Dte(bytes.to_vec())),
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        match self.done.last_mut() {
            Some(Done::Line(before)) => before.extend_from_slice(bytes),
            _ => self.done.push(Done::Line(bytes.to_vec())),
        }
    }

    fn act(&mut self, action: Action<'_>) {
        self.stores |= matches!(action, Action::Store(_));
        if self.notes || !matches!(action, Action::Note(_)) {
            self.done.push(Done::Act(action_text(action)));
        }
    }
}

fn action_text(action: Action<'_>) -> String {
    let sign = |on: bool| if on { '+' } else { '-' };
    match action {
        Action::Dial { dial, .. } => format!("dial {:?}", dial.text()),
        Action::CancelDial(cause) => format!("cancel dial: {}", cause.code()),
        Action::Answer => "answer".into(),
        Action::Refuse(cause) => format!("refuse {}", cause.code()),
        Action::HangUp(cause) => format!("hang up {}", cause.code()),
        Action::Lines(lines) => format!(
            "lines DCD{} DSR{} RI{} CTS{}",
            sign(lines.dcd),
            sign(lines.dsr),
            sign(lines.ri),
            sign(lines.cts)
        ),
        Action::Rate(rate) => format!("rate {rate}"),
        Action::Character(Character::Auto) => "character auto".into(),
        Action::Character(Character::Form { data_bits, parity, stop_bits }) => {
            let parity = match parity {
                Parity::None => 'N',
                Parity::Odd => 'O',
                Parity::Even => 'E',
                Parity::Mark => 'M',
                Parity::Space => 'S',
            };
            format!("character {data_bits}{parity}{stop_bits}")
        }
        Action::Flow(flow) => {
            format!("flow {}, {}", flow_text(flow.by_dte), flow_text(flow.by_dce))
        }
        Action::Break(span) => format!("break {}", span_text(span)),
        Action::BreakToDte(span) => format!("break to dte {}", span_text(span)),
        Action::Store(stored) => {
            format!("store {}", stored.to_text().trim().replace('\n', " | "))
        }
        Action::Message(message) => format!(
            "message from {} to {}: {}",
            message.from,
            message.to,
            escaped(message.content.text().as_bytes())
        ),
        Action::Ask(question) => format!("ask {}", question.command()),
        Action::Net(action) => format!("net {}", net::action_text(action)),
        Action::Note(Note::CommandLine(text)) => format!("note line {text:?}"),
        Action::Note(Note::State(state)) => format!("note state {}", state.words()),
        Action::Note(Note::Ended(cause)) => format!("note ended {}", cause.code()),
        Action::Note(Note::Lost(count)) => format!("note lost {count}"),
        Action::Note(Note::BadProfile(number, problem)) => {
            format!("note profile {number}: {problem}")
        }
    }
}

fn flow_text(by: FlowBy) -> &'static str {
    match by {
        FlowBy::Nothing => "nothing",
        FlowBy::XonXoff => "xon/xoff",
        FlowBy::Circuits => "circuits",
        FlowBy::XonXoffPassedOn => "xon/xoff passed on",
        FlowBy::Both => "both",
    }
}

/// What was sent, cut behind line ends that stand behind text, and in front of those in front of it.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let text_start = rest.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
        let text = &rest[text_start..];
        let text_length = text.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(text.len());
        let end = text_start + text_length;
        let after = &rest[end..];
        let line_end = if after.starts_with(b"\r\r\n")
            || after.starts_with(b"\r") && !after.starts_with(b"\r\n")
        {
            1
        } else if after.starts_with(b"\r\n") {
            2
        } else {
            after.iter().take_while(|byte| b"\r\n".contains(byte)).count()
        };
        let (piece, remaining) = rest.split_at(end + line_end);
        rest = remaining;
        Some(piece)
    })
}

fn duration(text: &str) -> Duration {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().unwrap();
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        other => panic!("no unit {other}"),
    };
    Duration::from_micros((seconds * 1e6).round() as u64)
}

fn span_text(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{}s", span.as_secs())
    } else if span.as_secs() == 0 {
        format!("{}ms", span.as_millis())
    } else {
        format!("{}s", span.as_secs_f64())
    }
}

fn wall_time(text: &str) -> WallTime {
    let mut numbers = text.split(['-', 'T', ':']).map(|number| number.parse().unwrap());
    let mut next = || numbers.next().unwrap();
    WallTime { month: next(), day: next(), hour: next(), minute: next() }
}
