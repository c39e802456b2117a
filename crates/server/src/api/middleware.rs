//! What surrounds every route: ids, logs, limits, headers.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock, clock::DefaultClock};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};

use super::{
    AppState,
    address::{self, ClientAddress},
    extract::presented,
    problem::{answer, problem},
    traced::{self, Operations},
};
use crate::{metrics::RequestLabels, vault};

/// Larger than any key; nothing else comes near.
const MAX_BODY_BYTES: usize = 128 * 1_024;
/// Longer than the longest `?wait=`.
const TIMEOUT: Duration = Duration::from_secs(75);
/// Callers that are forgotten when this many are known: the limiter must not be a leak.
const MAX_CALLERS: usize = 10_000;
const TEN: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// For answers that are no pages: nothing is loaded, framed or sent from them.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// What no page of ours ever asks a browser for. Passkeys stay: they are asked for.
const NO_PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), \
                              payment=(), serial=(), usb=()";

/// Puts the layers around the routes; the first is the outermost.
pub(super) fn wrap(
    router: Router,
    app: AppState,
    limiter: Arc<Limiter>,
    operations: Operations,
) -> Router {
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(middleware::from_fn_with_state(app.clone(), address::recognise))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(fixed_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed_header(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed_header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(default_header(header::CACHE_CONTROL, "no-store"))
        .layer(default_header(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(fixed_header(OPENER_POLICY, "same-origin"))
        .layer(fixed_header(RESOURCE_POLICY, "same-origin"))
        .layer(fixed_header(PERMISSIONS_POLICY, NO_PERMISSIONS))
        .layer(middleware::from_fn(once_when_chunked))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), measure))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(limiter, limit))
        .layer(middleware::from_fn_with_state((app, operations), traced::trace))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    router.layer(layers)
}

fn fixed_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

fn default_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// The path without its query: a query may hold what a log must not.
fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        request.id = id
    )
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    answer(problem(status, "internal", "Internal error", "the control plane made a mistake"))
}

async fn measure(
    State(app): State<AppState>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = method_label(request.method());
    let route = path.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.metrics.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    app.metrics.request_seconds.observe(begun.elapsed().as_secs_f64());
    response
}

/// Methods are free text in HTTP: a label for each would let a stranger fill the memory.
fn method_label(method: &Method) -> String {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PATCH | Method::DELETE => {
            method.to_string()
        }
        _ => "other".into(),
    }
}

/// A length beside a body in chunks is how one request is hidden in another (RFC 9112, section 6.1).
/// The HTTP library goes by the chunks and drops the length, so that nobody can tell here whether
/// there was one: no connection with such a body is used again.
pub(crate) async fn once_when_chunked(request: Request, next: Next) -> Response {
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = next.run(request).await;
    if chunked {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", TIMEOUT.as_secs());
        answer(problem(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "Too slow", detail))
    })
}

/// How many requests each caller may make: by token where one is sent, else by address. An address
/// may make ten times as many in all, or made-up tokens would have no limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    callers: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<String>,
}

impl Limiter {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let keyed = |quota| DefaultKeyedRateLimiter::keyed(Quota::per_minute(quota));
        Self { callers: keyed(per_minute), addresses: keyed(per_minute.saturating_mul(TEN)) }
    }

    /// `Err` is how long to wait. The address comes first: what it refuses is not remembered.
    fn check(&self, caller: &Caller) -> Result<(), Duration> {
        admit(&self.addresses, &caller.address)?;
        admit(&self.callers, &caller.name)
    }
}

fn admit(limiter: &DefaultKeyedRateLimiter<String>, key: &String) -> Result<(), Duration> {
    if limiter.len() > MAX_CALLERS {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|wait| wait.wait_time_from(DefaultClock::default().now()))
}

/// Who sent a request, as far as it can be told before anything is looked up.
struct Caller {
    address: String,
    name: String,
}

async fn limit(State(limiter): State<Arc<Limiter>>, request: Request, next: Next) -> Response {
    match limiter.check(&caller(&request)) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_many(wait),
    }
}

/// A token is told from another by its hash, so that callers behind one address do not slow each
/// other.
fn caller(request: &Request) -> Caller {
    let address = ClientAddress::of(request.extensions());
    let address = address.map_or_else(String::new, |address| address.0.to_string());
    let name = match presented(request.headers()) {
        Some((_, token)) => format!("{address} {}", vault::hash(token)),
        None => address.clone(),
    };
    Caller { address, name }
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let mut problem = problem(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-requests",
        "Too many requests",
        format!("too many requests: the next one is accepted in {seconds} s"),
    );
    problem.remedy = Some("wait, or raise the limit (`portolan serve --rate-limit`)".into());
    ([(header::RETRY_AFTER, seconds.to_string())], answer(problem)).into_response()
}
