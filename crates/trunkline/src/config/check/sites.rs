//! Sites and facades: whether their values go together, and their lists of points.

use std::collections::HashMap;

use collector::FacadeConfig;
use exchange::CallbackLogin;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::instance::Sites;

/// Checks sites and facades, and reads the lists of points.
pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) -> Sites {
    let mut sites = Sites::default();
    let mut names = HashMap::new();
    let mut accounts = HashMap::new();
    let has_store = draft.exchange.as_ref().is_some_and(|exchange| exchange.value.store.is_some());
    if let Some(first) = draft.sites.first().filter(|_| !has_store) {
        let message = "sites need a place for what they measure: [exchange] with `store`";
        mistakes.push(draft.mistake(first, &[], message));
    }
    for placed in &draft.sites {
        let config = &placed.value;
        if names.insert(config.name.as_str(), ()).is_some() {
            let message = format!("there are two sites `{}`", config.name);
            mistakes.push(draft.mistake(placed, &["name".into()], message));
        }
        if let Some(other) = accounts.insert(config.account().to_owned(), &config.name) {
            let key = if config.account.is_some() { "account" } else { "name" };
            let message = format!("calls of this account are those of the site `{other}` already");
            mistakes.push(draft.mistake(placed, &[key.into()], message));
        }
        if config.call_password.is_some() && logs_in_again(draft, config.account()) {
            let message = format!(
                "the account `{}` is called back and has to log in then, but a station that is called wants to hear this password first: its `callback` needs login = \"skip\"",
                config.account()
            );
            mistakes.push(draft.mistake(placed, &["call-password".into()], message));
        }
        match config.check(draft.folder(placed)) {
            Ok(shelf) => sites.shelves.push(shelf),
            Err((key, fault)) => {
                mistakes.push(draft.mistake(placed, &[key.into()], fault.to_string()));
            }
        }
    }
    let mut facades: Vec<&Placed<FacadeConfig>> = Vec::new();
    for placed in &draft.facades {
        let twin = |other: &&&Placed<FacadeConfig>| other.value.name == placed.value.name;
        if let Some(first) = facades.iter().find(twin) {
            let message = format!("there are two facades `{}`", placed.value.name);
            let mistake = draft.mistake(placed, &["name".into()], message);
            mistakes.push(draft.also("the first one is at", first, &["name".into()], mistake));
        }
        facades.push(placed);
        match placed.value.check(|name| names.contains_key(name)) {
            Ok(()) => sites.facades.push(placed.value.clone()),
            Err((key, fault)) => {
                mistakes.push(draft.mistake(placed, &[key.into()], fault.to_string()));
            }
        }
    }
    if let Some(placed) = &draft.collector {
        match placed.value.check() {
            Ok(()) => sites.config = placed.value.clone(),
            Err((key, fault)) => {
                mistakes.push(draft.mistake(placed, &[key.into()], fault.to_string()));
            }
        }
    }
    sites
}

/// Whether whoever answers a call back of this account must log in.
fn logs_in_again(draft: &Draft<'_>, name: &str) -> bool {
    let account = draft.accounts.iter().find(|account| account.value.name == name);
    let callback = account.and_then(|account| account.value.callback.as_ref());
    callback.is_some_and(|callback| callback.login == CallbackLogin::Again)
}
