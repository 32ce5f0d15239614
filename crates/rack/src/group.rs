//! Modems that are dialled with under one name.

use std::time::Duration;

use settings::HuntOrder;

/// A group of modems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What is dialled: `modem:NAME/number`.
    pub name: String,
    /// The modems; names that no modem has are skipped.
    pub members: Vec<String>,
    /// In which order they are tried.
    pub order: HuntOrder,
    /// What who dials gets when all are taken.
    pub when_busy: WhenBusy,
}

/// What happens when every member of a group is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenBusy {
    /// The call fails: `BUSY`.
    Refuse,
    /// It waits for a member, at most so long.
    Wait(Duration),
}
