//! What SMTP and POP3 have in common: a server greets, lets us in, does one thing after another, and is left
//! with `QUIT`.

use clock::Instant;

use crate::limits::{ANSWER, STALL};
use crate::{Event, Link, News, Out, Server, Trouble};

/// How far a dialogue is.
pub(crate) trait Stage: PartialEq {
    /// The server is called.
    const OPENING: Self;
    /// Its greeting is waited for.
    const GREETING: Self;
    /// It has let us in, and nothing is under way.
    const IDLE: Self;
    /// It is left.
    const OVER: Self;

    /// Whether the server hasn't let us in yet.
    fn is_entering(&self) -> bool;

    /// Whether a mail passes, so that no command would be heard.
    fn is_passing(&self) -> bool;
}

/// A dialogue whose stages are `S`, in which one wants `W`.
#[derive(Clone, Debug)]
pub(crate) struct Dialogue<S, W> {
    pub(crate) stage: S,
    /// What is to be done, or is under way.
    pub(crate) wanted: Option<W>,
    until: Option<Instant>,
}

/// Whether what is wanted can begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    Now,
    /// Once the server has let us in, or not at all.
    Not,
}

impl<S: Stage, W> Dialogue<S, W> {
    /// Calls a server.
    pub(crate) fn open(now: Instant, server: &Server, out: &mut dyn Out) -> Self {
        out.open(Link::Control, &server.host, server.port);
        Self { stage: S::OPENING, wanted: None, until: Some(now + STALL) }
    }

    /// What happens to the connection; the bytes that the server says, if it says any.
    pub(crate) fn event<'b>(
        &mut self,
        now: Instant,
        event: Event<'b>,
        out: &mut dyn Out,
    ) -> Option<&'b [u8]> {
        match event {
            Event::Opened { .. } => (self.stage, self.until) = (S::GREETING, Some(now + ANSWER)),
            Event::Listening { .. } => {}
            Event::Failed(_) => self.over(Trouble::Unreachable, out),
            Event::Data { bytes, .. } => return Some(bytes),
            Event::Ended(_) => self.over(Trouble::Closed, out),
            Event::Reset(_) => self.over(Trouble::Reset, out),
        }
        None
    }

    /// Something is wanted.
    pub(crate) fn want(&mut self, wanted: W, out: &mut dyn Out) -> Begins {
        if self.wanted.is_some() || self.stage == S::OVER {
            out.news(News::Failed(Trouble::Closed));
            return Begins::Not;
        }
        self.wanted = Some(wanted);
        if self.stage == S::IDLE { Begins::Now } else { Begins::Not }
    }

    /// Says something that the server has to answer.
    pub(crate) fn say(&mut self, now: Instant, line: &str, next: S, out: &mut dyn Out) {
        (self.stage, self.until) = (next, Some(now + ANSWER));
        out.send(Link::Control, line.as_bytes());
    }

    /// A mail begins to pass, or has passed.
    pub(crate) fn passes(&mut self, now: Instant, next: S) {
        (self.stage, self.until) = (next, Some(now + STALL));
    }

    /// Something of a mail passes.
    pub(crate) fn goes_on(&mut self, now: Instant) {
        self.until = Some(now + STALL);
    }

    /// The server has let us in.
    pub(crate) fn ready(&mut self, out: &mut dyn Out) {
        (self.stage, self.until) = (S::IDLE, None);
        out.news(News::Ready);
    }

    /// What was wanted is done, or failed.
    pub(crate) fn ends(&mut self, news: News, out: &mut dyn Out) {
        (self.stage, self.until, self.wanted) = (S::IDLE, None, None);
        out.news(news);
    }

    /// The server is gone, or of no use.
    pub(crate) fn over(&mut self, trouble: Trouble, out: &mut dyn Out) {
        let stage = std::mem::replace(&mut self.stage, S::OVER);
        if stage == S::OVER {
            return;
        }
        self.until = None;
        out.close(Link::Control);
        let wanted = self.wanted.take().is_some();
        if stage.is_entering() {
            return out.news(News::Refused(trouble));
        }
        if wanted {
            out.news(News::Failed(trouble));
        }
        out.news(News::Lost);
    }

    /// The mail that passes is given up. No server can be told to stop: one has to leave, and without a word.
    pub(crate) fn give_up(&mut self, out: &mut dyn Out) {
        self.wanted = None;
        self.over(Trouble::Closed, out);
    }

    /// Takes leave.
    pub(crate) fn close(&mut self, out: &mut dyn Out) {
        let stage = std::mem::replace(&mut self.stage, S::OVER);
        if stage == S::OVER {
            return;
        }
        if stage != S::OPENING && !stage.is_passing() {
            out.send(Link::Control, b"QUIT\r\n");
        }
        out.close(Link::Control);
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.until
    }
}
