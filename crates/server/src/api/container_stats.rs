//! `/v1/destinations/{id}/containers/{container}/stats`: once, and as server-sent events.

use axum::{
    Json as Answer,
    extract::State,
    response::{IntoResponse, Response},
};
use portolan_types::{ContainerName, ContainerStats, DestinationId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState, container_logs,
    extract::{Caller, Path, Query},
    problem::Problems,
};
use crate::{Error, readings};

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
    let place = (&id, &container);
    if shape.stream {
        return Ok(container_logs::events(readings::watch_stats(&app, &actor, place).await?));
    }
    Ok(Answer(readings::read_stats(&app, &actor, place).await?).into_response())
}
