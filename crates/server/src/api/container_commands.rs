//! `/v1/destinations/{id}/containers/{container}/exec` and `/v1/applications/{id}/exec`.

use axum::extract::State;
use portolan_types::{ApplicationId, ContainerName, DestinationId, Operation, RunCommand};

use super::{
    AppState,
    extract::{Answered, Caller, Json, Path, Query, Wait},
    problem::Problems,
};
use crate::{Error, commands, container::Named};

/// Runs a program in a running container, once. Its exit code and the ends of what it said (64 KiB of
/// each output) are the operation's result, for who may run one.
///
/// It is for who may have a terminal on the server, and only while terminals are turned on there: a
/// container may be a way to its host. Who ran which program is written down; its arguments, which may
/// be secrets, are not. Docker cannot end a program: one that takes longer may run on.
#[utoipa::path(post, path = "/v1/destinations/{id}/containers/{container}/exec",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        Wait,
    ),
    security(("session" = ["terminal"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn run_in_container(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wait): Query<Wait>,
    Json(input): Json<RunCommand>,
) -> Result<Answered<Operation>, Error> {
    let begun = commands::run(&app, &actor, Named::On(&id, &container), input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Runs a program in the container that serves an application, as `run_in_container` does.
///
/// Who may deploy it may run programs in it, while terminals are turned on on its server: a deployment
/// runs whatever its image has, with the same variables and volumes.
#[utoipa::path(post, path = "/v1/applications/{id}/exec", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn run_in_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
    Json(input): Json<RunCommand>,
) -> Result<Answered<Operation>, Error> {
    let begun = commands::run(&app, &actor, Named::Of(&id), input).await?;
    wait.accepted(&app, &actor, &begun).await
}
