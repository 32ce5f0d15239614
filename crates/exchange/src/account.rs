//! Accounts: who may call, and what he gets.

mod fault;
mod key;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use fault::{AccountError, AccountFault};
pub use key::{Fingerprint, NoFingerprint, NoSshKey, SshKey};

use crate::config::{
    AccountConfig, BuiltIn, CallbackConfig, KeptIn, On, OnBreak, OnSecond, Parity, PasswordConfig,
    Sources,
};
use crate::limits;
use crate::machine::Pepper;
use crate::pump::EchoRules;
use crate::recipe::Recipe;
use crate::verifier::{Cost, Decoy, Verifier};

/// The accounts of an exchange, checked and with their passwords at hand. Replaced as a whole.
#[derive(Debug)]
pub struct Accounts {
    by_name: HashMap<String, Arc<Account>>,
    by_certificate: HashMap<Fingerprint, Arc<Account>>,
    pub(crate) decoy: Arc<Decoy>,
}

impl Accounts {
    /// Checks `[[account]]` tables and fetches their passwords; relative paths of secret files
    /// start at `base`, the directory of the configuration file.
    pub fn new(tables: &[AccountConfig], base: &Path) -> Result<Self, AccountError> {
        Self::with_pepper(tables, base, None)
    }

    /// The same, with the key that machines' secrets are verified with.
    pub fn with_pepper(
        tables: &[AccountConfig],
        base: &Path,
        pepper: Option<&Arc<Pepper>>,
    ) -> Result<Self, AccountError> {
        let mut by_name = HashMap::with_capacity(tables.len());
        let mut by_certificate = HashMap::new();
        for table in tables {
            let wrong = |fault| AccountError { account: table.name.clone(), fault };
            let account = Arc::new(Account::new(table, base, pepper).map_err(wrong)?);
            for fingerprint in &table.certificates {
                if by_certificate.insert(*fingerprint, Arc::clone(&account)).is_some() {
                    let fingerprint = fingerprint.to_string();
                    return Err(wrong(AccountFault::CertificateTwice { fingerprint }));
                }
            }
            if by_name.insert(table.name.clone(), account).is_some() {
                return Err(wrong(AccountFault::Twice));
            }
        }
        let decoy =
            Arc::new(Decoy::new(usual_cost(by_name.values().map(|account| &*account.verifier))));
        Ok(Self { by_name, by_certificate, decoy })
    }

    /// No accounts: nobody gets in.
    pub fn none() -> Self {
        Self {
            by_name: HashMap::new(),
            by_certificate: HashMap::new(),
            decoy: Arc::new(Decoy::new(Cost::default())),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The name of the account that a TLS client certificate opens.
    pub fn by_certificate(&self, fingerprint: &Fingerprint) -> Option<&str> {
        self.by_certificate.get(fingerprint).map(|account| account.name.as_str())
    }

    /// The keys that open an account over SSH; none for an account that isn't there.
    pub fn find_for_ssh(&self, name: &str) -> &[SshKey] {
        self.find(name).map_or(&[], |account| &account.ssh_keys)
    }

    pub(crate) fn find_by_certificate(&self, fingerprint: &Fingerprint) -> Option<&Arc<Account>> {
        self.by_certificate.get(fingerprint)
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
    pub(crate) kept_in: KeptIn,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) service: Service,
    pub(crate) calls: Option<NonZeroU32>,
    pub(crate) on_second: OnSecond,
    pub(crate) sources: Option<Sources>,
    pub(crate) callback: Option<CallbackConfig>,
    pub(crate) ssh_keys: Vec<SshKey>,
}

/// What a caller gets after the login.
#[derive(Debug)]
pub(crate) enum Service {
    Program(Box<Plan>),
    /// What he sends, back.
    Echo(EchoRules),
    /// Whoever collects from sites attends to him.
    Collector(EchoRules),
    /// The reason, and the end.
    Deny(String),
}

/// How a program is run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) on: On,
    pub(crate) on_break: OnBreak,
    pub(crate) idle: Option<Duration>,
    pub(crate) after_end: Duration,
    pub(crate) longest: Option<Duration>,
    pub(crate) parity: Parity,
}

impl Account {
    fn new(
        table: &AccountConfig,
        base: &Path,
        pepper: Option<&Arc<Pepper>>,
    ) -> Result<Self, AccountFault> {
        check_name(&table.name)?;
        let program = (!table.program.is_empty()).then_some(&table.program);
        let service = match (&table.deny, program, table.service) {
            (Some(reason), None, None) => Service::Deny(reason.clone()),
            (None, Some(_), None) => Service::Program(Box::new(Plan::new(table)?)),
            (None, None, Some(built_in)) => {
                let rules = EchoRules {
                    idle: table.idle.map(|span| span.0),
                    longest: table.longest.map(|span| span.0),
                };
                match built_in {
                    BuiltIn::Echo => Service::Echo(rules),
                    BuiltIn::Collector => Service::Collector(rules),
                }
            }
            (None, None, None) => return Err(AccountFault::NoProgram),
            _ => return Err(AccountFault::SeveralServices),
        };
        if table.callback.as_ref().is_some_and(|callback| callback.call.trim().is_empty()) {
            return Err(AccountFault::Callback);
        }
        Ok(Self {
            name: table.name.clone(),
            kept_in: table.kept_in,
            verifier: Arc::new(verifier(table, base, pepper)?),
            service,
            calls: match table.service {
                // A site has one line; what is left of an earlier call of its is a ghost.
                Some(BuiltIn::Collector) => Some(NonZeroU32::MIN),
                _ => table.calls,
            },
            on_second: table.on_second,
            sources: table.sources.clone(),
            callback: table.callback.clone(),
            ssh_keys: table.ssh_keys.clone(),
        })
    }
}

fn verifier(
    table: &AccountConfig,
    base: &Path,
    pepper: Option<&Arc<Pepper>>,
) -> Result<Verifier, AccountFault> {
    match &table.password {
        Some(PasswordConfig::Locked) => Ok(Verifier::Locked),
        Some(PasswordConfig::Kept(password)) => {
            let secret = password.resolve(base).map_err(AccountFault::Secret)?;
            Verifier::new(secret, pepper).map_err(AccountFault::Password)
        }
        None if table.ssh_keys.is_empty() && table.certificates.is_empty() => {
            Err(AccountFault::NoWayIn)
        }
        None => Ok(Verifier::Locked),
    }
}

impl Plan {
    fn new(table: &AccountConfig) -> Result<Self, AccountFault> {
        Ok(Self {
            recipe: Recipe::new(table)?,
            on: table.on,
            on_break: table.on_break.unwrap_or(match table.on {
                On::Pty => OnBreak::Interrupt,
                On::Pipe => OnBreak::Ignore,
            }),
            idle: table.idle.map(|span| span.0),
            after_end: table.after_end.0,
            longest: table.longest.map(|span| span.0),
            parity: table.parity,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier::cheap_hash;

    fn account(rest: &str) -> Result<Accounts, AccountFault> {
        let hash = cheap_hash("secret");
        let table = toml::from_str(&format!("password = \"{hash}\"\n{rest}")).expect("a table");
        Accounts::new(&[table], Path::new("/")).map_err(|error| error.fault)
    }

    #[test]
    fn an_account_needs_something_to_give() {
        assert!(matches!(account("name = 'a'"), Err(AccountFault::NoProgram)));
        let both = account("name = 'a'\ndeny = 'no'\nprogram = ['/bin/cat']");
        assert!(matches!(both, Err(AccountFault::SeveralServices)));
        let echo = account("name = 'a'\nservice = 'echo'\nprogram = ['/bin/cat']");
        assert!(matches!(echo, Err(AccountFault::SeveralServices)));
        assert!(account("name = 'a'\nservice = 'echo'").is_ok());
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
            Verifier::new(Arc::new(settings::Secret::new(text.as_bytes().to_vec())), None)
                .expect("one")
        };
        let (cheap, costly, plain) =
            (verifier(&cheap_hash("x")), verifier(costly), verifier("plain"));
        let usual = usual_cost([&cheap, &cheap, &costly, &plain].into_iter());
        assert_eq!(Some(usual), cheap.cost());
        assert_eq!(usual_cost([&plain].into_iter()), Cost::default());
    }

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    fn with_keys(rest: &str) -> Result<Accounts, AccountFault> {
        let table = toml::from_str(&format!("deny = ''\n{rest}")).expect("a table");
        Accounts::new(&[table], Path::new("/")).map_err(|error| error.fault)
    }

    #[test]
    fn an_account_without_a_password_needs_another_way_in_or_says_that_it_is_locked() {
        assert!(matches!(with_keys("name = 'a'"), Err(AccountFault::NoWayIn)));
        assert!(with_keys("name = 'a'\npassword = 'locked'").is_ok());
        let accounts =
            with_keys(&format!("name = 'a'\nssh-keys = ['{KEY} me@here']")).expect("one");
        assert_eq!(accounts.find_for_ssh("a").len(), 1);
        assert!(accounts.find_for_ssh("b").is_empty());
    }

    #[test]
    fn a_certificate_opens_one_account() {
        let fingerprint = "ab".repeat(32);
        let account = format!("name = 'a'\ncertificates = ['sha256:{fingerprint}']");
        let accounts = with_keys(&account).expect("one");
        assert_eq!(accounts.by_certificate(&Fingerprint::of_digest([0xAB; 32])), Some("a"));
        assert_eq!(accounts.by_certificate(&Fingerprint::of_digest([0xAC; 32])), None);
        let twice =
            format!("name = 'a'\ncertificates = ['sha256:{fingerprint}', 'sha256:{fingerprint}']");
        assert!(matches!(with_keys(&twice), Err(AccountFault::CertificateTwice { .. })));
    }
}
