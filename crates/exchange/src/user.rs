//! Whom a program runs as.

use tty::User;

use crate::account::{AccountError, AccountFault};
use crate::config::{AccountConfig, ExchangeConfig, RootPrograms};

/// Whom a program of an account runs as: `user`, or whoever we are. Says no to root unless allowed,
/// and to another user where this process can't become him.
pub(crate) fn identity(
    user: Option<&str>,
    root_programs: RootPrograms,
) -> Result<User, AccountFault> {
    let ourselves = User::current().map_err(AccountFault::User)?;
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
    let trouble = programs.filter_map(|account| {
        let fault = identity(account.user.as_deref(), config.root_programs).err()?;
        Some(AccountError { account: account.name.clone(), fault })
    });
    trouble.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_does_not_exist_is_nobody() {
        let missing = identity(Some("no-such-user"), RootPrograms::Allow);
        assert!(
            matches!(missing, Err(AccountFault::User(tty::UserError::Unknown(_)))),
            "{missing:?}"
        );
    }

    #[test]
    fn root_is_refused_unless_allowed() {
        let root = identity(Some("root"), RootPrograms::Refuse);
        assert!(matches!(root, Err(AccountFault::Root)), "{root:?}");
    }

    #[test]
    fn without_a_user_a_program_runs_as_we_do() {
        let ourselves = identity(None, RootPrograms::Allow).expect("ourselves");
        assert_eq!(ourselves, User::current().expect("a user"));
    }
}
