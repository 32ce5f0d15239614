//! What a persona says about its command sets.

use std::time::Duration;

/// A command set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Wavecom's TCP/IP commands, `+WIP…`.
    Wip,
    /// Those that Wavecom's modules had before, `#…`.
    Edsoft,
    /// A GSM module's commands.
    Gsm,
}

/// What a persona says about its command sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// Those that are on.
    pub(super) on: Vec<Set>,
    /// How long a line waits for the feed that is to be echoed in front of its answer.
    pub(super) feed_wait: Duration,
    /// Whether a feed ends a line that has no return.
    pub(super) feed_ends: bool,
    #[cfg(feature = "gsm")]
    pub(super) gsm: super::gsm::Facts,
    #[cfg(feature = "wip")]
    pub(super) wip: ::wip::Rules,
    #[cfg(feature = "wip")]
    pub(super) escape: super::wip::EscapeGuard,
    #[cfg(feature = "wip")]
    pub(super) resume: Resume,
    #[cfg(feature = "wip")]
    pub(super) without_card: WithoutCard,
}

/// What commands about TCP/IP do without a card that is ready.
#[cfg(feature = "wip")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WithoutCard {
    /// They are refused, as the card's own commands are.
    #[default]
    All,
    /// That, and until `+WIND: 4` they are told to come again.
    UntilReady,
    /// A bearer can't be started.
    Bearer,
}

/// Whether `ATO` goes back to the last socket.
#[cfg(feature = "wip")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resume {
    #[default]
    No,
    Yes,
}

impl Set {
    pub(super) const ALL: [Self; 3] = [Self::Wip, Self::Edsoft, Self::Gsm];
}

impl Facts {
    pub(crate) fn is_any(&self) -> bool {
        #[cfg(feature = "gsm")]
        if self.is_answered_by_module() {
            return true;
        }
        !self.on.is_empty() || !self.feed_wait.is_zero()
    }

    /// Whether what is asked of signal and network goes to the real module behind the line.
    #[cfg(feature = "gsm")]
    pub(crate) fn is_answered_by_module(&self) -> bool {
        self.gsm.status == super::gsm::StatusFrom::Module
    }

    /// What its TCP/IP is like.
    #[cfg(feature = "wip")]
    pub(super) fn rules(&self) -> ::wip::Rules {
        let dialect = match self.has(Set::Edsoft) && !self.has(Set::Wip) {
            true => ::wip::Dialect::Edsoft,
            false => ::wip::Dialect::Wip,
        };
        ::wip::Rules { dialect, ..self.wip.clone() }
    }

    /// What the application is called that brings TCP/IP.
    #[cfg(feature = "gsm")]
    pub(super) fn application(&self) -> Option<&'static str> {
        let known = [(Set::Wip, "WIPsoft"), (Set::Edsoft, "eDsoft")];
        known.into_iter().find(|(set, _)| self.has(*set)).map(|(_, name)| name)
    }

    /// How TCP sockets talk to their peers.
    #[cfg(feature = "wip")]
    pub(crate) const fn transport(&self) -> ::wip::Transport {
        self.wip.transport
    }

    /// What it says of its module.
    #[cfg(feature = "gsm")]
    pub(crate) const fn gsm(&self) -> &super::gsm::Facts {
        &self.gsm
    }

    /// The number of its module, if it has one.
    #[cfg(feature = "gsm")]
    pub(crate) fn number(&self) -> Option<&super::gsm::Number> {
        self.has(Set::Gsm).then_some(self.gsm.number()).flatten()
    }

    /// A persona that has every set, for checking what is stored.
    pub(crate) fn with_every_set() -> Self {
        Self { on: Set::ALL.to_vec(), ..Self::default() }
    }

    /// Whether the modem is a GSM module.
    pub(crate) fn is_module(&self) -> bool {
        self.has(Set::Gsm)
    }

    pub(crate) fn has(&self, set: Set) -> bool {
        self.on.contains(&set)
    }

    /// Whether a feed ends a line that has no return.
    pub(crate) const fn feed_ends(&self) -> bool {
        self.feed_ends
    }
}
