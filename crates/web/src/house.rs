//! What is shown: the house, as whoever runs it tells of it.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

use crate::moment::Moment;
use crate::site::Sites;

/// Whoever has lines and calls to show, and does what operators order.
///
/// The server asks from threads of its own, where waiting for a lock or a disk delays nobody's call.
pub trait House: Send + Sync + 'static {
    /// Every line as it stands, in the order of their names.
    fn lines(&self) -> Vec<LineNow>;

    /// Every real modem as it stands, and every GSM module, in the order of their names.
    fn modems(&self) -> Vec<ModemNow>;

    /// Every hunt group with its members as they stand.
    fn groups(&self) -> Vec<GroupNow>;

    /// Every call in progress.
    fn calls(&self) -> Vec<CallNow>;

    /// The last calls that are over, the latest first, at most `most`.
    fn recent(&self, most: usize) -> Vec<CallOver>;

    /// The last logins that failed, the latest first.
    fn failed_logins(&self) -> Vec<FailedLogin>;

    /// Where calls arrive.
    fn listeners(&self) -> Vec<Listener>;

    /// What has been counted since the start.
    fn figures(&self) -> Figures;

    /// Shows what passes on a line from now on, to the operator `by`.
    ///
    /// # Errors
    /// There is no such line.
    fn trace(&self, line: &str, by: &str) -> Result<Box<dyn Trace>, Refusal>;

    /// Ends the call of this number, or of the real modem of this name, as the wish of the operator `by`; says what was done.
    ///
    /// # Errors
    /// There is no such call.
    fn hang_up(&self, call: &str, by: &str) -> Result<String, Refusal>;

    /// Makes a line or a real modem busy for callers, or free again, as the wish of the operator `by`; says what was done.
    ///
    /// # Errors
    /// There is no such line, or lines can't be made busy here.
    fn set_busy(&self, line: &str, busy: Busy, by: &str) -> Result<String, Refusal>;

    /// Whoever collects from sites, if anybody does.
    fn sites(&self) -> Option<&dyn Sites> {
        None
    }

    /// Is told what happens at the page's door, for whoever keeps a record of such things. May not wait.
    fn witness(&self, _deed: Deed<'_>) {}
}

/// What happens at the page's door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed<'a> {
    /// An operator has logged in.
    LoggedIn {
        /// Who.
        operator: &'a str,
        /// From where.
        from: &'a str,
    },
    /// A login has failed.
    LoginFailed {
        /// Who is meant, where it is a known one.
        operator: Option<&'a str>,
        /// From where.
        from: &'a str,
        /// Why, in a stable code.
        cause: &'a str,
    },
    /// An operator has logged out.
    LoggedOut {
        /// Who.
        operator: &'a str,
    },
}

/// Whether callers are told that a line is busy, whatever it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// They are.
    Out,
    /// They ring when it is free.
    No,
}

/// Why the house doesn't do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such line or call.
    #[error("{0}")]
    Unknown(String),
    /// It can't be done now.
    #[error("{0}")]
    Impossible(String),
}

/// A line as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineNow {
    /// The owner's name for it.
    pub name: String,
    /// What it does, in a word or two: `idle`, `ringing`, `online` …; `closed` when it could not be opened.
    pub state: Cow<'static, str>,
    /// Which modem it is.
    pub persona: String,
    /// Where its equipment plugs in.
    pub place: String,
    /// Where callers arrive.
    pub listens: Vec<String>,
    /// Whether the equipment is there.
    pub dtr: bool,
    /// Whether the modem shows carrier.
    pub dcd: bool,
    /// Whether it rings.
    pub ri: bool,
    /// Whether callers are told that it is busy; `None` where lines can't be made busy.
    pub busy: Option<bool>,
    /// Why it could not be opened.
    pub error: Option<String>,
    /// Its call.
    pub call: Option<CallNow>,
}

/// A real modem as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModemNow {
    /// The owner's name for it.
    pub name: String,
    /// What it does, in a word or two: `idle`, `ringing`, `online`, `lent`, `absent` …
    pub state: Cow<'static, str>,
    /// Its port.
    pub device: String,
    /// Whether an operator has taken it out of service.
    pub busy: bool,
    /// Why it can't be used.
    pub error: Option<String>,
    /// Who is spoken to: the number dialled, or who called.
    pub party: Option<String>,
    /// Since when.
    pub since: Option<Moment>,
    /// The hunt groups that it belongs to.
    pub groups: Vec<String>,
    /// What is known of it besides, if it is a GSM module.
    pub gsm: Option<GsmNow>,
}

/// What is known of a GSM module besides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GsmNow {
    /// Whose commands it has, once that is known.
    pub dialect: Option<Cow<'static, str>>,
    /// Which network takes it, or why none does.
    pub network: String,
    /// How well it hears the network, if that is known.
    pub dbm: Option<i16>,
    /// Its last call.
    pub last_call: Option<GsmCall>,
}

/// A GSM module's last call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GsmCall {
    /// Whom it went to, or who called.
    pub party: String,
    /// When it began, or came to nothing.
    pub at: Moment,
    /// Whether it was connected.
    pub connected: bool,
    /// Why it ended, or came to nothing, for programs; none while it lasts.
    pub cause: Option<Cow<'static, str>>,
    /// The same for people.
    pub words: Option<String>,
}

/// A hunt group as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupNow {
    /// The owner's name for it.
    pub name: String,
    /// In which order its members are tried: `linear`, `round-robin` or `longest-idle`.
    pub order: Cow<'static, str>,
    /// What a call gets while all are taken: `busy`, `message` or `queue`.
    pub when_busy: Cow<'static, str>,
    /// Where its callers arrive.
    pub listens: Vec<String>,
    /// Its members, in their order.
    pub members: Vec<MemberNow>,
    /// Members that a call could go to now.
    pub free: u64,
    /// Members in a call, or about to be.
    pub calls: u64,
}

/// A member of a hunt group as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberNow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// What it does, in a word or two; `missing` when there is none of this name.
    pub state: Cow<'static, str>,
}

/// What a member of a hunt group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A line.
    Line,
    /// A real modem.
    Modem,
}

/// A call in progress.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallNow {
    /// Its number.
    pub id: String,
    /// The line whose call it is; `None` for a call that the exchange has answered.
    pub line: Option<String>,
    /// Out or in.
    pub direction: Direction,
    /// Who calls, or what was dialled.
    pub party: String,
    /// What it travels on, once known.
    pub over: Option<Cow<'static, str>>,
    /// Whose call it is, once he has logged in.
    pub account: Option<String>,
    /// When it began.
    pub since: Moment,
    /// Bytes to the far end.
    pub sent: u64,
    /// Bytes from the far end.
    pub received: u64,
}

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A caller.
    In,
    /// The equipment.
    Out,
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallOver {
    /// What was known of it at its end.
    #[serde(flatten)]
    pub call: CallNow,
    /// How long it lasted.
    pub seconds: u64,
    /// Why it ended, for programs.
    pub cause: Cow<'static, str>,
    /// Why it ended, for people.
    pub words: Cow<'static, str>,
    /// How its program ended: an exit code or `signal N`.
    pub status: Option<String>,
}

/// A login that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedLogin {
    /// When.
    pub at: Moment,
    /// From where.
    pub from: String,
    /// At what: `exchange` or `page`.
    pub at_what: Cow<'static, str>,
    /// The account or operator, where it is a known one; what else was typed might be a password.
    pub name: Option<String>,
    /// Why, for programs.
    pub cause: Cow<'static, str>,
    /// Why, for people.
    pub words: Cow<'static, str>,
}

/// A place where calls arrive.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listener {
    /// Its address.
    pub address: String,
    /// Who answers there: `exchange`, or a line's name.
    pub answers: String,
    /// What callers may speak.
    pub accepts: Vec<String>,
}

/// What has been counted since the start. The words in it are from fixed lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Calls that are over.
    pub ended: Vec<Ended>,
    /// Logins by outcome.
    pub logins: Vec<(Cow<'static, str>, u64)>,
    /// Calls of real modems that are over, or have failed, by who made them and by the code of the cause.
    pub modem_calls: Vec<(Direction, Cow<'static, str>, u64)>,
    /// Attempts to use a real modem that have failed, by what was wrong.
    pub modem_failures: Vec<(Cow<'static, str>, u64)>,
    /// Password hashes computed.
    pub password_hashes: u64,
    /// Records that wait for the disk, where there is a store.
    pub store_queue: Option<u64>,
}

/// Calls that are over and have these words in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Who answered or made them: `exchange` or `line`.
    pub side: &'static str,
    /// Who made them.
    pub direction: Direction,
    /// Why they ended.
    pub cause: Cow<'static, str>,
    /// How many.
    pub calls: u64,
    /// Bytes to the far ends.
    pub sent: u64,
    /// Bytes from the far ends.
    pub received: u64,
}

/// What passes on a line.
pub trait Trace: Send {
    /// The next entry; `None` when the line is gone.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<TraceEntry>> + Send + '_>>;
}

/// Something that passed on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// When, since the trace began.
    pub at: Duration,
    /// What.
    pub what: TraceWhat,
}

/// What passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceWhat {
    /// Bytes; of a long run, the first ones.
    Bytes {
        /// Which way.
        way: TraceWay,
        /// The first of them.
        first: Box<[u8]>,
        /// How many more there were.
        more: usize,
    },
    /// Something that must not be shown.
    Hidden(TraceWay),
    /// A signal or a change of state.
    Note(Box<str>),
    /// So many entries were left out here.
    Lost(u64),
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraceWay {
    /// To the equipment.
    Out,
    /// From the equipment.
    In,
}
