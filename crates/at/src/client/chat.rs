//! A row of steps that brings a modem somewhere: commands, pauses, signals.

use std::collections::VecDeque;
use std::time::Duration;

use clock::Instant;

use super::{Level, Manners, Output};
use crate::limits::STEPS_MAX;

/// Half a second, wherever `\d` or `~` stands in a command string.
const MARKED_PAUSE: Duration = Duration::from_millis(500);

/// What a chat is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find out whether the modem is there.
    Check,
    /// To make it ready.
    Reset,
    /// To get it out of whatever it is in, and make it ready then.
    Rescue,
    /// To begin a call that is dialled; it may take so long.
    Dial(Duration),
    /// To take a call.
    Answer,
}

#[derive(Debug)]
pub(super) enum Step {
    Pause(Duration),
    Dtr(Level),
    /// Nothing answers this.
    Say(Vec<u8>),
    /// `OK` answers this.
    Ask(String),
    /// The result of a call answers this.
    Call(String),
}

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) purpose: Purpose,
    steps: VecDeque<Step>,
    doing: Doing,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Waiting(Instant),
    Saying { bytes: Vec<u8>, said: usize, next: Instant, then: Then },
    Asking { command: String, until: Instant },
}

#[derive(Debug)]
enum Then {
    GoOn,
    AwaitOk(String),
    AwaitCall,
}

/// Where a chat stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It goes on at this time, or with what the modem says.
    Until(Instant),
    /// Every step is done.
    Done,
    /// The call's command is said: its result is awaited.
    Calling,
    /// This was not answered.
    Silent(String),
}

impl Chat {
    pub(super) fn new(purpose: Purpose, number: &str, manners: &Manners) -> Self {
        let mut steps = Vec::new();
        match purpose {
            Purpose::Check => command(&mut steps, &manners.check, manners, Step::Ask),
            Purpose::Reset => {
                drop_dtr(&mut steps, manners);
                init(&mut steps, manners);
            }
            Purpose::Rescue => {
                // DLE ETX ends a fax or voice mode, as mgetty has found out.
                steps.push(Step::Say(b"\x10\x03".to_vec()));
                drop_dtr(&mut steps, manners);
                steps.push(Step::Pause(manners.guard));
                steps.push(Step::Say(b"+++".to_vec()));
                steps.push(Step::Pause(manners.guard));
                // Whatever stands in its command line by now is no command.
                steps.push(Step::Say(b"\r".to_vec()));
                steps.push(Step::Pause(manners.settle));
                command(&mut steps, &manners.hang_up, manners, Step::Ask);
                init(&mut steps, manners);
            }
            Purpose::Dial(_) => {
                let dial = format!("{}{number}", manners.dial);
                command(&mut steps, &dial, manners, Step::Call);
            }
            Purpose::Answer => command(&mut steps, &manners.answer, manners, Step::Call),
        }
        Self { purpose, steps: steps.into(), doing: Doing::Nothing }
    }

    /// Does what is due.
    pub(super) fn go_on(
        &mut self,
        now: Instant,
        manners: &Manners,
        out: &mut impl Output,
    ) -> Progress {
        loop {
            match &mut self.doing {
                Doing::Nothing => match self.steps.pop_front() {
                    None => return Progress::Done,
                    Some(step) => self.begin(now, step, out),
                },
                Doing::Waiting(until) if *until > now => return Progress::Until(*until),
                Doing::Waiting(_) => self.doing = Doing::Nothing,
                Doing::Saying { bytes, said, next, .. } if *said < bytes.len() => {
                    if *next > now {
                        return Progress::Until(*next);
                    }
                    let rest = bytes.get(*said..).unwrap_or_default();
                    let part = if manners.pace.is_zero() { rest.len() } else { 1 };
                    out.send(rest.get(..part).unwrap_or(rest));
                    *said += part;
                    *next = now + manners.pace;
                }
                Doing::Saying { then, .. } => match std::mem::replace(then, Then::GoOn) {
                    Then::GoOn => self.doing = Doing::Nothing,
                    Then::AwaitCall => return Progress::Calling,
                    Then::AwaitOk(command) => {
                        self.doing = Doing::Asking { command, until: now + manners.reply_within };
                    }
                },
                Doing::Asking { until, .. } if *until > now => return Progress::Until(*until),
                Doing::Asking { command, .. } => {
                    return Progress::Silent(std::mem::take(command));
                }
            }
        }
    }

    fn begin(&mut self, now: Instant, step: Step, out: &mut impl Output) {
        let say = |bytes, then| Doing::Saying { bytes, said: 0, next: now, then };
        self.doing = match step {
            Step::Pause(span) => Doing::Waiting(now + span),
            Step::Dtr(level) => {
                out.dtr(level);
                Doing::Nothing
            }
            Step::Say(bytes) => say(bytes, Then::GoOn),
            Step::Ask(text) => say(line(&text), Then::AwaitOk(text)),
            Step::Call(text) => say(line(&text), Then::AwaitCall),
        };
    }

    /// Whether an answer is awaited: one that comes earlier is to something else.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.doing, Doing::Asking { .. })
    }

    /// The modem said `OK`.
    pub(super) fn answered(&mut self) {
        self.doing = Doing::Nothing;
    }

    /// The command that is being answered.
    pub(super) fn question(&mut self) -> String {
        match &mut self.doing {
            Doing::Asking { command, .. } => std::mem::take(command),
            _ => String::new(),
        }
    }
}

fn line(command: &str) -> Vec<u8> {
    let mut line = command.as_bytes().to_vec();
    line.push(b'\r');
    line
}

fn drop_dtr(steps: &mut Vec<Step>, manners: &Manners) {
    steps.extend([
        Step::Dtr(Level::Off),
        Step::Pause(manners.dtr_off),
        Step::Dtr(Level::On),
        Step::Pause(manners.settle),
    ]);
}

fn init(steps: &mut Vec<Step>, manners: &Manners) {
    for text in &manners.init {
        command(steps, text, manners, Step::Ask);
    }
}

/// A command with the pauses that are marked in it: the last part is the one that is answered.
fn command(steps: &mut Vec<Step>, text: &str, manners: &Manners, last: fn(String) -> Step) {
    steps.push(Step::Pause(manners.pause));
    let text = text.replace("\\d", "~");
    let body = text.trim_end_matches('~');
    let after = text.len() - body.len();
    let mut parts: Vec<&str> = body.split('~').take(STEPS_MAX).collect();
    let end = parts.pop().unwrap_or_default().to_owned();
    for part in parts {
        if !part.is_empty() {
            steps.push(Step::Say(part.as_bytes().to_vec()));
        }
        steps.push(Step::Pause(MARKED_PAUSE));
    }
    steps.push(last(end));
    steps.extend((0..after.min(STEPS_MAX)).map(|_| Step::Pause(MARKED_PAUSE)));
}
