//! Accounts: who may call, and what he gets.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::config::{AccountConfig, On, OnBreak, OnSecond};
use crate::limits;
use crate::password::{Cost, Decoy, PasswordError, Verifier};
use crate::terminal;
use settings::SecretError;

/// The accounts of an exchange, checked and with their passwords at hand. Replaced as a whole.
#[derive(Debug)]
pub struct Accounts {
    by_name: HashMap<String, Arc<Account>>,
    pub(crate) decoy: Arc<Decoy>,
}

impl Accounts {
    /// Checks `[[account]]` tables and fetches their passwords; relative paths of secret files
    /// start at `base`, the directory of the configuration file.
    pub fn new(tables: &[AccountConfig], base: &Path) -> Result<Self, AccountError> {
        let mut by_name = HashMap::with_capacity(tables.len());
        for table in tables {
            let wrong = |fault| AccountError { account: table.name.clone(), fault };
            let account = Account::new(table, base).map_err(wrong)?;
            if by_name.insert(table.name.clone(), Arc::new(account)).is_some() {
                return Err(wrong(AccountFault::Twice));
            }
        }
        let decoy =
            Arc::new(Decoy::new(usual_cost(by_name.values().map(|account| &*account.verifier))));
        Ok(Self { by_name, decoy })
    }

    /// No accounts: nobody gets in.
    pub fn none() -> Self {
        Self { by_name: HashMap::new(), decoy: Arc::new(Decoy::new(Cost::default())) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_name.get(name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Account> {
        self.by_name.values().map(|account| &**account)
    }
}

/// The cost of most accounts' hashes, so that the time of an answer tells nothing about a name.
fn usual_cost<'a>(verifiers: impl Iterator<Item = &'a Verifier>) -> Cost {
    let mut counts: HashMap<Cost, usize> = HashMap::new();
    for cost in verifiers.filter_map(Verifier::cost) {
        *counts.entry(cost).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|&(cost, count)| (count, cost))
        .map_or(Cost::default(), |(cost, _)| cost)
}

/// One account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) service: Service,
    pub(crate) calls: Option<NonZeroU32>,
    pub(crate) on_second: OnSecond,
}

/// What a caller gets after the login.
#[derive(Debug)]
pub(crate) enum Service {
    Program(Plan),
    /// The reason, and the end.
    Deny(String),
}

/// How a program is run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) argv: Vec<String>,
    pub(crate) on: On,
    pub(crate) user: Option<String>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) terminal: String,
    pub(crate) on_break: OnBreak,
    pub(crate) idle: Option<Duration>,
    pub(crate) after_end: Duration,
    pub(crate) longest: Option<Duration>,
}

impl Account {
    fn new(table: &AccountConfig, base: &Path) -> Result<Self, AccountFault> {
        check_name(&table.name)?;
        let service = match (&table.deny, table.program.is_empty()) {
            (Some(reason), true) => Service::Deny(reason.clone()),
            (None, false) => Service::Program(Plan::new(table)?),
            (Some(_), false) => return Err(AccountFault::ProgramAndDeny),
            (None, true) => return Err(AccountFault::NoProgram),
        };
        let secret = table.password.resolve(base).map_err(AccountFault::Secret)?;
        Ok(Self {
            name: table.name.clone(),
            verifier: Arc::new(Verifier::new(secret).map_err(AccountFault::Password)?),
            service,
            calls: table.calls,
            on_second: table.on_second,
        })
    }
}

impl Plan {
    fn new(table: &AccountConfig) -> Result<Self, AccountFault> {
        let program = table.program.first().ok_or(AccountFault::NoProgram)?;
        // A relative path would be looked for in whatever directory the exchange was started from.
        if !program.starts_with('/') {
            return Err(AccountFault::RelativeProgram { program: program.clone() });
        }
        if table.program.iter().any(|argument| argument.contains('\0')) {
            return Err(AccountFault::NulInProgram);
        }
        for (name, value) in &table.environment {
            check_variable(name, value)?;
        }
        if !terminal::is_terminal_type(&table.terminal) {
            return Err(AccountFault::Terminal { terminal: table.terminal.clone() });
        }
        Ok(Self {
            argv: table.program.clone(),
            on: table.on,
            user: table.user.clone(),
            directory: table.directory.clone(),
            environment: table.environment.clone().into_iter().collect(),
            terminal: table.terminal.clone(),
            on_break: table.on_break.unwrap_or(match table.on {
                On::Pty => OnBreak::Interrupt,
                On::Pipe => OnBreak::Ignore,
            }),
            idle: table.idle.map(|span| span.0),
            after_end: table.after_end.0,
            longest: table.longest.map(|span| span.0),
        })
    }
}

/// A name in a table may have any character that `name-characters` could allow; what the login
/// takes from a caller is narrower.
fn check_name(name: &str) -> Result<(), AccountFault> {
    let printable = name.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || name.len() > limits::NAME || name.starts_with('-') || !printable {
        return Err(AccountFault::Name);
    }
    Ok(())
}

fn check_variable(name: &str, value: &str) -> Result<(), AccountFault> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if first && rest && !value.contains('\0') {
        Ok(())
    } else {
        Err(AccountFault::Variable { name: name.to_owned() })
    }
}

/// An account that can't be.
#[derive(Debug, Error)]
#[error("account `{account}`")]
pub struct AccountError {
    /// Its name.
    pub account: String,
    /// What is wrong with it.
    #[source]
    pub fault: AccountFault,
}

/// What is wrong with an account.
#[derive(Debug, Error)]
pub enum AccountFault {
    /// The name can't be typed at a login.
    #[error(
        "a name has 1 to {} printable ASCII characters, no blanks, and no `-` at its start",
        limits::NAME
    )]
    Name,
    /// The login takes no such name from a caller.
    #[error(
        "a caller can't give this name: it has characters that `name-characters` doesn't allow"
    )]
    NotTyped,
    /// The name is used twice.
    #[error("there is another account of this name")]
    Twice,
    /// Nothing to give to a caller.
    #[error("expected a `program`, or `deny` with a reason")]
    NoProgram,
    /// Two answers to one question.
    #[error("`program` and `deny` exclude each other")]
    ProgramAndDeny,
    /// The program would be looked for in an arbitrary place.
    #[error("`{program}` is not an absolute path")]
    RelativeProgram {
        /// As it was written.
        program: String,
    },
    /// No program can be given such an argument.
    #[error("an argument of `program` contains a zero byte")]
    NulInProgram,
    /// The environment variable can't be set.
    #[error(
        "`{name}` in `environment`: a variable has letters, digits and `_`, and no zero byte in its value"
    )]
    Variable {
        /// Its name.
        name: String,
    },
    /// Not a terminal type.
    #[error(
        "`{terminal}` is no terminal type: expected letters, digits and `._+-`, at most {}",
        limits::TERMINAL
    )]
    Terminal {
        /// As it was written.
        terminal: String,
    },
    /// The password can't be fetched.
    #[error("its password")]
    Secret(#[source] SecretError),
    /// The password can't be used.
    #[error("its password")]
    Password(#[source] PasswordError),
    /// The exchange may not become the account's user.
    #[error("user `{user}`: only a process of root can run programs as another user")]
    OtherUser {
        /// The account's user.
        user: String,
    },
    /// The user can't be looked up.
    #[error("its user")]
    User(#[source] tty::UserError),
    /// The program would run as root.
    #[error("its program would run as root; name a `user`, or set `root-programs = \"allow\"`")]
    Root,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::cheap_hash;

    fn account(rest: &str) -> Result<Accounts, AccountFault> {
        let hash = cheap_hash("secret");
        let table = toml::from_str(&format!("password = \"{hash}\"\n{rest}")).expect("a table");
        Accounts::new(&[table], Path::new("/")).map_err(|error| error.fault)
    }

    #[test]
    fn an_account_needs_something_to_give() {
        assert!(matches!(account("name = 'a'"), Err(AccountFault::NoProgram)));
        let both = account("name = 'a'\ndeny = 'no'\nprogram = ['/bin/cat']");
        assert!(matches!(both, Err(AccountFault::ProgramAndDeny)));
        assert!(account("name = 'a'\ndeny = 'no'").is_ok());
    }

    #[test]
    fn a_name_that_no_login_would_take_is_refused() {
        for name in ["", "-f", "a b", "caf\u{e9}", "a\\u0000"] {
            let found = account(&format!("name = \"{name}\"\ndeny = ''"));
            assert!(matches!(found, Err(AccountFault::Name)), "{name}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        let program = |rest: &str| account(&format!("name = 'a'\n{rest}"));
        let relative = program("program = ['cat']");
        assert!(matches!(relative, Err(AccountFault::RelativeProgram { .. })));
        let nul = program("program = ['/bin/cat', \"a\\u0000\"]");
        assert!(matches!(nul, Err(AccountFault::NulInProgram)));
        let variable = program("program = ['/bin/cat']\nenvironment = { 'A=B' = '1' }");
        assert!(matches!(variable, Err(AccountFault::Variable { .. })));
        let terminal = program("program = ['/bin/cat']\nterminal = '../x'");
        assert!(matches!(terminal, Err(AccountFault::Terminal { .. })));
    }

    #[test]
    fn two_accounts_of_one_name_are_a_mistake() {
        let table: AccountConfig =
            toml::from_str(&format!("name = 'a'\ndeny = ''\npassword = '{}'", cheap_hash("x")))
                .expect("a table");
        let error = Accounts::new(&[table.clone(), table], Path::new("/")).unwrap_err();
        assert!(matches!(error.fault, AccountFault::Twice));
    }

    #[test]
    fn strangers_cost_what_most_accounts_cost() {
        let costly = "$argon2id$v=19$m=16,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let verifier = |text: &str| {
            Verifier::new(Arc::new(settings::Secret::new(text.as_bytes().to_vec()))).expect("one")
        };
        let (cheap, costly, plain) =
            (verifier(&cheap_hash("x")), verifier(costly), verifier("plain"));
        let usual = usual_cost([&cheap, &cheap, &costly, &plain].into_iter());
        assert_eq!(Some(usual), cheap.cost());
        assert_eq!(usual_cost([&plain].into_iter()), Cost::default());
    }
}
