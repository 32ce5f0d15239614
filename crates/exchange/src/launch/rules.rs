//! What a launcher may start.

use std::collections::HashMap;

use tty::launcher::Launch;
use tty::{Grace, User, UserError};

use super::{Order, Who};
use crate::account::{AccountError, AccountFault};
use crate::config::{AccountConfig, ExchangeConfig, KeptIn, RootPrograms};
use crate::recipe::Recipe;

/// What a launcher may start, by the configuration alone.
#[derive(Clone, Debug)]
pub struct LaunchRules {
    accounts: HashMap<String, Recipe>,
    /// Whom the process becomes that asks.
    front: String,
    stored_users: Vec<String>,
    root_programs: RootPrograms,
    grace: Grace,
}

/// Why something isn't started.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Order(#[from] super::order::NoOrder),
    #[error("there is no program for an account `{0}` in the configuration")]
    Unknown(String),
    #[error("account `{0}` is one of the configuration, and its program is the one there")]
    InFile(String),
    #[error(transparent)]
    Fault(#[from] AccountFault),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(
        "account `{account}` is in the store, and `stored-users` of [exchange] doesn't name {user}"
    )]
    NotNamed { account: String, user: String },
    #[error("account `{0}` is in the store, and no program of the store's runs as root")]
    StoredRoot(String),
}

/// Whether the configuration has anything that the user whom the process becomes can't run himself.
pub fn needs_launcher(config: &ExchangeConfig, accounts: &[AccountConfig]) -> bool {
    let Some(front) = &config.user else { return false };
    let others = accounts.iter().filter(|account| !account.program.is_empty());
    let mut others = others.filter_map(|account| account.user.as_ref()).chain(&config.stored_users);
    others.any(|user| user != front)
}

impl LaunchRules {
    /// The rules of a configuration whose paths are whole.
    ///
    /// # Errors
    /// An account's program can't be.
    pub fn new(config: &ExchangeConfig, accounts: &[AccountConfig]) -> Result<Self, AccountError> {
        let programs = accounts
            .iter()
            .filter(|account| account.kept_in == KeptIn::File && !account.program.is_empty());
        let mut recipes = HashMap::new();
        for account in programs {
            let wrong = |fault| AccountError { account: account.name.clone(), fault };
            let recipe = Recipe::new(account).map_err(wrong)?;
            if recipes.insert(account.name.clone(), recipe).is_some() {
                return Err(wrong(AccountFault::Twice));
            }
        }
        Ok(Self {
            accounts: recipes,
            front: config.user.clone().unwrap_or_default(),
            stored_users: config.stored_users.clone(),
            root_programs: config.root_programs,
            grace: Grace { hup: config.hang_up.term_after.0, term: config.hang_up.kill_after.0 },
        })
    }

    /// Whom the process becomes that sends orders.
    pub fn front(&self) -> &str {
        &self.front
    }

    /// How programs are ended when that process has gone.
    pub fn grace(&self) -> Grace {
        self.grace
    }

    /// The program and the user that an order means.
    ///
    /// # Errors
    /// It may not be started; the text says why.
    pub fn launch(&self, order: &[u8]) -> Result<Launch, String> {
        self.judge(order).map_err(|refusal| crate::service::chain(&refusal))
    }

    fn judge(&self, order: &[u8]) -> Result<Launch, Refusal> {
        let Order { who, told } = Order::of(order)?;
        let (account, user, program) = match who {
            Who::Known { account } => {
                let recipe =
                    self.accounts.get(&account).ok_or_else(|| Refusal::Unknown(account.clone()))?;
                let user = self.known_user(recipe)?;
                let program = recipe.program(&account, &user, told);
                (account, user, program)
            }
            Who::Stored { account, recipe } => {
                if self.accounts.contains_key(&account) {
                    return Err(Refusal::InFile(account));
                }
                recipe.check()?;
                let user = self.stored_user(&account, &recipe)?;
                let program = recipe.program(&account, &user, told);
                (account, user, program)
            }
        };
        tracing::debug!(account, user = user.name, "program wanted");
        Ok(Launch { program, user })
    }

    fn known_user(&self, recipe: &Recipe) -> Result<User, Refusal> {
        let user = User::find(recipe.user.as_deref().unwrap_or(&self.front))?;
        if user.uid == 0 && self.root_programs == RootPrograms::Refuse {
            return Err(AccountFault::Root.into());
        }
        Ok(user)
    }

    fn stored_user(&self, account: &str, recipe: &Recipe) -> Result<User, Refusal> {
        let name = recipe.user.as_deref().unwrap_or(&self.front);
        if name != self.front && !self.stored_users.iter().any(|named| named == name) {
            return Err(Refusal::NotNamed { account: account.to_owned(), user: name.to_owned() });
        }
        let user = User::find(name)?;
        // By whatever name.
        if user.uid == 0 { Err(Refusal::StoredRoot(account.to_owned())) } else { Ok(user) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Variable;

    fn account(rest: &str) -> AccountConfig {
        toml::from_str(&format!("password = 'locked'\n{rest}")).expect("a table")
    }

    fn rules(config: &str, accounts: &[AccountConfig]) -> LaunchRules {
        let config = toml::from_str(&format!("user = 'nobody'\n{config}")).expect("a table");
        LaunchRules::new(&config, accounts).expect("rules")
    }

    fn known(account: &str) -> Vec<u8> {
        let told = vec![(Variable::CallerId, "5551234".into())];
        Order { who: Who::Known { account: account.into() }, told }.to_bytes()
    }

    fn stored(table: &AccountConfig) -> Vec<u8> {
        let recipe = Box::new(Recipe::new(table).expect("a recipe"));
        let who = Who::Stored { account: table.name.clone(), recipe };
        Order { who, told: Vec::new() }.to_bytes()
    }

    #[test]
    fn an_account_of_the_configuration_is_started_as_it_says_there() {
        let pump = account(
            "name = 'pump'\nprogram = ['/bin/cat', '-u']\nuser = 'daemon'\nenvironment = { CALLER_ID = 'mine' }",
        );
        let rules = rules("", &[pump]);
        let launch = rules.launch(&known("pump")).expect("started");
        assert_eq!(launch.user.name, "daemon");
        assert_eq!(launch.program.argv, ["/bin/cat", "-u"]);
        let of = |wanted: &str| {
            let mut values = launch.program.env.iter().filter(|(name, _)| name == wanted);
            let value = values.next().map(|(_, value)| value.to_str().expect("text").to_owned());
            assert!(values.next().is_none(), "{wanted} twice");
            value
        };
        assert_eq!(of("CALLER_ID").as_deref(), Some("mine"));
        assert_eq!(of("USER").as_deref(), Some("daemon"));
        assert_eq!(of("TERM").as_deref(), Some("dumb"));
        let refused = rules.launch(&known("tank")).expect_err("unknown");
        assert!(refused.contains("no program for an account `tank`"), "{refused}");
    }

    #[test]
    fn an_account_of_the_store_runs_as_those_who_are_named_for_it() {
        let rules =
            rules("stored-users = ['daemon', 'root']", &[account("name = 'pump'\ndeny = ''")]);
        let of = |name: &str, user: &str| {
            account(&format!("name = '{name}'\nprogram = ['/bin/cat']\n{user}"))
        };
        let users = |table: AccountConfig| rules.launch(&stored(&table)).map(|it| it.user.name);
        assert_eq!(users(of("a", "user = 'daemon'")).as_deref(), Ok("daemon"));
        assert_eq!(users(of("a", "user = 'nobody'")).as_deref(), Ok("nobody"));
        assert_eq!(users(of("a", "")).as_deref(), Ok("nobody"));
        let refused = users(of("a", "user = 'bin'")).expect_err("not named");
        assert!(refused.contains("stored-users"), "{refused}");
        let refused = users(of("a", "user = 'root'")).expect_err("root");
        assert!(refused.contains("runs as root"), "{refused}");
    }

    #[test]
    fn a_stored_account_can_not_pass_for_one_of_the_configuration() {
        let pump = account("name = 'pump'\nprogram = ['/bin/cat']\nuser = 'daemon'");
        let other = account("name = 'pump'\nprogram = ['/bin/sh']");
        let refused = rules("", &[pump]).launch(&stored(&other)).expect_err("in a file");
        assert!(refused.contains("the configuration"), "{refused}");
    }

    #[test]
    fn root_is_for_those_whom_the_configuration_allows_it() {
        let pump = || [account("name = 'pump'\nprogram = ['/bin/cat']\nuser = 'root'")];
        assert!(rules("", &pump()).launch(&known("pump")).is_err());
        let allowed = rules("root-programs = 'allow'", &pump()).launch(&known("pump"));
        assert_eq!(allowed.expect("started").user.uid, 0);
    }

    #[test]
    fn a_program_that_could_not_be_in_a_file_is_refused() {
        let mut recipe = Recipe::new(&account("name = 'a'\nprogram = ['/bin/cat']")).expect("one");
        recipe.argv = vec!["cat".into()];
        let who = Who::Stored { account: "a".into(), recipe: Box::new(recipe) };
        let refused = rules("", &[]).launch(&Order { who, told: Vec::new() }.to_bytes());
        assert!(refused.expect_err("relative").contains("absolute"));
        assert!(rules("", &[]).launch(b"").is_err());
    }

    #[test]
    fn a_launcher_is_needed_for_other_users_only() {
        let needs = |config: &str, rest: &str| {
            let config = toml::from_str(config).expect("a table");
            needs_launcher(&config, &[account(&format!("name = 'a'\n{rest}"))])
        };
        let program = "program = ['/bin/cat']";
        assert!(!needs("user = 'nobody'", program));
        assert!(!needs("user = 'nobody'", &format!("{program}\nuser = 'nobody'")));
        assert!(!needs("user = 'nobody'", "deny = ''\nuser = 'daemon'"));
        assert!(needs("user = 'nobody'", &format!("{program}\nuser = 'daemon'")));
        assert!(needs("user = 'nobody'\nstored-users = ['daemon']", program));
        assert!(!needs("", &format!("{program}\nuser = 'daemon'")));
    }
}
