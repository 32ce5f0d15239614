//! What a call takes with it when it begins, and a reload replaces for later calls.

use std::num::NonZeroU32;
use std::sync::Arc;

use tty::launcher::Launcher;

use crate::account::{AccountError, AccountFault, Accounts, Service};
use crate::audit::Audit;
use crate::config::{AuditConfig, ExchangeConfig, HangUpConfig, Kind, RootPrograms};
use crate::exchange::StartError;
use crate::session::Script;
use crate::ssh;
use crate::user::{self, Reach};
use crate::verifier::Checker;

/// The configuration that is in force, checked and opened.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) accounts: Accounts,
    pub(crate) script: Arc<Script>,
    pub(crate) checker: Arc<Checker>,
    pub(crate) hang_up: HangUpConfig,
    pub(crate) root_programs: RootPrograms,
    /// Who starts programs, if this process doesn't.
    pub(crate) launcher: Option<Launcher>,
    /// What callers over SSH meet, if there are any.
    pub(crate) ssh: Option<ssh::Host>,
    pub(crate) audit: Audit,
    audit_config: Option<AuditConfig>,
    threads: u32,
    queue: u32,
}

impl Settings {
    pub(crate) fn new(
        config: &ExchangeConfig,
        accounts: Accounts,
        launcher: Option<Launcher>,
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        let ourselves = user::ourselves(config).map_err(StartError::User)?;
        let reach = match &launcher {
            Some(_) => Reach::Launcher { stored_users: &config.stored_users },
            None => Reach::Own,
        };
        let script = Script::new(&config.login);
        for account in accounts.all() {
            if !script.is_name(account.name.as_bytes()) {
                let fault = AccountFault::NotTyped;
                return Err(AccountError { account: account.name.clone(), fault }.into());
            }
            if let Service::Program(plan) = &account.service {
                let user = plan.recipe.user.as_deref();
                let (root, kept_in) = (config.root_programs, account.kept_in);
                user::identity(user, &ourselves, root, kept_in, reach)
                    .map_err(|fault| AccountError { account: account.name.clone(), fault })?;
            }
        }
        let (threads, queue) = (config.limits.password_threads, config.limits.password_queue);
        // The same bound must hold for callers from before and after a reload.
        let checker = match before {
            Some(before) if (before.threads, before.queue) == (threads, queue) => {
                Arc::clone(&before.checker)
            }
            _ => Arc::new(Checker::new(NonZeroU32::new(threads).unwrap_or(NonZeroU32::MIN), queue)),
        };
        let audit = match (before, &config.audit) {
            (Some(before), wanted) if before.audit_config == *wanted => before.audit.clone(),
            (_, Some(wanted)) => Audit::open(wanted)?,
            (_, None) => Audit::none(),
        };
        Ok(Self {
            audit,
            audit_config: config.audit.clone(),
            accounts,
            script: Arc::new(script),
            checker,
            hang_up: config.hang_up,
            root_programs: config.root_programs,
            launcher,
            ssh: match config.listen.iter().any(|listen| listen.accept.contains(&Kind::Ssh)) {
                true => Some(ssh::Host::open(&config.ssh)?),
                false => None,
            },
            threads,
            queue,
        })
    }
}
