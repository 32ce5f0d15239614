//! The facts of a persona, and those of `hayes`, which all others start from.

use std::collections::BTreeMap;
use std::time::Duration;

use at::dial::DialRules;
use at::line::{DeleteKey, PrefixCase};
use at::parity::Parity;
use at::result::{CauseRules, Codes};

use super::Persona;
use crate::settings::Overlay;

/// What the modem says about itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) maker: String,
    pub(crate) model: String,
    pub(crate) revision: String,
    pub(crate) serial: String,
    pub(crate) object: String,
    pub(crate) capabilities: String,
    /// Two hexadecimal digits of T.35.
    pub(crate) country: String,
    /// Answers to `ATI` of its own, by number.
    pub(crate) information: BTreeMap<u32, String>,
}

/// How command lines are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grammar {
    /// What an unknown basic or prefixed command is answered.
    pub(crate) unknown: Unknown,
    /// What an unknown extended command is answered.
    pub(crate) unknown_extended: Unknown,
    pub(crate) overlong: Overlong,
    pub(crate) prefix: PrefixCase,
    pub(crate) delete: DeleteKey,
    /// The only commands there are; empty for all of the table.
    pub(crate) only: Vec<String>,
    /// Registers beyond those of the table, first and last of each range.
    pub(crate) registers: Vec<(u16, u16)>,
    pub(crate) gsm: Gsm,
    pub(crate) ampersand: Ampersand,
}

/// What to say to a command that is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    Ok,
    Error,
}

/// What to say to a line that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlong {
    Error,
    Silence,
}

/// Whose commands with `&` these are, where makers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ampersand {
    /// `&K` is flow control and `&Y` the profile to start with.
    Hayes,
    /// `&K` is compression and `&Y` handling of BREAK; both change nothing.
    Usr,
}

/// Whether GSM's probing commands are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gsm {
    Unknown,
    Answered,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Results {
    pub(crate) codes: Codes,
    pub(crate) causes: CauseRules,
    /// `ATH` with a call.
    pub(crate) hang_up: HangUpResult,
    /// DTR ends a call.
    pub(crate) dtr: DtrResult,
    /// What `Q2` hides.
    pub(crate) q2: Q2Hides,
    /// `ATO` without a call.
    pub(crate) online_without_call: WithoutCall,
    /// `ATA` without a call.
    pub(crate) answer_without_call: AnswerWithoutCall,
}

/// How `ATH` is answered when there was a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HangUpResult {
    Ok,
    NoCarrier,
    Both,
}

/// What is said when DTR ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DtrResult {
    NoCarrier,
    Ok,
}

/// What `Q2` hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Q2Hides {
    /// Everything about answered calls.
    Answered,
    /// `CONNECT`, like Digi.
    Connect,
}

/// How a command is answered that needs a call and has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutCall {
    NoCarrier,
    Error,
}

/// What `ATA` does when nobody calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerWithoutCall {
    NoCarrier,
    Error,
    /// Wait this long for a caller, or for S7.
    Wait(Option<Duration>),
}

/// How dial strings are read and calls set up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dialling {
    pub(crate) rules: DialRules,
    pub(crate) semicolon: Semicolon,
    pub(crate) empty: EmptyDial,
    /// A register that holds stored number 0 as text.
    pub(crate) destination_register: Option<u16>,
    pub(crate) times: Times,
    pub(crate) dial_port: Option<u16>,
    pub(crate) listen_port: Option<u16>,
}

/// What `;` at the end of a dial string means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Semicolon {
    /// Digits are gathered, anything else is called.
    Auto,
    /// Digits are gathered for the next dial command.
    Gather,
    /// The call is made and the modem stays in command state.
    Call,
    /// Nothing is dialled.
    Nothing,
}

/// What `ATD` without anything calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmptyDial {
    /// What the line has as its default, if it has one.
    Default,
    /// Stored number 0.
    Stored,
    /// Nothing: there is no dial tone to be had.
    Nothing,
}

/// Whether S6, S8 and S11 take their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Skipped,
    Real,
}

/// How a modem behaves during a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnlineRules {
    pub(crate) escape: EscapeBy,
    pub(crate) hold_back: HoldBack,
    pub(crate) data_echo: DataEcho,
    pub(crate) connect_delay: Duration,
    pub(crate) idle_unit: Duration,
    /// The line's speed, where it has to be invented.
    pub(crate) carrier_rate: Option<u32>,
    /// The port's speed until the end tells.
    pub(crate) port_rate: u32,
    pub(crate) command_parity: CommandParity,
    pub(crate) data_parity: DataParity,
    pub(crate) path_loss: PathLoss,
    pub(crate) dtr: DtrUse,
}

/// What leads from data to command state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EscapeBy {
    /// Three S2 between two silences.
    Guards,
    /// That, and `+++AT…` without any silence.
    Ties,
    /// Nothing in the data.
    Off,
}

/// What becomes of the escape characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldBack {
    /// They are sent like all data.
    Passed,
    /// They are kept until it is clear that they are data.
    Held,
}

/// Whether the modem echoes data, and with which `F`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataEcho {
    Never,
    /// With `F0`, like the first Hayes modems.
    WithF0,
    /// With `F1`, like COM/IP.
    WithF1,
}

/// Parity in command state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandParity {
    /// As the last `AT` had it.
    Auto,
    Fixed(Parity),
}

/// What is done to bit 7 of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataParity {
    Transparent,
    /// Bit 7 of the equipment's bytes is cleared.
    Strip,
    /// That, and the far end's bytes get this parity.
    Generate(Parity),
}

/// What happens when the path to the far end is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathLoss {
    /// S10 gives it time to mend.
    WaitS10,
    /// The call is over at once.
    AtOnce,
}

/// Whether circuit 108 is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DtrUse {
    Obeyed,
    Ignored,
}

/// How incoming calls are told and answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incoming {
    pub(crate) ring_on: Duration,
    pub(crate) ring_off: Duration,
    pub(crate) ring_limit: u32,
    pub(crate) ring_argument: RingArgument,
    pub(crate) caller_number: CallerNumber,
    pub(crate) s0: S0Means,
    pub(crate) answer_delay: Duration,
}

/// What stands behind `RING`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RingArgument {
    Nothing,
    Address,
    Bell,
}

/// What is shown as the caller's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerNumber {
    /// The address as text.
    Address,
    /// Twelve digits, for programs that know only digits.
    Digits,
    /// The phonebook's number, or else the address.
    Phonebook,
}

/// How S0 is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum S0Means {
    /// The ring to answer at.
    Rings,
    /// 0 refuses calls, anything else answers at the first ring.
    Switch,
}

impl Default for Persona {
    fn default() -> Self {
        Self {
            name: "hayes".into(),
            identity: Identity {
                maker: "Trunkline".into(),
                model: "Trunkline Modem".into(),
                revision: env!("CARGO_PKG_VERSION").into(),
                serial: "0".into(),
                object: "0".into(),
                capabilities: "+MS,+ES,+DS".into(),
                country: "B5".into(),
                information: BTreeMap::new(),
            },
            grammar: Grammar {
                unknown: Unknown::Ok,
                unknown_extended: Unknown::Error,
                overlong: Overlong::Error,
                prefix: PrefixCase::Same,
                delete: DeleteKey::Ignored,
                only: Vec::new(),
                registers: Vec::new(),
                gsm: Gsm::Unknown,
                ampersand: Ampersand::Hayes,
            },
            results: Results {
                codes: Codes::default(),
                causes: CauseRules::default(),
                hang_up: HangUpResult::Ok,
                dtr: DtrResult::NoCarrier,
                q2: Q2Hides::Answered,
                online_without_call: WithoutCall::NoCarrier,
                answer_without_call: AnswerWithoutCall::NoCarrier,
            },
            dialling: Dialling {
                rules: DialRules::default(),
                semicolon: Semicolon::Auto,
                empty: EmptyDial::Default,
                destination_register: None,
                times: Times::Skipped,
                dial_port: None,
                listen_port: None,
            },
            online: OnlineRules {
                escape: EscapeBy::Guards,
                hold_back: HoldBack::Passed,
                data_echo: DataEcho::Never,
                connect_delay: Duration::from_millis(20),
                idle_unit: Duration::from_secs(10),
                carrier_rate: None,
                port_rate: 9600,
                command_parity: CommandParity::Auto,
                data_parity: DataParity::Transparent,
                path_loss: PathLoss::WaitS10,
                dtr: DtrUse::Obeyed,
            },
            incoming: Incoming {
                ring_on: Duration::from_secs(2),
                ring_off: Duration::from_secs(4),
                ring_limit: 10,
                ring_argument: RingArgument::Nothing,
                caller_number: CallerNumber::Address,
                s0: S0Means::Rings,
                answer_delay: Duration::from_millis(100),
            },
            sets: crate::sets::Facts::default(),
            factory: Overlay::default(),
        }
    }
}
