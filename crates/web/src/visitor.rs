//! Who asks.

use axum::http::{HeaderMap, Method, header};
use settings::Secret;
use std::time::Instant;
use subtle::ConstantTimeEq as _;

use crate::app::{App, Rules};
use crate::config::Role;
use crate::problem::Problem;
use crate::session::Hand;

/// Somebody who has shown who he is.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) proof: Proof,
}

/// How he has shown it.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// By the cookie of a session.
    Session {
        /// What the cookie says.
        key: String,
        /// What every order must show.
        csrf: String,
    },
    /// By a machine's token.
    Token,
}

/// The header in which the page shows that an order is its own.
pub(crate) const CSRF: &str = "x-csrf-token";

/// The header by which the page says that nobody has touched it for a while.
pub(crate) const BY_ITSELF: &str = "trunkline-by-itself";

/// Who sent these headers; `None` is a stranger.
///
/// # Errors
/// There is a token, but nobody's.
pub(crate) fn identify(
    app: &App,
    rules: &Rules,
    headers: &HeaderMap,
) -> Result<Option<Visitor>, Problem> {
    if let Some(header) = headers.get(header::AUTHORIZATION) {
        let secret = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let secret = secret.map(|text| Secret::new(text.trim().as_bytes().to_vec()));
        let token = secret.and_then(|secret| rules.staff.token(&secret));
        return match token {
            Some(token) => Ok(Some(Visitor {
                name: token.name.clone(),
                role: token.role,
                proof: Proof::Token,
            })),
            None => Err(Problem::nobody()),
        };
    }
    let Some(key) = cookie(headers, &rules.cookie) else { return Ok(None) };
    let hand = if headers.contains_key(BY_ITSELF) { Hand::Away } else { Hand::There };
    let found = app.sessions.find(key, &rules.staff, rules.lasting, hand, Instant::now());
    let Some(session) = found else { return Ok(None) };
    let Some(operator) = rules.staff.operator(&session.operator) else { return Ok(None) };
    let proof = Proof::Session { key: key.to_owned(), csrf: session.csrf };
    Ok(Some(Visitor { name: operator.name.clone(), role: operator.role, proof }))
}

impl Visitor {
    /// Whether this request is his own doing, and not that of another site in his browser.
    ///
    /// # Errors
    /// It may not be.
    pub(crate) fn own_doing(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let Proof::Session { csrf, .. } = &self.proof else { return Ok(()) };
        if method.is_safe() {
            return Ok(());
        }
        from_own_page(headers)?;
        let shown = headers.get(CSRF).map(|shown| shown.as_bytes()).unwrap_or_default();
        if bool::from(shown.ct_eq(csrf.as_bytes())) {
            Ok(())
        } else {
            Err(Problem::forbidden("the order doesn't come from the page; load it anew"))
        }
    }
}

/// Whether a browser says that a page of ours sends this.
///
/// # Errors
/// It says that another does, or nothing.
pub(crate) fn from_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let own = match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), ..) => site == "same-origin",
        (None, Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, place)| place.eq_ignore_ascii_case(host))
        }
        _ => false,
    };
    if own { Ok(()) } else { Err(Problem::forbidden("another site's page sends this")) }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_a_page_of_ours_is_believed() {
        let host = ("host", "127.0.0.1:8080");
        for (pairs, own) in [
            (vec![("sec-fetch-site", "same-origin"), host], true),
            (vec![("sec-fetch-site", "same-site"), host], false),
            (vec![("sec-fetch-site", "none"), host], false),
            (
                vec![("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8080"), host],
                false,
            ),
            (vec![("origin", "http://127.0.0.1:8080"), host], true),
            (vec![("origin", "http://127.0.0.1:8081"), host], false),
            (vec![("origin", "null"), host], false),
            (vec![host], false),
        ] {
            assert_eq!(from_own_page(&headers(&pairs)).is_ok(), own, "{pairs:?}");
        }
    }

    #[test]
    fn cookies_are_found_among_others() {
        let headers = headers(&[("cookie", "a=1; trunkline-80=x=y;b=2")]);
        assert_eq!(cookie(&headers, "trunkline-80"), Some("x=y"));
        assert_eq!(cookie(&headers, "trunkline"), None);
    }
}
