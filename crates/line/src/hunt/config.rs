//! What a configuration file says of hunt groups: the `[[hunt]]` tables.

use std::net::SocketAddr;

use serde::Deserialize;
use settings::{HuntOrder, OneOrMany, Span};

use crate::access::Access;

/// One `[[hunt]]` table: lines that share a number, or real modems that are dialled with under one name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HuntConfig {
    /// What the owner calls it; unique among groups, modems and lines.
    pub name: String,
    /// Lines and modems. Callers ring on lines; `modem:NAME/number` dials with modems.
    pub members: Vec<String>,
    /// In which order they are tried: `linear` (default), `round-robin` or `longest-idle`.
    #[serde(default)]
    pub order: HuntOrder,
    /// Addresses whose callers ring on a line of the group.
    #[serde(default)]
    pub listen: OneOrMany<SocketAddr>,
    /// What happens while all members are taken: `busy` (default), `message` or `queue`.
    #[serde(default)]
    pub busy: WhenBusy,
    /// The text for a caller under `busy = "message"`. Default `BUSY`.
    #[serde(default)]
    pub busy_message: Option<String>,
    /// How long a call waits under `busy = "queue"`. Default `60s`.
    #[serde(default = "a_minute")]
    pub queue_for: Span,
    /// Who may call, as rules on the caller's address.
    #[serde(default)]
    pub answer_access: Access,
}

/// What happens to a call while all members of a group are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenBusy {
    /// A reset, which the caller's modem reports as `BUSY`.
    #[default]
    Busy,
    /// A line of text, then the end.
    Message,
    /// To wait for a member.
    Queue,
}

impl WhenBusy {
    /// As the configuration has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Message => "message",
            Self::Queue => "queue",
        }
    }
}

impl HuntConfig {
    /// A group of these members with every default.
    pub fn new(name: impl Into<String>, members: Vec<String>) -> Self {
        Self {
            name: name.into(),
            members,
            order: HuntOrder::default(),
            listen: OneOrMany::default(),
            busy: WhenBusy::default(),
            busy_message: None,
            queue_for: a_minute(),
            answer_access: Access::default(),
        }
    }
}

const fn a_minute() -> Span {
    Span::secs(60)
}
