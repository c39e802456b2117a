//! `/v1/destinations/{id}/containers/{container}/logs` and `/v1/applications/{id}/logs`: as text, and as
//! server-sent events.

use axum::{extract::State, response::Response};
use portolan_types::{ApplicationId, ContainerName, DestinationId, LogLine, ReadLogs};

use super::{
    AppState,
    extract::{Caller, Path, Query},
    lines::{self, Shape},
    problem::Problems,
};
use crate::{Actor, Error, container::Named, readings};

/// Reads what a container said: the last lines, as its program wrote them.
///
/// With `follow` they come as server-sent events, and those that follow. Each has a line as its data:
/// `{"stream":"stdout","at":"...","text":"..."}`. Then `lines` are those before, in which `search`
/// looks first. `event: left-out` says how many lines (`{"lines":5}`) were said faster than they were
/// read and are missing before what comes next; `event: ended` is the last, and says why:
/// `{"cause":"ended","message":"..."}`. A comment comes every 15 s.
///
/// What programs write may hold secrets: it needs the right to use the server. The proxy's are read
/// with `read_proxy_logs`.
#[utoipa::path(get, path = "/v1/destinations/{id}/containers/{container}/logs",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        ReadLogs,
        Shape,
    ),
    security(("token" = ["use"])),
    responses(
        (status = 200, description = "What it said", content(
            (String = "text/plain"),
            (LogLine = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_container_logs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wanted): Query<ReadLogs>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::On(&id, &container), (wanted, &shape)).await
}

/// Reads what the container said that serves an application, as `read_container_logs` does.
///
/// What programs write may hold secrets: it needs the right to use the project, and none on the server.
#[utoipa::path(get, path = "/v1/applications/{id}/logs", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), ReadLogs, Shape),
    security(("token" = ["use"])),
    responses(
        (status = 200, description = "What it said", content(
            (String = "text/plain"),
            (LogLine = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_application_logs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wanted): Query<ReadLogs>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::Of(&id), (wanted, &shape)).await
}

async fn read(
    app: &AppState,
    actor: &Actor,
    named: Named<'_>,
    (wanted, shape): (ReadLogs, &Shape),
) -> Result<Response, Error> {
    if shape.follow {
        return Ok(lines::events(readings::follow_logs(app, actor, named, wanted).await?));
    }
    let read = readings::read_logs(app, actor, named, wanted).await?;
    Ok(lines::text(read, named.word(), shape))
}
