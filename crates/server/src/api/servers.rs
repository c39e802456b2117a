//! `/v1/servers`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    AdoptNetworks, CreateServer, Operation, Page, PageQuery, Preview, RemovedServer, Repin, Server,
    ServerId, UpdateServer,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{
    Error,
    servers::{self, Removal},
};

/// Lists the team's servers, oldest first.
#[utoipa::path(get, path = "/v1/servers", tag = "servers", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Server>), Problems))]
pub(super) async fn list_servers(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Server>>, Error> {
    Ok(Answer(servers::list(&app, &actor, &query).await?))
}

/// Adds a server and begins its validation (`operation_id`).
#[utoipa::path(post, path = "/v1/servers", tag = "servers",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["admin"])),
    responses((status = 201, description = "The server", body = Server), Problems))]
pub(super) async fn create_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateServer>,
) -> Result<(StatusCode, Answer<Server>), Error> {
    Ok((StatusCode::CREATED, Answer(servers::create(&app, &actor, input, repeat).await?)))
}

/// Shows a server.
#[utoipa::path(get, path = "/v1/servers/{id}", tag = "servers",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The server", body = Server), Problems))]
pub(super) async fn show_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Answer<Server>, Error> {
    Ok(Answer(servers::show(&app, &actor, &id).await?))
}

/// Edits a server. A changed connection is validated anew.
#[utoipa::path(patch, path = "/v1/servers/{id}", tag = "servers",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The server", body = Server), Problems))]
pub(super) async fn update_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Json(input): Json<UpdateServer>,
) -> Result<Answer<Server>, Error> {
    Ok(Answer(servers::update(&app, &actor, &id, input).await?))
}

/// What happens to the destinations of a removed server.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteServer {
    /// Remove it with its destinations although its host does not answer. Nothing is removed
    /// from the host: the answer names the networks that stay there.
    #[serde(default)]
    forget: bool,
}

/// Removes a server from Portolan. Its host is not touched.
#[utoipa::path(delete, path = "/v1/servers/{id}", tag = "servers",
    params(("id" = ServerId, Path, description = "The server"), Ask, DeleteServer),
    security(("token" = ["manage"])),
    responses(
        (status = 200, description = "It is gone; with `preview`, what would happen",
         body = RemovedOrPreviewed),
        Problems,
    ))]
pub(super) async fn delete_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(ask): Query<Ask>,
    Query(query): Query<DeleteServer>,
) -> Result<Answer<RemovedOrPreviewed>, Error> {
    let removal = if query.forget { Removal::Forget } else { Removal::Empty };
    Ok(Answer(if ask.preview {
        let preview = servers::preview_removal(&app, &actor, &id, removal).await?;
        RemovedOrPreviewed::Previewed(preview)
    } else {
        RemovedOrPreviewed::Removed(servers::delete(&app, &actor, &id, removal).await?)
    }))
}

/// Either has the same status.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum RemovedOrPreviewed {
    Removed(RemovedServer),
    Previewed(Preview),
}

/// Begins a validation.
#[utoipa::path(post, path = "/v1/servers/{id}/validate", tag = "servers",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The validation", body = Operation), Problems))]
pub(super) async fn validate_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<(StatusCode, Answer<Operation>), Error> {
    Ok((StatusCode::ACCEPTED, Answer(servers::validate(&app, &actor, &id).await?)))
}

/// Scans the server's networks. They are the operation's `result`.
#[utoipa::path(post, path = "/v1/servers/{id}/scan", tag = "servers",
    params(("id" = ServerId, Path, description = "The server"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The scan", body = Operation), Problems))]
pub(super) async fn scan_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = servers::scan(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Adopts networks that are there already as destinations. What became of each is the
/// operation's `result`.
#[utoipa::path(post, path = "/v1/servers/{id}/adopt", tag = "servers",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask),
    security(("token" = ["operate"])),
    responses(
        (status = 202, description = "The adoption", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn adopt_networks(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Json(input): Json<AdoptNetworks>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        let preview = servers::preview_adoption(&app, &actor, &id, &input).await?;
        return Ok(Answered::Previewed(preview));
    }
    let begun = servers::adopt(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Pins another host key by its fingerprint, and begins a validation with it.
#[utoipa::path(post, path = "/v1/servers/{id}/host-key", tag = "servers",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The validation", body = Operation), Problems))]
pub(super) async fn repin_server(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Json(input): Json<Repin>,
) -> Result<(StatusCode, Answer<Operation>), Error> {
    Ok((StatusCode::ACCEPTED, Answer(servers::repin(&app, &actor, &id, input).await?)))
}
