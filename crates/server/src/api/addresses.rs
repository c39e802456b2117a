//! `/v1/addresses` and `/v1/servers/{id}/addresses`.

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use portolan_types::{AddressPlan, FleetAddresses, ServerAddresses, ServerId, UpdateAddressPlan};

use super::{
    AppState,
    extract::{Caller, Json, Path},
    problem::Problems,
};
use crate::{Error, addresses, chart};

/// Shows the address plan, and what is left of it on each server.
#[utoipa::path(get, path = "/v1/addresses", tag = "addresses",
    security(("token" = ["read"])),
    responses((status = 200, description = "The plan", body = FleetAddresses), Problems))]
pub(super) async fn show_addresses(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<FleetAddresses>, Error> {
    Ok(Answer(addresses::show(&app, &actor).await?))
}

/// Changes the address plan. Networks that are there already stay as they are.
#[utoipa::path(patch, path = "/v1/addresses", tag = "addresses",
    security(("token" = ["owner"])),
    responses((status = 200, description = "The plan", body = AddressPlan), Problems))]
pub(super) async fn update_addresses(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<UpdateAddressPlan>,
) -> Result<Answer<AddressPlan>, Error> {
    Ok(Answer(addresses::update(&app, &actor, input).await?))
}

/// Draws the team's pools, and what takes them on any server.
#[utoipa::path(get, path = "/v1/addresses.svg", tag = "addresses",
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "A picture", body = String, content_type = "image/svg+xml"),
        Problems
    ))]
pub(super) async fn draw_addresses(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Picture, Error> {
    Ok(Picture(addresses::draw(&app, &actor).await?))
}

/// Shows the addresses of a server, network by network.
#[utoipa::path(get, path = "/v1/servers/{id}/addresses", tag = "addresses",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses((status = 200, description = "Its addresses", body = ServerAddresses), Problems))]
pub(super) async fn show_server_addresses(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Answer<ServerAddresses>, Error> {
    Ok(Answer(addresses::show_server(&app, &actor, &id).await?))
}

/// Draws the addresses of a server.
#[utoipa::path(get, path = "/v1/servers/{id}/addresses.svg", tag = "addresses",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "A picture", body = String, content_type = "image/svg+xml"),
        Problems
    ))]
pub(super) async fn draw_server_addresses(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Picture, Error> {
    Ok(Picture(addresses::draw_server(&app, &actor, &id).await?))
}

/// An SVG document. It brings its own style sheet, and may do nothing else.
#[derive(Debug)]
pub(super) struct Picture(String);

impl Picture {
    const TYPE: HeaderValue = HeaderValue::from_static("image/svg+xml");

    fn policy() -> String {
        let style = chart::style_source();
        format!("default-src 'none'; style-src {style}; base-uri 'none'; frame-ancestors 'none'")
    }
}

impl IntoResponse for Picture {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, Self::TYPE)];
        ([(header::CONTENT_SECURITY_POLICY, Self::policy())], headers, self.0).into_response()
    }
}
