//! The interactive documentation at `/docs` and the document at `/openapi.json`.

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Swagger UI sets styles inline and shows images from data; it needs nothing from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

pub(super) fn router(document: utoipa::openapi::OpenApi) -> Router {
    let config = Config::default().try_it_out_enabled(true).persist_authorization(false);
    let ui = SwaggerUi::new("/docs").url("/openapi.json", document).config(config);
    Router::new()
        .merge(ui)
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, POLICY))
}
