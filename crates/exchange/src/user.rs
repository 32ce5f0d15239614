//! Whom a program runs as.

use tty::{User, UserError};

use crate::account::{AccountError, AccountFault};
use crate::config::{AccountConfig, ExchangeConfig, KeptIn, RootPrograms};

/// Whoever this process is, or will be once everything is open.
pub(crate) fn ourselves(config: &ExchangeConfig) -> Result<User, UserError> {
    match &config.user {
        Some(name) => User::find(name),
        None => User::current(),
    }
}

/// As whom programs can be run here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach<'a> {
    /// As those whom this process can become: anybody for root, and nobody else for others.
    Own,
    /// As anybody by a launcher; where the store says so, only as these.
    Launcher { stored_users: &'a [String] },
}

/// Whom a program of an account runs as: `user`, or whoever we are. Says no to root unless allowed,
/// and to another user where no process of ours can become him.
pub(crate) fn identity(
    user: Option<&str>,
    ourselves: &User,
    root_programs: RootPrograms,
    kept_in: KeptIn,
    reach: Reach<'_>,
) -> Result<User, AccountFault> {
    let identity = match user {
        Some(name) => User::find(name).map_err(AccountFault::User)?,
        None => ourselves.clone(),
    };
    if identity.uid == 0 && root_programs == RootPrograms::Refuse {
        return Err(AccountFault::Root);
    }
    if identity.uid == ourselves.uid {
        return Ok(identity);
    }
    let user = || identity.name.clone();
    match reach {
        Reach::Own if ourselves.uid != 0 => Err(AccountFault::OtherUser { user: user() }),
        Reach::Launcher { .. } if kept_in == KeptIn::Store && identity.uid == 0 => {
            Err(AccountFault::StoredRoot)
        }
        Reach::Launcher { stored_users }
            if kept_in == KeptIn::Store && !stored_users.contains(&identity.name) =>
        {
            Err(AccountFault::StoredUser { user: user() })
        }
        Reach::Own | Reach::Launcher { .. } => Ok(identity),
    }
}

/// What would keep programs from being started by this process, or its launcher: users that aren't
/// there, or root where that isn't allowed.
pub fn trouble_with_users(
    config: &ExchangeConfig,
    accounts: &[AccountConfig],
) -> Vec<AccountError> {
    let programs = accounts.iter().filter(|account| !account.program.is_empty());
    let ourselves = ourselves(config);
    let reach = match crate::launch::needs_launcher(config, accounts) {
        true => Reach::Launcher { stored_users: &config.stored_users },
        false => Reach::Own,
    };
    let trouble = programs.filter_map(|account| {
        let AccountConfig { user, kept_in, .. } = account;
        let fault = match &ourselves {
            Ok(ourselves) => {
                identity(user.as_deref(), ourselves, config.root_programs, *kept_in, reach).err()?
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

    fn own(user: Option<&str>, us: &User, root: RootPrograms) -> Result<User, AccountFault> {
        identity(user, us, root, KeptIn::File, Reach::Own)
    }

    fn us() -> User {
        User::current().expect("a user")
    }

    #[test]
    fn a_user_who_does_not_exist_is_nobody() {
        let missing = own(Some("no-such-user"), &us(), RootPrograms::Allow);
        assert!(
            matches!(missing, Err(AccountFault::User(tty::UserError::Unknown(_)))),
            "{missing:?}"
        );
    }

    #[test]
    fn root_is_refused_unless_allowed() {
        let root = own(Some("root"), &us(), RootPrograms::Refuse);
        assert!(matches!(root, Err(AccountFault::Root)), "{root:?}");
    }

    #[test]
    fn without_a_user_a_program_runs_as_we_do() {
        let ourselves = own(None, &us(), RootPrograms::Allow).expect("ourselves");
        assert_eq!(ourselves, User::current().expect("a user"));
    }

    #[test]
    fn a_process_that_gives_root_up_runs_no_programs_of_others() {
        let us = User { uid: 1234, name: "trunkline".into(), ..us() };
        let other = own(Some("root"), &us, RootPrograms::Allow);
        assert!(matches!(other, Err(AccountFault::OtherUser { .. })), "{other:?}");
        assert_eq!(own(None, &us, RootPrograms::Refuse).expect("us").uid, 1234);
    }

    #[test]
    fn behind_a_launcher_the_store_names_only_those_who_are_named_for_it() {
        let us = User { uid: 1234, name: "trunkline".into(), ..us() };
        let named = ["daemon".to_owned(), "root".to_owned()];
        let by = |user, kept_in| {
            let reach = Reach::Launcher { stored_users: &named };
            identity(Some(user), &us, RootPrograms::Allow, kept_in, reach)
        };
        assert!(by("bin", KeptIn::File).is_ok());
        assert!(by("root", KeptIn::File).is_ok());
        assert!(by("daemon", KeptIn::Store).is_ok());
        assert!(matches!(by("bin", KeptIn::Store), Err(AccountFault::StoredUser { .. })));
        assert!(matches!(by("root", KeptIn::Store), Err(AccountFault::StoredRoot)));
    }
}
