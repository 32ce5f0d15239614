//! Whom a program runs as.

use tty::{User, UserError};

use crate::account::{AccountError, AccountFault};
use crate::config::{AccountConfig, ExchangeConfig, RootPrograms};

/// Whoever this process is, or will be once everything is open.
pub(crate) fn ourselves(config: &ExchangeConfig) -> Result<User, UserError> {
    match &config.user {
        Some(name) => User::find(name),
        None => User::current(),
    }
}

/// Whom a program of an account runs as: `user`, or whoever we are. Says no to root unless allowed,
/// and to another user where this process can't become him.
pub(crate) fn identity(
    user: Option<&str>,
    ourselves: &User,
    root_programs: RootPrograms,
) -> Result<User, AccountFault> {
    let identity = match user {
        Some(name) => User::find(name).map_err(AccountFault::User)?,
        None => ourselves.clone(),
    };
    if identity.uid == 0 && root_programs == RootPrograms::Refuse {
        return Err(AccountFault::Root);
    }
    if identity.uid != ourselves.uid && ourselves.uid != 0 {
        return Err(AccountFault::OtherUser { user: identity.name });
    }
    Ok(identity)
}

/// What would keep programs from being started by this process: users that aren't there, or root
/// where that isn't allowed.
pub fn trouble_with_users(
    config: &ExchangeConfig,
    accounts: &[AccountConfig],
) -> Vec<AccountError> {
    let programs = accounts.iter().filter(|account| !account.program.is_empty());
    let ourselves = ourselves(config);
    let trouble = programs.filter_map(|account| {
        let fault = match &ourselves {
            Ok(ourselves) => {
                identity(account.user.as_deref(), ourselves, config.root_programs).err()?
            }
            Err(_) => AccountFault::NoOurselves { user: config.user.clone().unwrap_or_default() },
        };
        Some(AccountError { account: account.name.clone(), fault })
    });
    trouble.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us() -> User {
        User::current().expect("a user")
    }

    #[test]
    fn a_user_who_does_not_exist_is_nobody() {
        let missing = identity(Some("no-such-user"), &us(), RootPrograms::Allow);
        assert!(
            matches!(missing, Err(AccountFault::User(tty::UserError::Unknown(_)))),
            "{missing:?}"
        );
    }

    #[test]
    fn root_is_refused_unless_allowed() {
        let root = identity(Some("root"), &us(), RootPrograms::Refuse);
        assert!(matches!(root, Err(AccountFault::Root)), "{root:?}");
    }

    #[test]
    fn without_a_user_a_program_runs_as_we_do() {
        let ourselves = identity(None, &us(), RootPrograms::Allow).expect("ourselves");
        assert_eq!(ourselves, User::current().expect("a user"));
    }

    #[test]
    fn a_process_that_gives_root_up_runs_no_programs_of_others() {
        let us = User { uid: 1234, name: "trunkline".into(), ..us() };
        let other = identity(Some("root"), &us, RootPrograms::Allow);
        assert!(matches!(other, Err(AccountFault::OtherUser { .. })), "{other:?}");
        assert_eq!(identity(None, &us, RootPrograms::Refuse).expect("us").uid, 1234);
    }
}
