//! `/v1/destinations/{id}/containers`.

use axum::{Json as Answer, extract::State};
use portolan_types::{
    ConnectContainer, ContainerName, DestinationContainers, DestinationId, MoveContainer,
    Operation, Preview,
};

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Wait},
    problem::Problems,
};
use crate::{
    Error,
    destinations::{containers, preview},
};

/// Lists the containers on a destination, running or not.
#[utoipa::path(get, path = "/v1/destinations/{id}/containers", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["read"])),
    responses((status = 200, description = "As last seen", body = DestinationContainers), Problems))]
pub(super) async fn list_containers(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
) -> Result<Answer<DestinationContainers>, Error> {
    Ok(Answer(containers::list(&app, &actor, &id).await?))
}

/// Connects a container of the host to a destination. One that is on it already is left alone.
#[utoipa::path(post, path = "/v1/destinations/{id}/containers", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait),
    security(("token" = ["use"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn connect_container(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
    Json(input): Json<ConnectContainer>,
) -> Result<Answered<Operation>, Error> {
    let begun = containers::connect(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Disconnects a container. One that is not on the destination is left alone.
#[utoipa::path(delete, path = "/v1/destinations/{id}/containers/{container}", tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        Wait,
        Ask,
    ),
    security(("token" = ["use"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn disconnect_container(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::disconnect(&app, &actor, &id, &container).await?));
    }
    let begun = containers::disconnect(&app, &actor, &id, container).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Moves a container to another destination of the same server, with its aliases.
#[utoipa::path(post, path = "/v1/destinations/{id}/containers/{container}/move",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination that it leaves"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        Wait,
        Ask,
    ),
    security(("token" = ["use"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn move_container(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Json(input): Json<MoveContainer>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(
            preview::move_to(&app, &actor, &id, &container, &input).await?,
        ));
    }
    let begun = containers::move_to(&app, &actor, &id, container, input).await?;
    wait.accepted(&app, &actor, &begun).await
}
