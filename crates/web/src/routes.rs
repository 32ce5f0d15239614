//! Everything that can be asked, each with who may ask.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::api::sites;
use crate::app::App;
use crate::config::Role;
use crate::guard::{self, Needs};
use crate::problem::Problem;
use crate::{api, asset, limits, login, metrics, page, trace};

/// Something that can be asked.
pub(crate) struct Route {
    pub(crate) method: MethodFilter,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    /// How long it may take.
    within: Duration,
    answer: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

const fn route(
    method: MethodFilter,
    path: &'static str,
    needs: Needs,
    answer: fn(MethodFilter) -> MethodRouter<Arc<App>>,
) -> Route {
    Route { method, path, needs, within: limits::REQUEST, answer }
}

impl Route {
    /// It takes as long as a site does.
    const fn of_a_site(self) -> Self {
        Self { within: limits::ASKED, ..self }
    }
}

const VIEWER: Needs = Needs::Role(Role::Viewer);
const OPERATOR: Needs = Needs::Role(Role::Operator);
const ADMIN: Needs = Needs::Role(Role::Admin);

/// All of them. Those of the API are described in `assets/openapi.json`.
pub(crate) const ROUTES: &[Route] = &[
    route(MethodFilter::GET, "/", Needs::Login, |method| on(method, page::page)),
    route(MethodFilter::GET, "/login", Needs::Nothing, |method| on(method, login::form)),
    route(MethodFilter::POST, "/login", Needs::Nothing, |method| on(method, login::log_in)),
    route(MethodFilter::POST, "/logout", VIEWER, |method| on(method, login::log_out)),
    route(MethodFilter::GET, "/assets/{name}", Needs::Nothing, |method| on(method, asset::asset)),
    route(MethodFilter::GET, "/metrics", Needs::Metrics, |method| on(method, metrics::metrics)),
    route(MethodFilter::GET, "/api/v1/openapi.json", Needs::Nothing, |method| {
        on(method, api::description)
    }),
    route(MethodFilter::GET, "/api/v1/session", VIEWER, |method| on(method, api::session)),
    route(MethodFilter::GET, "/api/v1/summary", VIEWER, |method| on(method, api::summary)),
    route(MethodFilter::GET, "/api/v1/lines", VIEWER, |method| on(method, api::lines)),
    route(MethodFilter::GET, "/api/v1/lines/{name}", VIEWER, |method| on(method, api::line)),
    route(MethodFilter::GET, "/api/v1/lines/{name}/trace", OPERATOR, |method| {
        on(method, trace::trace)
    }),
    route(MethodFilter::PUT, "/api/v1/lines/{name}/busy", OPERATOR, |method| {
        on(method, api::set_busy)
    }),
    route(MethodFilter::GET, "/api/v1/modems", VIEWER, |method| on(method, api::modems)),
    route(MethodFilter::PUT, "/api/v1/modems/{name}/busy", OPERATOR, |method| {
        on(method, api::set_busy)
    }),
    route(MethodFilter::POST, "/api/v1/modems/{name}/hang-up", OPERATOR, |method| {
        on(method, api::hang_up)
    }),
    route(MethodFilter::GET, "/api/v1/groups", VIEWER, |method| on(method, api::groups)),
    route(MethodFilter::GET, "/api/v1/calls", VIEWER, |method| on(method, api::calls)),
    route(MethodFilter::GET, "/api/v1/calls/{id}", VIEWER, |method| on(method, api::call)),
    route(MethodFilter::POST, "/api/v1/calls/{id}/hang-up", OPERATOR, |method| {
        on(method, api::hang_up)
    }),
    route(MethodFilter::GET, "/api/v1/recent-calls", VIEWER, |method| on(method, api::recent)),
    route(MethodFilter::GET, "/api/v1/failed-logins", VIEWER, |method| {
        on(method, api::failed_logins)
    }),
    route(MethodFilter::GET, "/api/v1/listeners", VIEWER, |method| on(method, api::listeners)),
    route(MethodFilter::GET, "/api/v1/sites", VIEWER, |method| on(method, sites::sites)),
    route(MethodFilter::GET, "/api/v1/sites/{name}/points", VIEWER, |method| {
        on(method, sites::points)
    }),
    route(MethodFilter::GET, "/api/v1/sites/{name}/trace", OPERATOR, |method| {
        on(method, sites::trace)
    }),
    route(MethodFilter::GET, "/api/v1/sites/{name}/points/{point}/series", VIEWER, |method| {
        on(method, sites::series)
    }),
    route(MethodFilter::GET, "/api/v1/sites/{name}/points/{point}/samples.csv", VIEWER, |method| {
        on(method, sites::samples)
    }),
    route(MethodFilter::POST, "/api/v1/sites/{name}/read", OPERATOR, |method| {
        on(method, sites::read)
    })
    .of_a_site(),
    // Writing to a site is a right of its own.
    route(MethodFilter::POST, "/api/v1/sites/{name}/write", ADMIN, |method| {
        on(method, sites::write)
    })
    .of_a_site(),
    // So is changing what a station does.
    route(MethodFilter::POST, "/api/v1/sites/{name}/configuration", ADMIN, |method| {
        on(method, sites::configure).layer(DefaultBodyLimit::max(limits::CONFIGURATION_BYTES))
    })
    .of_a_site(),
    route(MethodFilter::GET, "/api/v1/wishes", VIEWER, |method| on(method, sites::wishes)),
    route(MethodFilter::GET, "/api/v1/wishes/{id}", VIEWER, |method| on(method, sites::wish)),
    // Who may have something written may have it not written.
    route(MethodFilter::POST, "/api/v1/wishes/{id}/withdraw", ADMIN, |method| {
        on(method, sites::withdraw)
    }),
    route(MethodFilter::GET, "/api/v1/alarms", VIEWER, |method| on(method, sites::alarms)),
    route(MethodFilter::POST, "/api/v1/alarms/{id}/seen", OPERATOR, |method| {
        on(method, sites::see_alarm)
    }),
];

/// What answers requests.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let admit = from_fn_with_state((Arc::clone(app), route.needs), guard::admit);
        let in_time = from_fn_with_state(route.within, guard::in_time);
        let answer = (route.answer)(route.method).route_layer(admit).layer(in_time);
        router = router.route(route.path, answer);
    }
    router
        .fallback(|| async { Problem::unknown("there is nothing here") })
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(map_response(explain))
        .layer(from_fn_with_state(Arc::clone(app), guard::protect))
        .with_state(Arc::clone(app))
}

/// What the router itself refuses is told like everything else.
async fn explain(response: Response) -> Response {
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = response.headers().get("allow").cloned();
            let problem =
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this can't be asked like that");
            let mut response = problem.into_response();
            allowed.map(|allowed| response.headers_mut().insert("allow", allowed));
            response
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_that_can_be_asked_of_the_api_is_described_and_nothing_else() {
        let document: serde_json::Value = serde_json::from_str(api::DESCRIPTION).unwrap();
        let methods =
            [("get", MethodFilter::GET), ("put", MethodFilter::PUT), ("post", MethodFilter::POST)];
        let word = |method| methods.iter().find(|(_, known)| *known == method).unwrap().0;
        let described: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, operations)| {
                operations.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
            })
            .collect();
        let routes: BTreeSet<String> = ROUTES
            .iter()
            .filter(|route| route.path.starts_with("/api/"))
            .map(|route| format!("{} {}", word(route.method), route.path))
            .collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn what_changes_something_is_never_for_everybody() {
        for route in ROUTES.iter().filter(|route| route.method != MethodFilter::GET) {
            let login = route.path == "/login";
            assert!(login || matches!(route.needs, Needs::Role(_)), "{}", route.path);
        }
    }
}
