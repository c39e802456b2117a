//! What a form asks for is a call of the API.
//!
//! `POST /do/METHOD/v1/...` with the fields of a form becomes `METHOD /v1/...` with JSON, goes the
//! whole way that every call goes, and comes back as a page: elsewhere when it succeeded, or as what
//! it found, or as the problem. Nothing is decided here, and there is no second set of handlers
//! that could check less.

mod fields;

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{
        Extensions, HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode, Uri,
        header,
    },
    middleware::from_fn,
    response::Response,
    routing::post,
};
use portolan_types::{Problem, ReturnTo};
use serde_json::Value;
use tower::ServiceExt;

use self::fields::Form;
use super::{guard, results, shown};
use crate::api::{self, OperationName};

/// Larger than any key; the API's own limit comes after.
const MAX_FORM_BYTES: usize = 256 * 1_024;
/// More than any answer that a page shows.
const MAX_ANSWER_BYTES: usize = 8 * 1_024 * 1_024;

/// Everything that is served, and the forms that call it.
pub(crate) fn around(served: Router) -> Router {
    let forms = Router::new()
        .route("/do/{method}/{*path}", post(act).with_state(served.clone()))
        .layer(from_fn(api::in_time))
        .layer(from_fn(api::once_when_chunked));
    forms.fallback_service(served)
}

async fn act(State(served): State<Router>, request: Request) -> Response {
    let headers = request.headers().clone();
    match translate(request).await {
        Ok((form, call)) => answer(&form, &headers, served.oneshot(call).await).await,
        Err(problem) => failed(*problem, &headers),
    }
}

/// The call that a form stands for.
async fn translate(request: Request) -> Result<(Form, Request), Box<Problem>> {
    let (mut parts, body) = request.into_parts();
    let body = read(body, MAX_FORM_BYTES).await?;
    let form = Form::read(&body)?;
    (parts.method, parts.uri) = called(&parts.uri, &form)?;
    parts.extensions = connection(&parts.extensions);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Body::from(form.body.to_string());
    Ok((form, Request::from_parts(parts, body)))
}

/// What is known of a request before it is routed; what was matched so far is the form's address.
fn connection(of: &Extensions) -> Extensions {
    let mut known = Extensions::new();
    if let Some(peer) = of.get::<ConnectInfo<SocketAddr>>() {
        known.insert(*peer);
    }
    known
}

/// Which operation that is: the path as it came, with whatever is encoded in it.
fn called(uri: &Uri, form: &Form) -> Result<(Method, Uri), Box<Problem>> {
    let elsewhere = || refused("a form calls the API alone");
    let path = uri.path().strip_prefix("/do/").ok_or_else(elsewhere)?;
    let (method, path) = path.split_once('/').ok_or_else(elsewhere)?;
    let method = match method {
        "post" => Method::POST,
        "put" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" => Method::DELETE,
        _ => return Err(refused("a form cannot ask for that method")),
    };
    // A form that called a form would go round.
    if !path.starts_with("v1/") {
        return Err(elsewhere());
    }
    let query: Vec<&str> =
        uri.query().into_iter().chain(form.query.iter().map(String::as_str)).collect();
    let address = format!("/{path}?{}", query.join("&"));
    Ok((method, address.trim_end_matches('?').parse().map_err(|_| elsewhere())?))
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Box<Problem>> {
    to_bytes(body, limit).await.map_err(|error| refused(&format!("unreadable: {error}")))
}

fn refused(why: &str) -> Box<Problem> {
    Box::new(api::problem(StatusCode::BAD_REQUEST, "unreadable-form", "Unreadable form", why))
}

/// What came back, as a page.
async fn answer(
    form: &Form,
    headers: &HeaderMap,
    answered: Result<HttpResponse<Body>, std::convert::Infallible>,
) -> Response {
    let Ok(answered) = answered;
    let (parts, body) = answered.into_parts();
    let body = match read(body, MAX_ANSWER_BYTES).await {
        Ok(body) => body,
        Err(problem) => return failed(*problem, headers),
    };
    // Endings of sessions and the like answer nothing.
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = parts.extensions.get::<OperationName>();
    let mut response = if parts.status.is_success() {
        succeeded(form, headers, name, &json)
    } else {
        refusal(parts.status, json, headers)
    };
    for cookie in parts.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    if let Some(id) = parts.headers.get("x-request-id") {
        response.headers_mut().insert("x-request-id", id.clone());
    }
    response
}

/// What was found or made is shown where it is more than an outcome; else the form says where to go.
fn succeeded(
    form: &Form,
    headers: &HeaderMap,
    name: Option<&OperationName>,
    json: &Value,
) -> Response {
    let next = form.next(json);
    let shown = name.and_then(|name| results::show(&name.0, json, &next, headers));
    shown.unwrap_or_else(|| shown::go(next.as_str(), headers))
}

fn refusal(status: StatusCode, json: Value, headers: &HeaderMap) -> Response {
    let problem = serde_json::from_value(json).unwrap_or_else(|_| {
        api::problem(status, "unknown", "Refused", "the control plane did not say why")
    });
    failed(problem, headers)
}

/// The session of the page has ended, or there is something to be mended in the form.
fn failed(problem: Problem, headers: &HeaderMap) -> Response {
    if problem.kind == "/problems/unauthenticated" && !is_way_in(headers) {
        let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
        let from = from.and_then(|from| from.parse::<Uri>().ok()).unwrap_or_default();
        return guard::to_sign_in(&from, headers);
    }
    results::problem(problem, headers)
}

/// Whoever is signing in is not sent to sign in.
fn is_way_in(headers: &HeaderMap) -> bool {
    let from = headers.get("hx-current-url").or_else(|| headers.get(header::REFERER));
    let from = from.and_then(|from| from.to_str().ok()).and_then(|from| from.parse::<Uri>().ok());
    from.is_none_or(|from| {
        ["/sign-in", "/setup", "/invite", "/password-reset"]
            .iter()
            .any(|way| from.path().starts_with(way))
    })
}

/// Where a form leads when nothing else is said.
fn home() -> ReturnTo {
    ReturnTo::default()
}
