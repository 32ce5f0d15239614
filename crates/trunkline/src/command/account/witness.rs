//! Changes of accounts in the audit log.

use exchange::{Audit, AuditError, Event};

use super::place::Accounts;
use crate::control::{Connection, Deed, Request};

/// Puts on record what was done to an account, where there is an audit log; what is to be said if that can't be done.
pub(super) fn note(accounts: &Accounts, deed: Deed, account: &str) -> String {
    let Some(config) = accounts.exchange.as_ref().and_then(|exchange| exchange.audit.as_ref())
    else {
        return String::new();
    };
    let noted = match Audit::open(config) {
        Ok(audit) => {
            let event = Event::new(deed.word()).with("account", account);
            let user = rustix::process::getuid().as_raw().to_string();
            audit.note(event.with("by", "command").with("uid", &user));
            Ok(())
        }
        // It is a running instance's, which writes for us.
        Err(AuditError::InUse(_)) => Connection::open(None)
            .and_then(|mut instance| instance.done(&Request::Note(deed, account.to_owned())))
            .map(drop)
            .map_err(|error| error.to_string()),
        Err(error) => Err(crate::failure::chain(&error)),
    };
    match noted {
        Ok(()) => String::new(),
        Err(why) => format!("this is not in the audit log {}: {why}\n", config.file.display()),
    }
}
