//! What stands before every answer: the name it was asked under, who asks, and how long it may take.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::app::{App, Rules};
use crate::config::{MetricsAccess, Role};
use crate::problem::Problem;
use crate::visitor::{Visitor, identify};

/// Who may ask something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Everybody.
    Nothing,
    /// Whom the configuration lets read the metrics.
    Metrics,
    /// Whoever is logged in; strangers are shown the way to the login.
    Login,
    /// Whoever has this role.
    Role(Role),
}

/// The address from which a request comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) IpAddr);

/// What every answer says of itself. Scripts and styles come from our own files only; nobody may put us into a frame.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: browsers would send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=()",
    ),
];

/// Before everything: the host's name, and what every answer says.
pub(crate) async fn protect(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let rules = app.rules();
    let mut response = if is_ours(&rules, request.headers()) {
        next.run(request).await
    } else {
        Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the page is not known by this name; add it to `hosts` in [web], or use an address",
        )
        .into_response()
    };
    app.meters.answered(response.status());
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if rules.is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    headers.entry(header::CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("no-store"));
    response
}

/// Before each answer, which may take so long.
pub(crate) async fn in_time(
    State(within): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the request took too long; nothing else is known of it",
        )
        .into_response(),
    }
}

/// Whether a request is meant for us: a foreign name that leads to our address is another site's trick to have its
/// pages read ours (DNS rebinding). An address can't be redirected.
fn is_ours(rules: &Rules, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(v6) => return v6.split_once(']').is_some_and(|(ip, _)| ip.parse::<IpAddr>().is_ok()),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.parse::<IpAddr>().is_ok() || rules.hosts.contains(&name)
}

/// Before each answer that not everybody may have.
pub(crate) async fn admit(
    State((app, needs)): State<(Arc<App>, Needs)>,
    mut request: Request,
    next: Next,
) -> Response {
    let rules = app.rules();
    let least = match (needs, rules.metrics) {
        (Needs::Nothing, _) | (Needs::Metrics, MetricsAccess::Open) => None,
        (Needs::Metrics, MetricsAccess::Off) => {
            return Problem::unknown("there are no metrics here; see `metrics` in [web]")
                .into_response();
        }
        (Needs::Metrics, MetricsAccess::Token) | (Needs::Login, _) => Some(Role::Viewer),
        (Needs::Role(role), _) => Some(role),
    };
    if let Some(least) = least {
        match visitor(&app, &rules, &request, least) {
            Ok(visitor) => {
                request.extensions_mut().insert(visitor);
            }
            Err(problem)
                if needs == Needs::Login && problem.status() == StatusCode::UNAUTHORIZED =>
            {
                return Redirect::to("/login").into_response();
            }
            Err(problem) => return problem.into_response(),
        }
    }
    next.run(request).await
}

fn visitor(app: &App, rules: &Rules, request: &Request, least: Role) -> Result<Visitor, Problem> {
    let visitor = identify(app, rules, request.headers())?.ok_or_else(Problem::nobody)?;
    if visitor.role < least {
        let message = format!(
            "this needs the role `{}`, and `{}` has the role `{}`",
            least.word(),
            visitor.name,
            visitor.role.word()
        );
        return Err(Problem::forbidden(message));
    }
    visitor.own_doing(request.method(), request.headers())?;
    Ok(visitor)
}

/// The address of whoever asks, as far as it can be believed.
pub(crate) fn source(rules: &Rules, headers: &HeaderMap, client: Client) -> IpAddr {
    if !rules.behind_proxy {
        return client.0;
    }
    // The last one is what the proxy itself has seen; those before it anybody can write.
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|line| line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(client.0)
}
