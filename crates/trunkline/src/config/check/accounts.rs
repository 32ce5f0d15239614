//! The exchange and its accounts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use exchange::{
    AccountConfig, AccountFault, Accounts, Kind, ListenConfig, PasswordConfig, PasswordError,
    Pepper, SecretRef,
};

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::instance::Answering;

/// Whether passwords must be at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Secrets {
    /// They are about to be used.
    Needed,
    /// The text is looked at away from its place.
    Elsewhere,
}

pub(in crate::config) fn check(
    draft: &mut Draft<'_>,
    secrets: Secrets,
    mistakes: &mut Vec<Diagnostic>,
) {
    see_from_their_files(draft);
    listeners(draft, secrets, mistakes);
    let pepper = pepper(draft);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (n, account) in draft.accounts.iter().enumerate() {
        let name = account.value.name.as_str();
        if let Some(twin) = seen.insert(name, n).and_then(|twin| draft.accounts.get(twin)) {
            let at = ["name".into()];
            let mistake = draft.mistake(account, &at, format!("there are two accounts `{name}`"));
            mistakes.push(draft.also("the first one is at", twin, &at, mistake));
        }
        let one = std::slice::from_ref(&account.value);
        match Accounts::with_pepper(one, Path::new(""), pepper.as_ref()) {
            Err(error) if secrets == Secrets::Needed || !is_about_secrets(&error.fault) => {
                let message = crate::failure::chain(&error);
                mistakes.push(draft.mistake(account, &[part(&error.fault).into()], message));
            }
            _ => {}
        }
    }
}

/// Makes the paths of accounts whole.
pub(in crate::config) fn see_from_their_files(draft: &mut Draft<'_>) {
    let folders: Vec<_> =
        draft.accounts.iter().map(|account| draft.folder(account).to_owned()).collect();
    for (account, folder) in draft.accounts.iter_mut().zip(folders) {
        seen_from(&mut account.value, &folder);
    }
}

/// Certificates are read as accounts' passwords are: what can't be read at the start is a mistake now.
fn listeners(draft: &mut Draft<'_>, secrets: Secrets, mistakes: &mut Vec<Diagnostic>) {
    let Some(mut exchange) = draft.exchange.take() else { return };
    let folder = draft.folder(&exchange).to_owned();
    for path in &mut exchange.value.ssh.host_keys.0 {
        *path = crate::place::absolute(&folder.join(&*path));
    }
    let speaks_ssh = |listen: &ListenConfig| listen.accept.contains(&Kind::Ssh);
    if exchange.value.listen.iter().any(speaks_ssh)
        && secrets == Secrets::Needed
        && let Err(fault) = exchange.value.ssh.fingerprints()
    {
        let message = crate::failure::chain(&fault);
        mistakes.push(draft.mistake(&exchange, &["ssh".into(), "host-keys".into()], message));
    }
    for (n, listen) in exchange.value.listen.iter_mut().enumerate() {
        let files = listen.tls.iter_mut().flat_map(exchange::TlsConfig::files_mut);
        files.for_each(|path| *path = crate::place::absolute(&folder.join(&*path)));
        if secrets == Secrets::Needed
            && let Err(fault) = listen.check()
        {
            let part = if listen.tls.is_some() { "tls" } else { "accept" };
            let at = Placed { value: (), file: exchange.file, steps: exchange.steps.clone() };
            let message = format!("callers can't be received like this: {fault}");
            mistakes.push(draft.mistake(&at, &["listen".into(), n.into(), part.into()], message));
        }
    }
    if cfg!(not(feature = "store")) && exchange.value.store.is_some() {
        let message = "this program was built without its store, so it can't use `store`";
        mistakes.push(draft.mistake(&exchange, &["store".into()], message));
    }
    draft.exchange = Some(exchange);
}

/// The pepper, where there is one already: nothing is made by a look at a configuration.
fn pepper(draft: &Draft<'_>) -> Option<Arc<Pepper>> {
    let exchange = draft.exchange.as_ref()?;
    let path = crate::instance::pepper_path(&exchange.value)?;
    Pepper::load(&draft.folder(exchange).join(path)).ok()
}

fn is_about_secrets(fault: &AccountFault) -> bool {
    matches!(fault, AccountFault::Secret(_) | AccountFault::Password(PasswordError::OtherPepper))
}

/// What the answering side needs, if there is one.
pub(in crate::config) fn take(draft: &mut Draft<'_>) -> Option<Answering> {
    let accounts: Vec<_> =
        std::mem::take(&mut draft.accounts).into_iter().map(|account| account.value).collect();
    let folder = draft.folder(draft.exchange.as_ref()?).to_owned();
    let mut exchange = draft.exchange.take().map(|exchange| exchange.value)?;
    let audit = exchange.audit.as_mut().map(|audit| &mut audit.file);
    for path in exchange.store.iter_mut().chain(&mut exchange.pepper).chain(audit) {
        *path = crate::place::absolute(&folder.join(&*path));
    }
    Some(Answering { exchange, accounts })
}

/// Paths are those that the account's own file means.
fn seen_from(account: &mut AccountConfig, folder: &Path) {
    let seen = |path: &mut std::path::PathBuf| *path = crate::place::absolute(&folder.join(&*path));
    if let Some(PasswordConfig::Kept(SecretRef::File(path))) = &mut account.password {
        seen(path);
    }
    account.directory.iter_mut().for_each(seen);
}

/// The key at which a fault stands.
fn part(fault: &AccountFault) -> &'static str {
    match fault {
        AccountFault::Name | AccountFault::NotTyped | AccountFault::Twice => "name",
        AccountFault::Secret(_) | AccountFault::Password(_) => "password",
        AccountFault::CertificateTwice { .. } => "certificates",
        AccountFault::Argv0 => "argv0",
        AccountFault::Callback => "callback",
        AccountFault::NulInProgram | AccountFault::RelativeProgram { .. } => "program",
        AccountFault::Terminal { .. } => "terminal",
        AccountFault::Variable { .. } => "environment",
        AccountFault::SeveralServices => "program",
        AccountFault::OtherUser { .. }
        | AccountFault::StoredUser { .. }
        | AccountFault::StoredRoot
        | AccountFault::User(_)
        | AccountFault::NoOurselves { .. }
        | AccountFault::Root => "user",
        AccountFault::NoProgram | AccountFault::NoWayIn => "",
    }
}
