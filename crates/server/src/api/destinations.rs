//! `/v1/destinations`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateDestination, Destination, DestinationId, Operation, Page, PageQuery, ServerId,
    UpdateDestination,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Json, Path, Query, Reader, Repeat, Wait, Writer},
    problem::Problems,
};
use crate::{Error, destinations, operations};

/// Which destinations are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfServer {
    /// Only those of this server.
    #[param(value_type = Option<String>)]
    server_id: Option<ServerId>,
}

/// Lists the team's destinations, oldest first.
#[utoipa::path(get, path = "/v1/destinations", tag = "destinations", params(OfServer, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Destination>), Problems))]
pub(super) async fn list_destinations(
    State(app): State<AppState>,
    Reader(actor): Reader,
    Query(of): Query<OfServer>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Destination>>, Error> {
    Ok(Answer(destinations::list(&app, &actor, of.server_id.as_ref(), &query).await?))
}

/// Creates a destination. It is `pending` until its network was made and inspected.
#[utoipa::path(post, path = "/v1/destinations", tag = "destinations",
    params(
        Wait,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe"),
    ),
    security(("token" = ["write"])),
    responses((status = 201, description = "The destination", body = Destination), Problems))]
pub(super) async fn create_destination(
    State(app): State<AppState>,
    Writer(actor): Writer,
    Query(wait): Query<Wait>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateDestination>,
) -> Result<(StatusCode, Answer<Destination>), Error> {
    let made = destinations::create(&app, &actor, input, repeat).await?;
    let shown = destinations::settled(&app, &actor, made, wait.limit()).await?;
    Ok((StatusCode::CREATED, Answer(shown)))
}

/// Shows a destination.
#[utoipa::path(get, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The destination", body = Destination), Problems))]
pub(super) async fn show_destination(
    State(app): State<AppState>,
    Reader(actor): Reader,
    Path(id): Path<DestinationId>,
) -> Result<Answer<Destination>, Error> {
    Ok(Answer(destinations::show(&app, &actor, &id).await?))
}

/// Renames a destination. The network's name cannot be changed.
#[utoipa::path(patch, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["write"])),
    responses((status = 200, description = "The destination", body = Destination), Problems))]
pub(super) async fn update_destination(
    State(app): State<AppState>,
    Writer(actor): Writer,
    Path(id): Path<DestinationId>,
    Json(input): Json<UpdateDestination>,
) -> Result<Answer<Destination>, Error> {
    Ok(Answer(destinations::update(&app, &actor, &id, input).await?))
}

/// Begins the removal. It fails, and changes nothing, while containers are on the network.
#[utoipa::path(delete, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait),
    security(("token" = ["write"])),
    responses((status = 202, description = "The removal", body = Operation), Problems))]
pub(super) async fn delete_destination(
    State(app): State<AppState>,
    Writer(actor): Writer,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
) -> Result<(StatusCode, Answer<Operation>), Error> {
    let begun = destinations::delete(&app, &actor, &id).await?;
    let shown = operations::wait(&app, &actor, &begun.id, wait.limit()).await?;
    Ok((StatusCode::ACCEPTED, Answer(shown)))
}

/// Tries a failed destination again.
#[utoipa::path(post, path = "/v1/destinations/{id}/retry", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait),
    security(("token" = ["write"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn retry_destination(
    State(app): State<AppState>,
    Writer(actor): Writer,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
) -> Result<(StatusCode, Answer<Operation>), Error> {
    let begun = destinations::retry(&app, &actor, &id).await?;
    let shown = operations::wait(&app, &actor, &begun.id, wait.limit()).await?;
    Ok((StatusCode::ACCEPTED, Answer(shown)))
}

/// Makes an adopted destination Portolan's own. The network is not touched; from then on it is
/// repaired and removed as one that was created.
#[utoipa::path(post, path = "/v1/destinations/{id}/take-over", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["write"])),
    responses((status = 200, description = "The destination", body = Destination), Problems))]
pub(super) async fn take_over_destination(
    State(app): State<AppState>,
    Writer(actor): Writer,
    Path(id): Path<DestinationId>,
) -> Result<Answer<Destination>, Error> {
    Ok(Answer(destinations::take_over(&app, &actor, &id).await?))
}
