//! Going through the steps of a script: one command at a time, each with its time.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use clock::Instant;
use wip::stuffing::ETX;

use crate::dialect::Dialect;
use crate::limits::{BUSY_AGAIN, DRAIN, DTR_OFF, GRACE, LINES, PAUSE, QUIET};
use crate::reason::Reason;
use crate::script::{Ask, Ends, Fine, Late, Step, When};
use crate::{Level, Note, Output};

/// Errors of a module that is busy with itself: with its card, with starting, with another command.
const BUSY: [u16; 3] = [14, 515, 527];

/// Stands in front of what we said, among what was heard: no line of a module's has it, whoever has written it.
const SAID: char = '\n';

/// A script that is gone through.
#[derive(Debug)]
pub(crate) struct Chat {
    steps: VecDeque<Step>,
    doing: Doing,
    /// How long a command may take that doesn't say so.
    within: Duration,
    /// What was said so far that is no result, and our commands.
    pub(crate) heard: Vec<String>,
    /// The last error, with its code if it has one.
    pub(crate) error: Option<Option<u16>>,
    data: Awaited,
    pub(crate) echo: Echo,
}

/// Whether the module has said what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Unheard,
    Heard,
}

/// Whether data may still begin that were waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    No,
    Yes,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Waiting(Instant),
    /// What was said leaves the port, or has not until then.
    Draining(Instant),
    /// DTR is off until then.
    Dropped(Instant),
    /// The command is due.
    Pausing(Instant, Box<Ask>),
    Asking(Asking),
    /// The module was busy: again.
    Again(Instant, Asking),
}

#[derive(Debug)]
struct Asking {
    ask: Box<Ask>,
    since: Instant,
    until: Instant,
    tries: u8,
    /// It has said what was asked for; only its `OK` is missing, for which it has so long.
    told: Option<Instant>,
    taken: Taken,
}

/// Whether `OK` was said to a command: the module hears the next one, whatever is still to be told of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    No,
    Yes,
}

/// Where a chat stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on at this time, or with what the module says.
    Until(Instant),
    Done,
    Failed(Reason),
}

impl Chat {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>, within: Duration) -> Self {
        let steps = steps.into_iter().collect();
        let (doing, heard) = (Doing::Nothing, Vec::new());
        let echo = Echo::Unheard;
        Self { steps, doing, within, heard, error: None, data: Awaited::No, echo }
    }

    /// Whether what the module is told next may be data to it: it was too slow to say so.
    pub(crate) fn may_have_data(&self) -> bool {
        self.data == Awaited::Yes
    }

    /// Whether data may begin at any moment, behind the answer that is awaited.
    pub(crate) fn awaits_data(&self) -> bool {
        matches!(&self.doing, Doing::Asking(asking) if matches!(asking.ask.ends, Ends::Data(_)))
    }

    /// Nothing more is wanted than the answer to the command that was said last, if it has none yet: it would be taken
    /// for that to the next one. Whether there is such a command.
    pub(crate) fn only_awaits_answer(&mut self, now: Instant) -> bool {
        let Doing::Asking(asking) = &mut self.doing else { return false };
        if asking.taken == Taken::Yes {
            return false;
        }
        self.steps.clear();
        (asking.ask.ends, asking.tries) = (Ends::Ok, 1);
        asking.until = asking.until.min(now + self.within);
        true
    }

    /// Nobody waits for the answer to the command that was said last: it has no longer than others.
    pub(crate) fn hurry(&mut self, now: Instant) {
        if let Doing::Asking(asking) = &mut self.doing {
            asking.until = asking.until.min(now + self.within);
        }
    }

    pub(crate) fn awaits_drain(&self) -> bool {
        matches!(self.doing, Doing::Draining(_))
    }

    /// Everything has left the port. Whether that was waited for.
    pub(crate) fn drained(&mut self) -> bool {
        let awaited = self.awaits_drain();
        if awaited {
            self.doing = Doing::Nothing;
        }
        awaited
    }

    /// Does what is due.
    pub(crate) fn go_on(&mut self, now: Instant, out: &mut impl Output) -> Progress {
        loop {
            match std::mem::replace(&mut self.doing, Doing::Nothing) {
                Doing::Nothing => match self.steps.pop_front() {
                    None => return Progress::Done,
                    Some(Step::Pause(span)) => self.doing = Doing::Waiting(now + span),
                    Some(Step::Drain) => self.doing = Doing::Draining(now + DRAIN),
                    Some(Step::DropDtr) => {
                        out.dtr(Level::Off);
                        self.doing = Doing::Dropped(now + DTR_OFF);
                    }
                    Some(Step::Finish) => out.send(&[ETX]),
                    Some(Step::Ask(ask)) if self.is_wanted(&ask) => {
                        self.doing = Doing::Pausing(now + PAUSE, ask);
                    }
                    Some(Step::Ask(_)) => {}
                },
                Doing::Waiting(until) if until > now => return self.until(Doing::Waiting(until)),
                Doing::Dropped(until) if until > now => return self.until(Doing::Dropped(until)),
                Doing::Draining(until) if until > now => return self.until(Doing::Draining(until)),
                Doing::Waiting(_) | Doing::Draining(_) => {}
                Doing::Dropped(_) => out.dtr(Level::On),
                Doing::Pausing(until, ask) if until > now => {
                    return self.until(Doing::Pausing(until, ask));
                }
                Doing::Pausing(_, ask) => {
                    let (until, tries) = (now + ask.within.unwrap_or(self.within), ask.tries);
                    self.say(
                        Asking { ask, since: now, until, tries, told: None, taken: Taken::No },
                        out,
                    );
                }
                Doing::Again(at, asking) if at > now => {
                    return self.until(Doing::Again(at, asking));
                }
                Doing::Again(_, asking) => self.say(Asking { since: now, ..asking }, out),
                Doing::Asking(asking) => match self.late(now, asking, out) {
                    None => {}
                    Some(progress) => return progress,
                },
            }
        }
    }

    fn is_wanted(&self, ask: &Ask) -> bool {
        match ask.when {
            When::Always => true,
            When::Heard(texts) => self.has_heard(texts),
            When::Unheard(texts) => !self.has_heard(texts),
        }
    }

    /// Whether any of these was in a line that the module has said.
    pub(crate) fn has_heard(&self, texts: &[&str]) -> bool {
        let mut said = self.heard.iter().filter(|line| !line.starts_with(SAID));
        said.any(|line| texts.iter().any(|text| line.contains(text)))
    }

    fn until(&mut self, doing: Doing) -> Progress {
        let at = match &doing {
            Doing::Waiting(at)
            | Doing::Draining(at)
            | Doing::Dropped(at)
            | Doing::Pausing(at, _)
            | Doing::Again(at, _) => *at,
            Doing::Asking(asking) => asking.due(),
            Doing::Nothing => Instant::ORIGIN,
        };
        self.doing = doing;
        Progress::Until(at)
    }

    fn say(&mut self, asking: Asking, out: &mut impl Output) {
        out.note(Note::Says(asking.ask.shown()));
        if self.heard.len() < LINES {
            self.heard.push(format!("{SAID}{}", asking.ask.shown()));
        }
        let mut line = asking.ask.says.clone().into_bytes();
        // The escape is a command without an end.
        if line != b"+++" {
            line.push(b'\r');
        }
        out.send(&line);
        self.doing = Doing::Asking(asking);
    }

    /// A command whose time may have come.
    fn late(
        &mut self,
        now: Instant,
        mut asking: Asking,
        out: &mut impl Output,
    ) -> Option<Progress> {
        if asking.due() > now {
            return Some(self.until(Doing::Asking(asking)));
        }
        if asking.told.is_some() {
            // The end of a list is none of its texts.
            if asking.ask.ends == Ends::List && self.heard.last().is_some_and(|line| is_end(line)) {
                self.heard.pop();
            }
            self.done(now, &asking);
            return None;
        }
        asking.tries = asking.tries.saturating_sub(1);
        if asking.tries > 0 {
            asking.until = now + asking.ask.within.unwrap_or(self.within);
            asking.since = now;
            self.say(asking, out);
            return None;
        }
        let reason = match &asking.ask.late {
            Late::Fine => {
                self.done(now, &asking);
                return None;
            }
            Late::Means(reason) => reason.clone(),
            Late::Dead => Reason::Silent(asking.ask.shown().to_owned()),
        };
        if matches!(asking.ask.ends, Ends::Data(_)) {
            self.data = Awaited::Yes;
        }
        Some(Progress::Failed(reason))
    }

    fn done(&mut self, now: Instant, asking: &Asking) {
        let until = asking.settled().max(now + asking.ask.then);
        self.doing = if until > now { Doing::Waiting(until) } else { Doing::Nothing };
    }

    /// Whether more was said than is kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.heard.len() >= LINES
    }

    /// What was said to a command.
    pub(crate) fn answer<'a>(&'a self, command: &str) -> impl Iterator<Item = &'a str> {
        // Said twice, it was answered the second time.
        let said = self.heard.iter().rposition(|line| line.strip_prefix(SAID) == Some(command));
        let lines = self.heard.iter().skip(said.map_or(self.heard.len(), |said| said + 1));
        lines.take_while(|line| !line.starts_with(SAID)).map(String::as_str)
    }

    /// A line of the module's; what fails fails at once.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        line: &str,
        dialect: Option<&Dialect>,
    ) -> Option<Reason> {
        let Doing::Asking(asking) = &mut self.doing else { return None };
        let ask = &asking.ask;
        if line == ask.says {
            // In a list it may be a text.
            if ask.ends != Ends::List {
                self.echo = Echo::Heard;
            }
            return None;
        }
        if ask.ends == Ends::List {
            asking.told = is_end(line).then(|| now + QUIET);
            if self.heard.len() < LINES {
                self.heard.push(line.to_owned());
            }
            return None;
        }
        let begins = |word: &&str| line.starts_with(*word);
        let is_end = match ask.ends {
            Ends::Word(words) | Ends::Data(words) => words.iter().any(begins),
            _ => false,
        };
        if !is_end
            && let Some((_, reason)) = ask.fails.iter().find(|(word, _)| line.starts_with(word))
        {
            let reason = reason.clone();
            self.doing = Doing::Nothing;
            return Some(reason);
        }
        if let Some(error) = error(line) {
            return self.refused(now, error, dialect);
        }
        let told = match ask.ends {
            Ends::Ok => line == "OK",
            Ends::Word(_) | Ends::Data(_) => is_end,
            Ends::Line(_) | Ends::List => line == "OK",
            Ends::Address => line.parse::<Ipv4Addr>().is_ok(),
        };
        if line == "OK" {
            asking.taken = Taken::Yes;
        } else if self.heard.len() < LINES {
            self.heard.push(line.to_owned());
        }
        if told {
            let Doing::Asking(asking) = std::mem::replace(&mut self.doing, Doing::Nothing) else {
                return None;
            };
            self.done(now, &asking);
        } else if let Ends::Line(begin) = ask.ends
            && line.starts_with(begin)
        {
            asking.told = Some(now + GRACE);
        }
        None
    }

    fn refused(
        &mut self,
        now: Instant,
        error: Option<u16>,
        dialect: Option<&Dialect>,
    ) -> Option<Reason> {
        let Doing::Asking(mut asking) = std::mem::replace(&mut self.doing, Doing::Nothing) else {
            return None;
        };
        let again = asking.settled().max(now + BUSY_AGAIN);
        if asking.tries > 1 && asking.ask.fine == Fine::All {
            asking.tries -= 1;
            asking.until = again + asking.ask.within.unwrap_or(self.within);
            self.doing = Doing::Again(again, asking);
            return None;
        }
        if error.is_some_and(|code| BUSY.contains(&code)) && again < asking.until {
            self.doing = Doing::Again(again, asking);
            return None;
        }
        let ask = &asking.ask;
        let fine = match ask.fine {
            Fine::None => false,
            Fine::Codes(codes) => error.is_some_and(|code| codes.contains(&code)),
            Fine::All => true,
        };
        if fine {
            self.error = Some(error);
            self.done(now, &asking);
            return None;
        }
        let known = error.and_then(|code| match dialect {
            Some(dialect) => dialect.reason(code),
            None => None,
        });
        let refused = || Reason::Refused(ask.shown().to_owned(), error);
        let fault = ask.fault.clone().map(|fault| match fault {
            Reason::NoSession(_) => Reason::NoSession(error),
            fault => fault,
        });
        Some(known.or(fault).unwrap_or_else(refused))
    }
}

impl Asking {
    /// When something else may be said, whatever is heard.
    fn settled(&self) -> Instant {
        self.since + self.ask.settles
    }

    fn due(&self) -> Instant {
        self.told.unwrap_or(self.until).min(self.until)
    }
}

/// Whether a line may end a list.
fn is_end(line: &str) -> bool {
    line == "OK" || error(line).is_some()
}

/// The code of a line that tells an error, if it has one.
fn error(line: &str) -> Option<Option<u16>> {
    if line == "ERROR" || line == "COMMAND NOT SUPPORT" {
        return Some(None);
    }
    let rest = ["+CME ERROR:", "+CMS ERROR:", "#CME ERROR:", "CME ERROR:"]
        .iter()
        .find_map(|begin| line.strip_prefix(begin))?;
    let rest = rest.trim();
    Some(rest.parse().ok().or(match rest.to_ascii_uppercase().as_str() {
        "SIM NOT INSERTED" => Some(10),
        "SIM PIN REQUIRED" => Some(11),
        "SIM PUK REQUIRED" => Some(12),
        "SIM FAILURE" => Some(13),
        "SIM BUSY" => Some(14),
        "INCORRECT PASSWORD" => Some(16),
        "NO NETWORK SERVICE" => Some(30),
        _ => None,
    }))
}
