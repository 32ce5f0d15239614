//! The environment of a program, built from nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::SystemTime;

use tty::User;

use crate::account::{Account, Plan};
use crate::calendar::Moment;
use crate::call::CallId;
use crate::origin::Origin;
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

/// The variables of a login, those that mgetty gives to its programs, and the account's own.
///
/// Of what a caller sends only the terminal type gets here, and only if it is one.
pub(crate) fn environment(
    account: &Account,
    plan: &Plan,
    user: &User,
    facts: &Facts<'_>,
) -> Vec<(OsString, OsString)> {
    let origin = facts.origin;
    let told =
        facts.terminal.map(str::to_ascii_lowercase).filter(|t| terminal::is_terminal_type(t));
    let (date, time) = date_and_time(facts.at);
    let usual = [
        ("HOME", user.home.clone().into()),
        ("USER", user.name.clone().into()),
        ("LOGNAME", user.name.clone().into()),
        ("SHELL", user.shell.clone().into()),
        ("PATH", PATH.into()),
        ("TERM", told.unwrap_or_else(|| plan.terminal.clone()).into()),
        ("CALLER_ID", or_none(&origin.caller_id).into()),
        ("CALLER_NAME", origin.caller_name.as_deref().unwrap_or_default().into()),
        ("CALLED_ID", (*origin.called_id).into()),
        ("CALL_DATE", date.into()),
        ("CALL_TIME", time.into()),
        ("CONNECT", origin.connect.as_deref().unwrap_or(facts.connect).into()),
        ("DEVICE", (*origin.device).into()),
        ("TRUNKLINE_ACCOUNT", account.name.clone().into()),
        ("TRUNKLINE_CALL", facts.call.to_string().into()),
    ];
    let own = |name: &str| plan.environment.iter().any(|(own, _)| own == name);
    let mut variables: Vec<(OsString, OsString)> =
        Vec::with_capacity(usual.len() + plan.environment.len());
    variables.extend(
        usual.into_iter().filter(|(name, _)| !own(name)).map(|(name, value)| (name.into(), value)),
    );
    // No variable can have a zero byte, and a command with one means no harm that is left out.
    let command = facts.command.filter(|command| !command.contains(&0));
    if let Some(command) = command.filter(|_| !own("SSH_ORIGINAL_COMMAND")) {
        let command = OsStr::from_bytes(command).to_owned();
        variables.push(("SSH_ORIGINAL_COMMAND".into(), command));
    }
    variables.extend(plan.environment.iter().map(|(name, value)| (name.into(), value.into())));
    variables
}

/// mgetty's word for a caller who doesn't say who he is.
fn or_none(caller_id: &str) -> &str {
    if caller_id.is_empty() { "none" } else { caller_id }
}

/// `MMDD` and `HHMM`, as a telephone's caller ID gives them; in UTC.
fn date_and_time(at: SystemTime) -> (String, String) {
    let Moment { month, day, hour, minute, .. } = at.into();
    (format!("{month:02}{day:02}"), format!("{hour:02}{minute:02}"))
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
