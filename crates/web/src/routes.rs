//! Everything that can be asked, each with who may ask.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post, put};

use crate::app::App;
use crate::config::Role;
use crate::guard::{self, Needs};
use crate::problem::Problem;
use crate::{api, asset, limits, login, metrics, page, trace};

/// Something that can be asked.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    answer: fn() -> MethodRouter<Arc<App>>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    answer: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route { method, path, needs, answer }
}

const VIEWER: Needs = Needs::Role(Role::Viewer);
const OPERATOR: Needs = Needs::Role(Role::Operator);

/// All of them. Those of the API are described in `assets/openapi.json`.
pub(crate) const ROUTES: &[Route] = &[
    route("GET", "/", Needs::Login, || get(page::page)),
    route("GET", "/login", Needs::Nothing, || get(login::form)),
    route("POST", "/login", Needs::Nothing, || post(login::log_in)),
    route("POST", "/logout", VIEWER, || post(login::log_out)),
    route("GET", "/assets/{name}", Needs::Nothing, || get(asset::asset)),
    route("GET", "/metrics", Needs::Metrics, || get(metrics::metrics)),
    route("GET", "/api/v1/openapi.json", Needs::Nothing, || get(api::description)),
    route("GET", "/api/v1/session", VIEWER, || get(api::session)),
    route("GET", "/api/v1/summary", VIEWER, || get(api::summary)),
    route("GET", "/api/v1/lines", VIEWER, || get(api::lines)),
    route("GET", "/api/v1/lines/{name}", VIEWER, || get(api::line)),
    route("GET", "/api/v1/lines/{name}/trace", OPERATOR, || get(trace::trace)),
    route("PUT", "/api/v1/lines/{name}/busy", OPERATOR, || put(api::set_busy)),
    route("GET", "/api/v1/calls", VIEWER, || get(api::calls)),
    route("GET", "/api/v1/calls/{id}", VIEWER, || get(api::call)),
    route("POST", "/api/v1/calls/{id}/hang-up", OPERATOR, || post(api::hang_up)),
    route("GET", "/api/v1/recent-calls", VIEWER, || get(api::recent)),
    route("GET", "/api/v1/failed-logins", VIEWER, || get(api::failed_logins)),
    route("GET", "/api/v1/listeners", VIEWER, || get(api::listeners)),
];

/// What answers requests.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let admit = from_fn_with_state((Arc::clone(app), route.needs), guard::admit);
        router = router.route(route.path, (route.answer)().route_layer(admit));
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
