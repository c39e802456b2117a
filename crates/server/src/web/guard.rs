//! Who may open a page: whoever may call the operations that it shows. Enforced before its handler
//! runs, by the same code as the API's (`api::policy`).

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::shown;
use crate::{
    Error,
    api::{AppState, ByRoute, ClientAddress, ReadGrants, let_in},
    policy::Policy,
};

/// A page that shows what the API does not have: the process does not start with it.
#[derive(Debug, thiserror::Error)]
#[error("the page {path} shows `{name}`, and the API has no such operation")]
pub struct UnknownOperation {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
}

type Policies = Arc<ByRoute<Vec<Policy>>>;

/// The pages, with the guard before each.
pub(super) fn around(
    pages: Router<AppState>,
    app: AppState,
    policies: ByRoute<Vec<Policy>>,
) -> Router<AppState> {
    pages.route_layer(from_fn_with_state((app, Arc::new(policies)), enforce))
}

async fn enforce(
    State((app, policies)): State<(AppState, Policies)>,
    path: MatchedPath,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    // Pages answer GET and HEAD alone; whatever else comes is refused by the router behind this.
    let Some(wanted) = policies.find(request.method(), path.as_str()) else {
        return next.run(request).await;
    };
    let address = ClientAddress::of(request.extensions());
    let asked = (request.method(), request.headers());
    let wanted = (wanted.as_slice(), ReadGrants::Always);
    match let_in(&app, (asked, address), wanted, (path.as_str(), &params)).await {
        Ok(Some(actor)) => drop(request.extensions_mut().insert(actor)),
        Ok(None) => {}
        Err(Error::Unauthenticated(_)) => return to_sign_in(request.uri(), request.headers()),
        Err(error) => return shown::error(error),
    }
    next.run(request).await
}

/// There and back again. A script is told in its own way.
pub(super) fn to_sign_in(from: &Uri, headers: &HeaderMap) -> Response {
    let path = from.path_and_query().map_or("/", |path| path.as_str());
    let to = format!("/sign-in?return_to={}", utf8_percent_encode(path, NON_ALPHANUMERIC));
    shown::go(&to, headers)
}

/// Sends a browser to a page of ours.
pub(super) fn see_other(to: &str) -> Response {
    // A path that cannot be a header leads home.
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
