//! What a persona says of its module: the card, the network, and how long things take.

use sms::Number;
use std::time::Duration;

use super::charset::Charset;
use super::sim::{Card, Code};

/// What a persona says of its module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(in crate::sets) status: StatusFrom,
    pub(super) card: Card,
    /// Asked for at every start; none is asked for without.
    pub(super) pin: Option<Code>,
    pub(super) puk: Code,
    pub(super) subscriber: String,
    pub(super) card_number: String,
    /// The line's own number.
    pub(super) number: Option<Number>,
    pub(super) cpin_read: CpinRead,
    pub(super) function: Function,
    pub(super) registration: Registration,
    pub(super) operator: String,
    pub(super) operator_short: String,
    /// Country and network as digits.
    pub(super) network: String,
    pub(super) area: u16,
    pub(super) cell: u16,
    pub(super) signal: u8,
    pub(super) bit_errors: u8,
    pub(super) operator_format: u8,
    /// As `+WMBS` numbers them.
    pub(super) bands: u8,
    pub(super) address: String,
    pub(super) centre: Option<Number>,
    pub(super) charset: Charset,
    /// Quarters of an hour that the wall is ahead of the driver's clock.
    pub(super) zone: i8,
    pub(super) messages: u16,
    /// Room for telephone numbers.
    pub(super) entries: u16,
    pub(super) evolved: Evolved,
    pub(super) error_words: ErrorWords,
    pub(super) until_cmee: UntilCmee,
    pub(super) command_list: CommandList,
    pub(super) send_failure: Option<u16>,
    pub(super) application: bool,
    pub(super) restart: Duration,
    pub(super) application_restart: Duration,
    pub(super) search: Duration,
    pub(super) attach: Duration,
    pub(super) scan: Duration,
    pub(super) send: Duration,
}

/// Who answers what is asked of signal, network and make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusFrom {
    /// The persona, or nobody.
    Persona,
    /// The real module behind the line.
    Module,
}

/// Whether `OK` follows the answer to `+CPIN?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CpinRead {
    Bare,
    WithOk,
}

/// What `+CFUN=1` does to a module that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// It starts anew, as Wavecom's modules do.
    Restarts,
    /// Nothing, as 27.007 has it: gammu sends it and goes on at once.
    Stays,
}

/// Whether the module knows LTE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evolved {
    Absent,
    Present,
}

/// Whether `+CMEE=2` asks for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorWords {
    Unknown,
    Known,
}

/// What the card's commands do before `+CMEE=1` was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UntilCmee {
    Answers,
    /// `ERROR` is all: a firmware of Q2406B.
    Refuses,
}

/// Whether `+CLAC` is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandList {
    /// It is `ERROR` on older units.
    Untold,
    Told,
}

/// Where the module's search for a network ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    Home,
    Roaming,
    /// There is no network in reach.
    Searching,
    /// There is one that doesn't want this card.
    Denied,
}

impl Registration {
    /// As `+CREG` has it.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Home => 1,
            Self::Searching => 2,
            Self::Denied => 3,
            Self::Roaming => 5,
        }
    }

    pub(super) const fn serves(self) -> bool {
        matches!(self, Self::Home | Self::Roaming)
    }
}

impl Facts {
    /// The line's own number.
    pub(crate) const fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            status: StatusFrom::Persona,
            card: Card::Present,
            pin: None,
            puk: Code::parse("12345678").unwrap_or_default(),
            // The test network's: no operator has them.
            subscriber: "001010123456789".to_owned(),
            card_number: "8988211000000000000".to_owned(),
            number: None,
            cpin_read: CpinRead::WithOk,
            function: Function::Restarts,
            registration: Registration::Home,
            operator: "Trunkline".to_owned(),
            operator_short: "Trunk".to_owned(),
            network: "00101".to_owned(),
            area: 0x0001,
            cell: 0x0001,
            signal: 21,
            bit_errors: 0,
            operator_format: 2,
            bands: 5,
            address: "0.0.0.0".to_owned(),
            centre: Number::parse("+0010100000"),
            charset: Charset::Pc,
            zone: 0,
            messages: 30,
            entries: 100,
            evolved: Evolved::Absent,
            error_words: ErrorWords::Known,
            until_cmee: UntilCmee::Answers,
            command_list: CommandList::Told,
            send_failure: None,
            application: true,
            restart: Duration::from_secs(3),
            application_restart: Duration::from_secs(3),
            search: Duration::from_secs(2),
            attach: Duration::from_millis(500),
            scan: Duration::from_secs(3),
            send: Duration::from_millis(500),
        }
    }
}
