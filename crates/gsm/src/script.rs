//! Steps that bring a module somewhere, as data: what to say, what ends it, what goes wrong with it.

use std::time::Duration;

use crate::Reason;
use crate::limits::DTR_OFF;

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Says nothing for so long.
    Pause(Duration),
    /// Waits until everything that was said has left the port.
    Drain,
    /// DTR off for a second.
    DropDtr,
    /// Ends our half of whatever connection there is: ETX.
    Finish,
    /// Says something that is answered.
    Ask(Box<Ask>),
}

/// A command, and what comes of it.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(crate) says: String,
    /// What a trace shows of it.
    pub(crate) shown: Option<&'static str>,
    pub(crate) ends: Ends,
    pub(crate) fails: &'static [(&'static str, Reason)],
    pub(crate) fine: Fine,
    pub(crate) when: When,
    /// As long as any command may take, unless it says so.
    pub(crate) within: Option<Duration>,
    pub(crate) tries: u8,
    /// What an error means that has no meaning of its own.
    pub(crate) fault: Option<Reason>,
    pub(crate) late: Late,
    /// A pause behind it: the module starts anew.
    pub(crate) then: Duration,
    /// Nothing else is said for so long, whatever is heard.
    pub(crate) settles: Duration,
}

/// What ends a step well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// `OK`
    Ok,
    /// A line that begins like one of these, behind which data begin.
    Data(&'static [&'static str]),
    /// A line that begins like one of these, whether or not `OK` came before it.
    Word(&'static [&'static str]),
    /// A line that begins like this, and the `OK` behind it if there is one.
    Line(&'static str),
    /// A line with an IPv4 address.
    Address,
    /// `OK`, or an error, with nothing behind it for a while: texts of others stand in front of it, which may say `OK` too.
    List,
}

/// What it means that no answer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    /// The module is taken for dead.
    Dead,
    /// This.
    Means(Reason),
    /// Nothing.
    Fine,
}

/// Which errors are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fine {
    None,
    Codes(&'static [u16]),
    All,
}

/// When a step is done at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// If the steps before it heard one of these.
    Heard(&'static [&'static str]),
    /// Unless they did.
    Unheard(&'static [&'static str]),
}

/// A command that `OK` answers.
pub fn ask(command: impl Into<String>) -> Ask {
    Ask {
        says: command.into(),
        shown: None,
        ends: Ends::Ok,
        fails: &[],
        fine: Fine::None,
        when: When::Always,
        within: None,
        tries: 1,
        fault: None,
        late: Late::Dead,
        then: Duration::ZERO,
        settles: Duration::ZERO,
    }
}

impl Ask {
    /// A line that begins like one of these ends it, and `OK` doesn't.
    pub fn until(mut self, words: &'static [&'static str]) -> Self {
        self.ends = Ends::Word(words);
        self
    }

    /// A line that begins like one of these ends it, and data begin behind it.
    pub fn until_data(mut self, words: &'static [&'static str]) -> Self {
        self.ends = Ends::Data(words);
        self
    }

    /// A line that begins like this ends it, with `OK` behind it or without.
    pub fn line(mut self, begins: &'static str) -> Self {
        self.ends = Ends::Line(begins);
        self
    }

    /// A line with an address ends it.
    pub fn address(mut self) -> Self {
        self.ends = Ends::Address;
        self
    }

    /// A list of texts that others have written; whatever error ends it, go on.
    pub(crate) fn list(mut self) -> Self {
        self.ends = Ends::List;
        self.may_fail()
    }

    /// Lines that begin like these end it badly.
    pub fn fails(mut self, words: &'static [(&'static str, Reason)]) -> Self {
        self.fails = words;
        self
    }

    /// These errors mean that it is done already.
    pub fn fine(mut self, codes: &'static [u16]) -> Self {
        self.fine = Fine::Codes(codes);
        self
    }

    /// Whatever error comes of it, go on.
    pub fn may_fail(mut self) -> Self {
        self.fine = Fine::All;
        self
    }

    /// Only if an earlier step of this script heard a line with one of these.
    pub fn if_heard(mut self, texts: &'static [&'static str]) -> Self {
        self.when = When::Heard(texts);
        self
    }

    /// Not if an earlier step of this script heard a line with one of these.
    pub fn unless_heard(mut self, texts: &'static [&'static str]) -> Self {
        self.when = When::Unheard(texts);
        self
    }

    /// How long the answer may take.
    pub fn within(mut self, span: Duration) -> Self {
        self.within = Some(span);
        self
    }

    /// How often it is said.
    pub fn tries(mut self, count: u8) -> Self {
        self.tries = count;
        self
    }

    /// What an error means.
    pub fn means(mut self, reason: Reason) -> Self {
        self.fault = Some(reason);
        self
    }

    /// What it means that no answer comes; otherwise the module is taken for dead.
    pub fn late(mut self, reason: Reason) -> Self {
        self.late = Late::Means(reason);
        self
    }

    /// No answer is one too.
    pub fn may_be_silent(mut self) -> Self {
        self.late = Late::Fine;
        self
    }

    /// A trace shows this in its place.
    pub fn hidden(mut self, shown: &'static str) -> Self {
        self.shown = Some(shown);
        self
    }

    /// Nothing is said for so long behind it.
    pub fn then_wait(mut self, span: Duration) -> Self {
        self.then = span;
        self
    }

    /// Nothing else is said for so long, whatever is heard: it may be the far end that says `OK`.
    pub(crate) fn settles(mut self, span: Duration) -> Self {
        self.settles = span;
        self
    }

    pub(crate) fn shown(&self) -> &str {
        self.shown.unwrap_or(&self.says)
    }
}

impl From<Ask> for Step {
    fn from(ask: Ask) -> Self {
        Self::Ask(Box::new(ask))
    }
}

/// What ends a connection whose data may pass, and brings the module out of them.
pub(crate) fn end_data(guard: Duration) -> Vec<Step> {
    std::iter::once(Step::Finish).chain(escape(guard)).collect()
}

/// What brings a module out of whatever it is in, if anything does.
pub(crate) fn escape(guard: Duration) -> Vec<Step> {
    // A module that is in command state already has nothing to say to it.
    let escape = ask("+++").within(guard + Duration::from_secs(1)).tries(2).may_fail();
    // The silence is the module's: it begins when it has heard the last byte.
    vec![Step::Drain, Step::Pause(guard), escape.may_be_silent().settles(guard).into()]
}

/// DTR off and on again.
pub(crate) fn drop_dtr(settle: Duration) -> [Step; 3] {
    [Step::DropDtr, Step::Pause(DTR_OFF), Step::Pause(settle)]
}

/// A text between quotes, without what would end it early; modules know no way to write that.
pub(crate) fn quoted(text: &str) -> String {
    let plain = text.chars().filter(|c| (c.is_ascii_graphic() || *c == ' ') && *c != '"');
    format!("\"{}\"", plain.collect::<String>())
}
