//! What a configuration file says of an account: `[[account]]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use carrier::{AccessList, Rule};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use settings::{OneOrMany, Parsed, SecretRef, Span, TextOrTable};

use super::{Parity, ProcessConfig};
use crate::account::{Fingerprint, SshKey};

/// One `[[account]]` table. Exactly one of `program`, `service` and `deny` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccountConfig {
    /// The login name; unique.
    pub name: String,
    /// Where the password is kept, or `locked`: nobody gets in with a password. Default: `locked`
    /// for an account with `ssh-keys` or `certificates`; any other needs a password.
    #[serde(default)]
    pub password: Option<PasswordConfig>,
    /// Public keys that open the account over SSH, as `~/.ssh/authorized_keys` has them.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// Fingerprints of TLS client certificates that open the account without a password:
    /// `sha256:` and 64 hexadecimal digits.
    #[serde(default)]
    pub certificates: Vec<Fingerprint>,
    /// Where calls to this account may come from: addresses, networks such as `10.0.0.0/8`, `unix`
    /// for UNIX sockets, and `line` for lines and modems. From elsewhere even the right password is
    /// wrong. Default: from everywhere.
    #[serde(default)]
    pub sources: Option<Sources>,
    /// The caller is hung up on and called back: an address such as `telnet://rtu.example:23`, or a
    /// number of the phonebook.
    #[serde(default)]
    pub callback: Option<CallbackConfig>,
    /// The program that the caller gets, with its arguments; the first is an absolute path. Nothing
    /// that a caller sends is ever added to it.
    #[serde(default)]
    pub program: Vec<String>,
    /// In place of a program, something that the exchange does itself.
    #[serde(default)]
    pub service: Option<BuiltIn>,
    /// What the program's standard input and output are: `pty` (default) or `pipe`.
    #[serde(default)]
    pub on: On,
    /// The system user that the program runs as. Default: the exchange's own user.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the program starts. Default: the home directory of `user`, or `/`.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Variables for the program besides the usual ones, which they may replace. Default: none.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// `TERM` for the program when the caller tells no terminal type. Default `dumb`.
    #[serde(default = "dumb")]
    pub terminal: String,
    /// What a break from the caller does: `interrupt` (default on a pty), `nul` (a zero byte, as a
    /// serial port delivers it) or `ignore` (default on a pipe).
    #[serde(default, rename = "break")]
    pub on_break: Option<OnBreak>,
    /// How long a call may pass without a byte either way. Default: for ever.
    #[serde(default)]
    pub idle: Option<Span>,
    /// How long a program may neither take nor say anything once its caller has finished sending,
    /// which is all that is seen of a caller who has gone. A program on a terminal is hung up as
    /// soon as it has taken everything. Default `60s`.
    #[serde(default = "a_minute")]
    pub after_end: Span,
    /// How long a call may last. Default: for ever.
    #[serde(default)]
    pub longest: Option<Span>,
    /// Calls of this account at once. Default: any number.
    #[serde(default)]
    pub calls: Option<NonZeroU32>,
    /// What a call beyond `calls` does: `replace` (default) ends the oldest one, which is most
    /// often a ghost of a broken connection; `refuse` is refused itself.
    #[serde(default)]
    pub on_second: OnSecond,
    /// What becomes of the eighth bit after the login: `keep` (default), `strip`, or `7E1`, `7O1`,
    /// `7M1`, `7S1`, which also put that parity on what the caller gets.
    #[serde(default)]
    pub parity: Parity,
    /// What the program may use up: `[account.process]`.
    #[serde(default)]
    pub process: ProcessConfig,
    /// Whether set-user-id files can raise the program: `never-gained` (default; `su` and `sudo`
    /// don't work) or `usual`.
    #[serde(default)]
    pub privileges: Privileges,
    /// What the program is called in its own arguments, where that isn't its path: a leading `-`
    /// makes a shell a login shell.
    #[serde(default)]
    pub argv0: Option<String>,
    /// The account has no program: the caller is told this text and the call ends.
    #[serde(default)]
    pub deny: Option<String>,
    /// Where the table was found. No key of it.
    #[serde(skip)]
    pub kept_in: KeptIn,
}

/// Where an account is kept, and so who could have written it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptIn {
    /// A file of the configuration: its owner.
    #[default]
    File,
    /// The store: whoever has the rights of the process that callers talk to.
    Store,
}

/// What a program's standard input and output are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// A terminal: what a login shell or a program for people expects.
    #[default]
    Pty,
    /// Pipes: every byte passes unchanged, and the caller's end of sending is the program's end of
    /// file.
    Pipe,
}

/// What a break from the caller does to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnBreak {
    /// SIGINT to the job in the terminal's foreground, or to a program on a pipe.
    Interrupt,
    /// A zero byte in its input.
    Nul,
    /// Nothing.
    Ignore,
}

/// What the exchange does for a caller without starting a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Sends back what the caller sends: the test number, by which a new site's path is tried.
    Echo,
    /// The call is a site's: its devices are asked over it.
    Collector,
}

/// What a call beyond the account's number does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSecond {
    /// The account's oldest call is ended.
    #[default]
    Replace,
    /// The new call is refused.
    Refuse,
}

/// Where an account's password is kept, if it has one.
#[derive(Clone, Debug)]
pub enum PasswordConfig {
    /// There is none: nobody gets in with a password.
    Locked,
    /// There.
    Kept(SecretRef),
}

impl<'de> Deserialize<'de> for PasswordConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "locked" => Ok(Self::Locked),
            _ => text.parse().map(Self::Kept).map_err(D::Error::custom),
        }
    }
}

/// Whether set-user-id files can raise a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Privileges {
    /// Never: what the program is not at its start it can't become.
    #[default]
    NeverGained,
    /// As the system does it.
    Usual,
}

/// Where calls to an account may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    networks: AccessList,
    lines: Lines,
    modems: Lines,
}

/// Whether calls without an address may come: from lines, or from modems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    Allowed,
    Not,
}

/// Where a call comes from, as far as [`Sources`] look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Net(IpAddr),
    Unix,
    Line,
    Modem,
}

impl Sources {
    /// Whether a call from `place` may be one of this account.
    pub(crate) fn allow(&self, place: Place) -> bool {
        match place {
            Place::Net(ip) => self.networks.check(SocketAddr::new(ip, 0)).is_ok(),
            Place::Unix => self.networks.check_unix().is_ok(),
            Place::Line => self.lines == Lines::Allowed,
            Place::Modem => self.modems == Lines::Allowed,
        }
    }
}

impl Sources {
    /// This machine by the network.
    pub(crate) fn loopback() -> Self {
        let networks = "default deny\nallow 127.0.0.0/8\nallow ::1".parse();
        // The text is ours, so it is a list.
        Self { networks: networks.unwrap_or_default(), lines: Lines::Not, modems: Lines::Not }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = OneOrMany::<Parsed<Source>>::deserialize(deserializer)?;
        let mut rules = "default deny\n".to_owned();
        let (mut lines, mut modems) = (Lines::Not, Lines::Not);
        for Parsed(entry) in entries.0 {
            match entry {
                Source::Line => lines = Lines::Allowed,
                Source::Modem => modems = Lines::Allowed,
                Source::Network(network) => rules.push_str(&format!("allow {network}\n")),
            }
        }
        Ok(Self { networks: rules.parse().map_err(D::Error::custom)?, lines, modems })
    }
}

/// One of the sources, read by itself: a mistake is then known to be in this one.
enum Source {
    Line,
    Modem,
    Network(String),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entry = text.trim();
        let one = !entry.is_empty() && !entry.contains([' ', ',', '\n', '#', '\t']);
        match entry {
            "line" => Ok(Self::Line),
            "modem" => Ok(Self::Modem),
            _ if one && is_network(entry) => Ok(Self::Network(entry.to_owned())),
            _ => Err(format!(
                "`{entry}` is no source; expected an address, a network such as 10.0.0.0/8 or \
                 [2001:db8::]/32, `unix`, `line` or `modem`"
            )),
        }
    }
}

/// Whether an entry names a network alone: a caller's port says nothing about him.
fn is_network(entry: &str) -> bool {
    let rule = format!("allow {entry}").parse::<Rule>();
    rule.is_ok_and(|rule| rule.to_string().rsplit('/').next().is_some_and(|end| !end.contains(':')))
}

/// Whom to call back, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackConfig {
    /// An address, or a number or name of the phonebook.
    pub call: String,
    /// How long to wait after the hang-up, so that the caller's modem is ready to answer.
    pub delay: Span,
    /// How often to try, with a growing pause between.
    pub tries: NonZeroU32,
    /// Whether the one who answers must log in too.
    pub login: CallbackLogin,
}

/// Whether the one who answers a call back must log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackLogin {
    /// He logs in again, to this account and no other.
    #[default]
    Again,
    /// The program starts at once: who answers at that number is believed.
    Skip,
}

/// The long form of `callback`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CallbackTable {
    call: String,
    #[serde(default = "a_moment")]
    delay: Span,
    #[serde(default = "three")]
    tries: NonZeroU32,
    #[serde(default)]
    login: CallbackLogin,
}

impl<'de> Deserialize<'de> for CallbackConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match TextOrTable::<String, CallbackTable>::deserialize(deserializer)? {
            TextOrTable::Text(call) => {
                Self { call, delay: a_moment(), tries: three(), login: CallbackLogin::default() }
            }
            TextOrTable::Table(table) => {
                let CallbackTable { call, delay, tries, login } = table;
                Self { call, delay, tries, login }
            }
        })
    }
}

fn dumb() -> String {
    "dumb".into()
}

const fn a_minute() -> Span {
    Span::secs(60)
}

const fn a_moment() -> Span {
    Span::secs(5)
}

fn three() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(2)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_account_reads_as_its_owner_writes_it() {
        let account: AccountConfig = toml::from_str(
            r#"
            name = "site-0042"
            password = "file:secrets/site-0042"
            program = ["/usr/local/software"]
            on = "pipe"
            user = "rtu"
            break = "nul"
            idle = "30m"
            calls = 2
            environment = { SITE = "42" }
            "#,
        )
        .expect("read");
        assert!(
            matches!(account.password, Some(PasswordConfig::Kept(SecretRef::File(path))) if path == Path::new("secrets/site-0042"))
        );
        assert_eq!(account.on, On::Pipe);
        assert_eq!(account.on_break, Some(OnBreak::Nul));
        assert_eq!(account.idle, Some(Span::secs(1800)));
        assert_eq!(account.calls.map(NonZeroU32::get), Some(2));
        assert_eq!(account.terminal, "dumb");
    }

    #[test]
    fn a_mistake_is_reported_at_its_line_with_what_was_expected() {
        for (text, line, expected) in [
            ("name = \"a\"\npasword = \"env:X\"", "line 2", "`password`"),
            ("name = \"a\"\npassword = \"open sesame\"", "line 2", "file:PATH"),
            ("name = \"a\"\npassword = \"env:X\"\non = \"tty\"", "line 3", "`pty`"),
            ("name = \"a\"\npassword = \"env:X\"\nidle = 5", "line 3", "string"),
            ("name = \"a\"\npassword = \"env:X\"\ncalls = 0", "line 3", "nonzero"),
        ] {
            let error = toml::from_str::<AccountConfig>(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(expected), "{error}");
        }
    }

    fn sources(list: &str) -> Result<Sources, String> {
        #[derive(Deserialize)]
        struct Table {
            sources: Sources,
        }
        toml::from_str::<Table>(&format!("sources = {list}"))
            .map(|table| table.sources)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn sources_allow_what_they_name_and_nothing_else() {
        let net = |text: &str| Place::Net(text.parse().expect("an address"));
        let some = sources("['10.0.0.0/8', '2001:db8::/32']").expect("read");
        assert!(some.allow(net("10.1.2.3")) && some.allow(net("2001:db8::1")));
        assert!(!some.allow(net("192.0.2.1")) && !some.allow(Place::Unix));
        assert!(!some.allow(Place::Line));
        let local = sources("['unix', 'line']").expect("read");
        assert!(local.allow(Place::Unix) && local.allow(Place::Line));
        assert!(!local.allow(Place::Modem));
        assert!(!local.allow(net("127.0.0.1")));
        for wrong in [
            "['example.org']",
            "['10.0.0.0/8, deny any']",
            "['']",
            "['default allow']",
            "['10.0.0.0/8:23']",
        ] {
            assert!(sources(wrong).unwrap_err().contains("is no source"), "{wrong}");
        }
    }

    #[test]
    fn a_callback_is_written_short_or_long() {
        let read = |text: &str| -> CallbackConfig {
            #[derive(Deserialize)]
            struct Table {
                callback: CallbackConfig,
            }
            toml::from_str::<Table>(text).expect("read").callback
        };
        let short = read("callback = '2345678'");
        assert_eq!((short.call.as_str(), short.tries.get()), ("2345678", 3));
        let long = read("callback = { call = '1', login = 'skip', delay = '1s', tries = 1 }");
        assert_eq!((long.login, long.delay), (CallbackLogin::Skip, Span::secs(1)));
    }
}
