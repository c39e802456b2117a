//! `/v1/destinations/{id}/containers/{container}/stats` and `/v1/applications/{id}/stats`: once, and as
//! server-sent events.

use axum::{
    Json as Answer,
    extract::State,
    response::{IntoResponse, Response},
};
use portolan_types::{ApplicationId, ContainerName, ContainerStats, DestinationId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Path, Query},
    lines,
    problem::Problems,
};
use crate::{Actor, Error, container::Named, readings};

/// In which shape it comes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Shape {
    /// As server-sent events, for as long as the container runs and the reader wants.
    stream: bool,
}

/// Tells what a running container uses: processors, memory, networks, disks.
///
/// One sample takes a second or two, because processors are measured between two. With `stream`
/// samples come as server-sent events, about one a second, each as its data; the first has no
/// `cpu_thousandths`. `event: ended` is the last, and says why.
#[utoipa::path(get, path = "/v1/destinations/{id}/containers/{container}/stats",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        Shape,
    ),
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "What it uses", content(
            (ContainerStats = "application/json"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_container_stats(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::On(&id, &container), &shape).await
}

/// Tells what the container uses that serves an application, as `read_container_stats` does.
#[utoipa::path(get, path = "/v1/applications/{id}/stats", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Shape),
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "What it uses", content(
            (ContainerStats = "application/json"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_application_stats(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::Of(&id), &shape).await
}

async fn read(
    app: &AppState,
    actor: &Actor,
    named: Named<'_>,
    shape: &Shape,
) -> Result<Response, Error> {
    if shape.stream {
        return Ok(lines::events(readings::watch_stats(app, actor, named).await?));
    }
    Ok(Answer(readings::read_stats(app, actor, named).await?).into_response())
}
