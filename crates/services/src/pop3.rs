//! POP3: RFC 1939.

mod body;

use clock::Instant;

use self::body::Body;
use crate::limits::{ANSWER, STALL};
use crate::lines::Lines;
use crate::session::Service;
use crate::{Event, Link, Login, News, Out, Server, Trouble};

/// A session with a server of POP3.
#[derive(Clone, Debug)]
pub struct Pop3 {
    login: Login,
    lines: Lines,
    stage: Stage,
    /// What is to be done once the server has let us in.
    wanted: Option<Wanted>,
    mails: u32,
    octets: u64,
    until: Option<Instant>,
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

impl Pop3 {
    pub(crate) fn new(now: Instant, server: Server, out: &mut dyn Out) -> Self {
        out.open(Link::Control, &server.host, server.port);
        Self {
            login: server.login,
            lines: Lines::default(),
            stage: Stage::Opening,
            wanted: None,
            mails: 0,
            octets: 0,
            until: Some(now + STALL),
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
        if self.wanted.is_some() || self.stage == Stage::Over {
            return out.news(News::Failed(Trouble::Closed));
        }
        self.wanted = Some(wanted);
        if self.stage == Stage::Idle {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Instant, out: &mut dyn Out) {
        match self.wanted {
            None => {}
            Some(Wanted::Retrieve(number)) => {
                self.say(now, &format!("RETR {number}\r\n"), Stage::Asked, out);
            }
            Some(Wanted::Delete(number)) => {
                self.say(now, &format!("DELE {number}\r\n"), Stage::Deleting, out);
            }
        }
    }

    fn say(&mut self, now: Instant, line: &str, next: Stage, out: &mut dyn Out) {
        (self.stage, self.until) = (next, Some(now + ANSWER));
        out.send(Link::Control, line.as_bytes());
    }

    fn ends(&mut self, news: News, out: &mut dyn Out) {
        (self.stage, self.until, self.wanted) = (Stage::Idle, None, None);
        out.news(news);
    }

    fn over(&mut self, trouble: Trouble, out: &mut dyn Out) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        self.until = None;
        let wanted = self.wanted.take().is_some();
        match stage {
            Stage::Over => return,
            Stage::Opening | Stage::Greeting | Stage::User | Stage::Password | Stage::Size => {
                out.close(Link::Control);
                return out.news(News::Refused(trouble));
            }
            _ => out.close(Link::Control),
        }
        if wanted {
            out.news(News::Failed(trouble));
        }
        out.news(News::Lost);
    }

    fn line(&mut self, now: Instant, line: &str, out: &mut dyn Out) {
        let well = line.starts_with("+OK");
        if !well && !line.starts_with("-ERR") {
            return self.over(Trouble::Protocol, out);
        }
        match (self.stage, well) {
            (Stage::Greeting, true) => {
                let line = format!("USER {}\r\n", self.login.user);
                self.say(now, &line, Stage::User, out);
            }
            (Stage::Greeting, false) => self.over(Trouble::NotReady, out),
            (Stage::User, true) => {
                let line = format!("PASS {}\r\n", self.login.password);
                self.say(now, &line, Stage::Password, out);
            }
            (Stage::User, false) => self.over(Trouble::User, out),
            (Stage::Password, true) => self.say(now, "STAT\r\n", Stage::Size, out),
            (Stage::Password, false) => self.over(Trouble::Password, out),
            (Stage::Size, true) => {
                self.count(line);
                (self.stage, self.until) = (Stage::Idle, None);
                out.news(News::Ready);
                self.begin(now, out);
            }
            (Stage::Size, false) => self.over(Trouble::Size, out),
            (Stage::Asked, true) => {
                (self.stage, self.until) = (Stage::Coming(Body::default()), Some(now + STALL));
                out.news(News::Begun);
            }
            (Stage::Asked, false) => self.ends(News::Failed(Trouble::Retrieve), out),
            (Stage::Deleting, true) => self.say(now, "STAT\r\n", Stage::Deleted, out),
            (Stage::Deleting, false) => self.ends(News::Failed(Trouble::Delete), out),
            (Stage::Deleted, _) => {
                self.count(line);
                self.ends(News::Done, out);
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
            if let Stage::Coming(body) = &mut self.stage {
                self.until = Some(now + STALL);
                if body.next(&mut bytes, out).is_break() {
                    self.ends(News::Done, out);
                }
            } else if let Some(line) = self.lines.next(&mut bytes) {
                self.line(now, &line, out);
            }
        }
    }
}

impl Service for Pop3 {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        match event {
            Event::Opened { .. } => {
                (self.stage, self.until) = (Stage::Greeting, Some(now + ANSWER));
            }
            Event::Listening { .. } => {}
            Event::Failed(_) => self.over(Trouble::Unreachable, out),
            Event::Data { bytes, .. } => self.heard(now, bytes, out),
            Event::Ended(_) => self.over(Trouble::Closed, out),
            Event::Reset(_) => self.over(Trouble::Reset, out),
        }
    }

    fn put(&mut self, _: Instant, _: &[u8], _: &mut dyn Out) {}

    fn finish(&mut self, _: Instant, _: &mut dyn Out) {}

    /// There is no way to have a server stop but to leave. Without `QUIT` it deletes nothing.
    fn abort(&mut self, _: Instant, out: &mut dyn Out) {
        if matches!(self.stage, Stage::Coming(_)) {
            self.wanted = None;
            self.over(Trouble::Closed, out);
        }
    }

    fn close(&mut self, out: &mut dyn Out) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => return,
            Stage::Opening | Stage::Coming(_) => {}
            _ => out.send(Link::Control, b"QUIT\r\n"),
        }
        out.close(Link::Control);
    }

    fn deadline(&self) -> Option<Instant> {
        self.until
    }

    fn due(&mut self, _: Instant, out: &mut dyn Out) {
        self.over(Trouble::Protocol, out);
    }

    fn carries_file(&self, _: Link) -> bool {
        matches!(self.stage, Stage::Coming(_))
    }
}
