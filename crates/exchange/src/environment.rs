//! The environment of a program, built from nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::SystemTime;

use clock::Civil;
use tty::User;

use crate::call::CallId;
use crate::origin::Origin;
use crate::recipe::Recipe;
use crate::terminal;

/// Where programs find programs, when the account doesn't say.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What is known of a call when its program starts.
pub(crate) struct Facts<'a> {
    pub(crate) call: CallId,
    pub(crate) origin: &'a Origin,
    /// `TELNET`, or what the call travels on.
    pub(crate) connect: &'a str,
    /// The terminal type that the caller told.
    pub(crate) terminal: Option<&'a str>,
    /// The command that he wanted, if the program is to know.
    pub(crate) command: Option<&'a [u8]>,
    pub(crate) at: SystemTime,
}

/// A variable that differs from call to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Terminal,
    CallerId,
    CallerName,
    CalledId,
    Date,
    Time,
    Connect,
    Device,
    Call,
    Command,
}

/// Variables of one call, each at most once and fit for a program.
pub(crate) type OfCall = Vec<(Variable, OsString)>;

impl Variable {
    /// All of them; a place in this list is a variable's number to the launcher.
    pub(crate) const ALL: [Self; 10] = [
        Self::Terminal,
        Self::CallerId,
        Self::CallerName,
        Self::CalledId,
        Self::Date,
        Self::Time,
        Self::Connect,
        Self::Device,
        Self::Call,
        Self::Command,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Terminal => "TERM",
            Self::CallerId => "CALLER_ID",
            Self::CallerName => "CALLER_NAME",
            Self::CalledId => "CALLED_ID",
            Self::Date => "CALL_DATE",
            Self::Time => "CALL_TIME",
            Self::Connect => "CONNECT",
            Self::Device => "DEVICE",
            Self::Call => "TRUNKLINE_CALL",
            Self::Command => "SSH_ORIGINAL_COMMAND",
        }
    }

    /// Whether a program may be given this value.
    pub(crate) fn allows(self, value: &OsStr) -> bool {
        let bytes = value.as_bytes();
        match self {
            Self::Terminal => value.to_str().is_some_and(terminal::is_terminal_type),
            // A caller's own words, which are promised as they are. No variable can have a zero byte.
            Self::Command => !bytes.contains(&0),
            _ => !bytes.iter().any(u8::is_ascii_control),
        }
    }
}

impl Facts<'_> {
    /// The variables that mgetty gives to its programs, and ours.
    ///
    /// Of what a caller sends only the terminal type gets here, and only if it is one.
    pub(crate) fn told(&self) -> OfCall {
        let origin = self.origin;
        let (date, time) = date_and_time(self.at);
        let told = [
            (Variable::Terminal, self.terminal.map(|it| it.to_ascii_lowercase().into())),
            (Variable::CallerId, Some(or_none(&origin.host()).into())),
            (Variable::CallerName, Some(origin.caller_name().unwrap_or_default().into())),
            (Variable::CalledId, Some(origin.called_id().into())),
            (Variable::Date, Some(date.into())),
            (Variable::Time, Some(time.into())),
            (Variable::Connect, Some(origin.connect().unwrap_or(self.connect).into())),
            (Variable::Device, Some(origin.device().into())),
            (Variable::Call, Some(self.call.to_string().into())),
            // A command with a zero byte means no harm that is left out.
            (Variable::Command, self.command.map(|it| OsStr::from_bytes(it).to_owned())),
        ];
        let told = told.into_iter().filter_map(|(variable, value)| Some((variable, value?)));
        told.filter(|(variable, value): &(Variable, OsString)| variable.allows(value)).collect()
    }
}

/// The variables of a login, of its call, and the account's own.
pub(crate) fn environment(
    account: &str,
    recipe: &Recipe,
    user: &User,
    told: OfCall,
) -> Vec<(OsString, OsString)> {
    let terminal = told.iter().any(|(variable, _)| *variable == Variable::Terminal);
    let usual: [(&str, OsString); 6] = [
        ("HOME", user.home.clone().into()),
        ("USER", user.name.clone().into()),
        ("LOGNAME", user.name.clone().into()),
        ("SHELL", user.shell.clone().into()),
        ("PATH", PATH.into()),
        ("TRUNKLINE_ACCOUNT", account.into()),
    ];
    let default = (!terminal).then(|| ("TERM", recipe.terminal.clone().into()));
    let told = told.into_iter().map(|(variable, value)| (variable.name(), value));
    let own = |name: &str| recipe.environment.iter().any(|(own, _)| own == name);
    let mut variables: Vec<(OsString, OsString)> =
        Vec::with_capacity(usual.len() + Variable::ALL.len() + recipe.environment.len());
    variables.extend(
        (usual.into_iter().chain(default).chain(told))
            .filter(|(name, _)| !own(name))
            .map(|(name, value)| (name.into(), value)),
    );
    variables.extend(recipe.environment.iter().map(|(name, value)| (name.into(), value.into())));
    variables
}

/// mgetty's word for a caller who doesn't say who he is.
fn or_none(caller_id: &str) -> &str {
    if caller_id.is_empty() { "none" } else { caller_id }
}

/// `MMDD` and `HHMM`, as a telephone's caller ID gives them; in UTC.
fn date_and_time(at: SystemTime) -> (String, String) {
    let at = Civil::from(at);
    let (date, [hour, minute, ..]) = (at.date(), at.time());
    (format!("{:02}{:02}", date.month(), date.day()), format!("{hour:02}{minute:02}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |secs| date_and_time(SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
        assert_eq!(at(0), ("0101".into(), "0000".into()));
        assert_eq!(at(951_782_400), ("0229".into(), "0000".into()));
        assert_eq!(at(951_868_799), ("0229".into(), "2359".into()));
        assert_eq!(at(951_868_800), ("0301".into(), "0000".into()));
        assert_eq!(at(1_795_353_060), ("1122".into(), "1311".into()));
        assert_eq!(at(4_107_542_399), ("0228".into(), "2359".into()));
        assert_eq!(at(4_107_542_400), ("0301".into(), "0000".into()));
    }
}
