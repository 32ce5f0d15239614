//! POP3: RFC 1939.

mod body;

use clock::Instant;

use self::body::Body;
use crate::dialogue::{self, Begins, Dialogue};
use crate::lines::Lines;
use crate::session::Service;
use crate::{Event, Link, Login, News, Out, Server, Trouble};

/// A session with a server of POP3.
#[derive(Clone, Debug)]
pub struct Pop3 {
    login: Login,
    lines: Lines,
    dialogue: Dialogue<Stage, Wanted>,
    mails: u32,
    octets: u64,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Retrieve(u32),
    Delete(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Greeting,
    User,
    Password,
    Size,
    Idle,
    Asked,
    Coming(Body),
    Deleting,
    /// How many mails are left is asked.
    Deleted,
    Over,
}

impl dialogue::Stage for Stage {
    const OPENING: Self = Self::Opening;
    const GREETING: Self = Self::Greeting;
    const IDLE: Self = Self::Idle;
    const OVER: Self = Self::Over;

    fn is_entering(&self) -> bool {
        matches!(self, Self::Opening | Self::Greeting | Self::User | Self::Password | Self::Size)
    }

    fn is_passing(&self) -> bool {
        matches!(self, Self::Coming(_))
    }
}

impl Pop3 {
    pub(crate) fn new(now: Instant, server: Server, out: &mut dyn Out) -> Self {
        Self {
            dialogue: Dialogue::open(now, &server, out),
            login: server.login,
            lines: Lines::default(),
            mails: 0,
            octets: 0,
        }
    }

    /// How many mails there are.
    pub const fn mails(&self) -> u32 {
        self.mails
    }

    /// How many bytes they have.
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// Asks for a mail.
    pub fn retrieve(&mut self, now: Instant, number: u32, out: &mut dyn Out) {
        self.want(now, Wanted::Retrieve(number), out);
    }

    /// Deletes a mail. It is gone once the session is closed.
    pub fn delete(&mut self, now: Instant, number: u32, out: &mut dyn Out) {
        self.want(now, Wanted::Delete(number), out);
    }

    fn want(&mut self, now: Instant, wanted: Wanted, out: &mut dyn Out) {
        if self.dialogue.want(wanted, out) == Begins::Now {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Instant, out: &mut dyn Out) {
        let (line, next) = match self.dialogue.wanted {
            None => return,
            Some(Wanted::Retrieve(number)) => (format!("RETR {number}\r\n"), Stage::Asked),
            Some(Wanted::Delete(number)) => (format!("DELE {number}\r\n"), Stage::Deleting),
        };
        self.dialogue.say(now, &line, next, out);
    }

    fn line(&mut self, now: Instant, line: &str, out: &mut dyn Out) {
        let well = line.starts_with("+OK");
        let (login, dialogue) = (&self.login, &mut self.dialogue);
        if !well && !line.starts_with("-ERR") {
            return dialogue.over(Trouble::Protocol, out);
        }
        match (dialogue.stage, well) {
            (Stage::Greeting, true) => {
                dialogue.say(now, &format!("USER {}\r\n", login.user), Stage::User, out);
            }
            (Stage::Greeting, false) => dialogue.over(Trouble::NotReady, out),
            (Stage::User, true) => {
                dialogue.say(now, &format!("PASS {}\r\n", login.password), Stage::Password, out);
            }
            (Stage::User, false) => dialogue.over(Trouble::User, out),
            (Stage::Password, true) => dialogue.say(now, "STAT\r\n", Stage::Size, out),
            (Stage::Password, false) => dialogue.over(Trouble::Password, out),
            (Stage::Size, true) => {
                self.count(line);
                self.dialogue.ready(out);
                self.begin(now, out);
            }
            (Stage::Size, false) => dialogue.over(Trouble::Size, out),
            (Stage::Asked, true) => {
                dialogue.passes(now, Stage::Coming(Body::default()));
                out.news(News::Begun);
            }
            (Stage::Asked, false) => dialogue.ends(News::Failed(Trouble::Retrieve), out),
            (Stage::Deleting, true) => dialogue.say(now, "STAT\r\n", Stage::Deleted, out),
            (Stage::Deleting, false) => dialogue.ends(News::Failed(Trouble::Delete), out),
            (Stage::Deleted, _) => {
                self.count(line);
                self.dialogue.ends(News::Done, out);
            }
            (Stage::Opening | Stage::Idle | Stage::Coming(_) | Stage::Over, _) => {}
        }
    }

    /// The answer to `STAT`.
    fn count(&mut self, line: &str) {
        let mut words = line.split_whitespace().skip(1);
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        if let (Some(mails), Some(octets)) = (number(), number()) {
            self.mails = u32::try_from(mails).unwrap_or(u32::MAX);
            self.octets = octets;
        }
    }

    fn heard(&mut self, now: Instant, mut bytes: &[u8], out: &mut dyn Out) {
        while !bytes.is_empty() {
            if let Stage::Coming(body) = &mut self.dialogue.stage {
                let ended = body.next(&mut bytes, out).is_break();
                self.dialogue.goes_on(now);
                if ended {
                    self.dialogue.ends(News::Done, out);
                }
            } else if let Some(line) = self.lines.next(&mut bytes) {
                self.line(now, &line, out);
            }
        }
    }
}

impl Service for Pop3 {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        if let Some(bytes) = self.dialogue.event(now, event, out) {
            self.heard(now, bytes, out);
        }
    }

    fn put(&mut self, _: Instant, _: &[u8], _: &mut dyn Out) {}

    fn finish(&mut self, _: Instant, _: &mut dyn Out) {}

    /// A mail that is given up is not deleted: that needs a `QUIT`.
    fn abort(&mut self, _: Instant, out: &mut dyn Out) {
        if matches!(self.dialogue.stage, Stage::Coming(_)) {
            self.dialogue.give_up(out);
        }
    }

    fn close(&mut self, out: &mut dyn Out) {
        self.dialogue.close(out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.dialogue.deadline()
    }

    fn due(&mut self, _: Instant, out: &mut dyn Out) {
        self.dialogue.over(Trouble::Protocol, out);
    }

    fn carries_file(&self, _: Link) -> bool {
        matches!(self.dialogue.stage, Stage::Coming(_))
    }
}
