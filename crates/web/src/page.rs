//! The page itself; everything on it comes over the API.

use askama::Template;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use crate::problem::Problem;
use crate::visitor::{Proof, Visitor};

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    csrf: &'a str,
    name: &'a str,
    role: &'a str,
    version: &'static str,
}

/// The page.
pub(crate) async fn page(Extension(visitor): Extension<Visitor>) -> Response {
    let csrf = match &visitor.proof {
        Proof::Session { csrf, .. } => csrf,
        Proof::Token => "",
    };
    let version = env!("CARGO_PKG_VERSION");
    let page = Page { csrf, name: &visitor.name, role: visitor.role.word(), version };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no page").into_response(),
    }
}
