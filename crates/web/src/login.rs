//! Logging in and out.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use password::{Verdict, compare};
use serde::Deserialize;
use settings::Secret;
use subtle::ConstantTimeEq as _;

use crate::app::{App, Rules};
use crate::guard::{self, Client};
use crate::house::{Deed, FailedLogin};
use crate::limits;
use crate::moment::Moment;
use crate::patience::Source;
use crate::problem::Problem;
use crate::random::{self, digest, hex};
use crate::visitor::{Proof, Visitor, cookie, from_own_page, identify};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    proof: &'a str,
    name: &'a str,
    message: &'a str,
}

/// What the login form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    name: String,
    password: String,
    proof: String,
}

/// The login form.
pub(crate) async fn form(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if matches!(identify(&app, &app.rules(), &headers), Ok(Some(_))) {
        return Redirect::to("/").into_response();
    }
    show(&app, &headers, "", "", StatusCode::OK)
}

/// Shows the form, tied to this browser by a cookie, so that no other site can log somebody in here.
fn show(app: &App, headers: &HeaderMap, name: &str, message: &str, status: StatusCode) -> Response {
    let rules = app.rules();
    let known = cookie(headers, &form_cookie(&rules)).map(str::to_owned);
    let Ok(browser) = known.map_or_else(random::token, Ok) else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no randomness").into_response();
    };
    let page = LoginPage { proof: &proof(app, &browser), name, message };
    let Ok(html) = page.render() else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no page").into_response();
    };
    let mut response = (status, Html(html)).into_response();
    set_cookie(&mut response, &rules, &form_cookie(&rules), &browser);
    response
}

fn form_cookie(rules: &Rules) -> String {
    format!("{}-login", rules.cookie)
}

fn proof(app: &App, browser: &str) -> String {
    hex(&digest(format!("{} {browser}", app.form_key).as_bytes()))
}

/// A login.
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(rejection) => {
            return Problem::new(rejection.status(), rejection.body_text()).into_response();
        }
    };
    let rules = app.rules();
    let browser = cookie(&headers, &form_cookie(&rules)).unwrap_or_default();
    let own = proof(&app, browser).as_bytes().ct_eq(form.proof.as_bytes());
    if !bool::from(own) || browser.is_empty() || from_own_page(&headers).is_err() {
        let message = "This form was too old. Please try again.";
        return show(&app, &headers, &form.name, message, StatusCode::FORBIDDEN);
    }
    let from = guard::source(&rules, &headers, client);
    match check(&app, &rules, from.into(), &form).await {
        Ok(key) => {
            tracing::info!(operator = form.name, %from, "logged in at the page");
            app.house.witness(Deed::LoggedIn { operator: &form.name, from: &from.to_string() });
            app.meters.logged_in();
            let mut response = Redirect::to("/").into_response();
            set_cookie(&mut response, &rules, &rules.cookie, &key);
            response
        }
        Err(refused) => {
            // What was typed for a name may be a password; only a known one is told.
            let known = rules.staff.operator(&form.name).map(|known| known.name.clone());
            let (cause, words, message, status) = refused.tell();
            tracing::warn!(operator = known.as_deref().unwrap_or("-"), %from, "login failed at the page: {words}");
            let deed =
                Deed::LoginFailed { operator: known.as_deref(), from: &from.to_string(), cause };
            app.house.witness(deed);
            app.meters.refused(cause);
            app.failed.add(FailedLogin {
                at: Moment::now(),
                from: from.to_string(),
                at_what: "page".into(),
                name: known,
                cause: cause.into(),
                words: words.into(),
            });
            let mut response = show(&app, &headers, &form.name, &message, status);
            if let Refused::TooOften(seconds) = refused {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
    }
}

/// Why a login failed.
enum Refused {
    Wrong,
    TooOften(u64),
    Busy,
    NoRandomness,
}

impl Refused {
    /// The cause, its words for the log, the message for whoever tries, and the status.
    fn tell(&self) -> (&'static str, &'static str, String, StatusCode) {
        match self {
            Self::Wrong => (
                "wrong-password",
                "wrong name or password",
                "That name and password don't match.".to_owned(),
                StatusCode::UNAUTHORIZED,
            ),
            Self::TooOften(seconds) => (
                "too-often",
                "too many wrong passwords",
                format!("Too many wrong passwords. Wait {seconds} seconds."),
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Busy => (
                "busy",
                "too many logins at once",
                "Too many people log in at once. Try again in a moment.".to_owned(),
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::NoRandomness => (
                "no-randomness",
                "the system has no randomness",
                "The system has no randomness.".to_owned(),
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        }
    }
}

/// The key of a new session, if name and password are right. A name that nobody has takes the same time.
async fn check(
    app: &App,
    rules: &Arc<Rules>,
    source: Source,
    form: &LoginForm,
) -> Result<String, Refused> {
    if form.password.len() > limits::PASSWORD || form.name.len() > limits::NAME {
        return Err(Refused::Wrong);
    }
    let taken = app.patience.take(source, Instant::now());
    taken.map_err(|wait| Refused::TooOften(wait.as_secs() + 1))?;
    let password = Secret::new(form.password.clone().into_bytes());
    let kept = rules.staff.operator(&form.name).map(|known| Arc::clone(&known.kept));
    let decoy = Arc::clone(&rules.staff.decoy);
    let verdict = app.hashing.run(move || compare(kept.as_deref(), &decoy, &password)).await;
    match (verdict, rules.staff.operator(&form.name)) {
        (Err(_), _) => Err(Refused::Busy),
        (Ok(Verdict::Right), Some(operator)) => {
            app.patience.give_back(source);
            app.sessions.begin(operator, Instant::now()).map_err(|_| Refused::NoRandomness)
        }
        (Ok(_), _) => Err(Refused::Wrong),
    }
}

/// A logout; by the page's own button only.
pub(crate) async fn log_out(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let rules = app.rules();
    if let Proof::Session { key, .. } = &visitor.proof {
        app.sessions.end(key);
        tracing::info!(operator = visitor.name, "logged out of the page");
        app.house.witness(Deed::LoggedOut { operator: &visitor.name });
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    // Ended here and now, and forgotten by the browser.
    let gone = format!(
        "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{}",
        rules.cookie,
        secure(&rules)
    );
    if let Ok(value) = gone.parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn set_cookie(response: &mut Response, rules: &Rules, name: &str, value: &str) {
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{}", secure(rules));
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn secure(rules: &Rules) -> &'static str {
    if rules.is_secure() { "; Secure" } else { "" }
}
