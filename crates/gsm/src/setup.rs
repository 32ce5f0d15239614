//! What a module is to be.

use std::fmt;
use std::time::Duration;

use wip::Shutdown;

use crate::limits::REPLY;

/// How a module is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Whose commands it has, by [`Dialect::name`](crate::Dialect::name); what it says of itself decides
    /// otherwise.
    pub dialect: Option<&'static crate::Dialect>,
    /// The card's PIN. It is said once; a module that refuses it isn't told it again.
    pub pin: Option<Hidden>,
    /// The access point.
    pub apn: String,
    /// Who logs in there; as a rule nobody.
    pub user: String,
    /// With which password.
    pub password: Option<Hidden>,
    /// Whether a foreign network is one.
    pub roaming: Roaming,
    /// How long it may take to find a network.
    pub register_within: Duration,
    /// How long a data session may take to come up.
    pub session_within: Duration,
    /// How long the far end may take to answer.
    pub open_within: Duration,
    /// The silence before and after `+++`.
    pub guard: Duration,
    /// How long a module needs to come up.
    pub boot: Duration,
    /// How often an idle module is looked at.
    pub watch: Duration,
    /// How long a command may take that does nothing but set or tell something.
    pub answer_within: Duration,
    /// How old an answer may be that is given while the module has no time for a fresh one.
    pub status_age: Duration,
    /// Whether the data session stays up between calls.
    pub session: Session,
    /// Whether messages are read, and deleted.
    pub messages: Messages,
    /// The port on which those are heard who call the module.
    pub listen: Option<u16>,
    /// More commands, said when the module has been found: each must be answered.
    pub init: Vec<String>,
    /// How its end of the cable is held back.
    pub flow: Flow,
    /// What stands in front of `SHUTDOWN`, of those who say that in a stream.
    pub shutdown: Shutdown,
}

/// Whether a foreign network is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roaming {
    /// It is.
    #[default]
    Allowed,
    /// It costs too much.
    Forbidden,
}

/// When there is a data session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// From the beginning: the first call is quick, and the network may end it meanwhile.
    #[default]
    Kept,
    /// For the time of a call.
    PerCall,
}

/// What becomes of messages on the card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Messages {
    /// Nobody looks.
    #[default]
    Ignored,
    /// They are told, and deleted.
    Read,
}

/// How the module is told to hold its sender back, and to be held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// As it is.
    #[default]
    AsItIs,
    /// By wire.
    RtsCts,
    /// Not at all.
    None,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            dialect: None,
            pin: None,
            apn: String::new(),
            user: String::new(),
            password: None,
            roaming: Roaming::default(),
            register_within: Duration::from_secs(120),
            session_within: Duration::from_secs(150),
            open_within: Duration::from_secs(90),
            // A second is what they wait for; a little more, for theirs may go slower than our clock.
            guard: Duration::from_millis(1200),
            boot: Duration::from_secs(20),
            watch: Duration::from_secs(60),
            answer_within: REPLY,
            status_age: Duration::from_secs(600),
            session: Session::default(),
            messages: Messages::default(),
            listen: None,
            init: Vec::new(),
            flow: Flow::default(),
            shutdown: Shutdown::BehindEtx,
        }
    }
}

/// A text that isn't shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; the name is what a reviewer searches for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}
