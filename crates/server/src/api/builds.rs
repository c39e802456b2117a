//! `/v1/applications/{id}/deployments/{number}/log`: what a build said.

use std::num::NonZeroU32;

use axum::{extract::State, response::Response};
use portolan_types::{ApplicationId, LogLine};

use super::{
    AppState,
    extract::{Caller, Path, Query},
    lines::{self, Shape},
    problem::Problems,
};
use crate::{Error, applications::build_log};

/// Reads what the build of a deployment said.
///
/// With `follow` it comes as server-sent events, as `read_container_logs` has them, until the image is
/// there or there will be none.
#[utoipa::path(get, path = "/v1/applications/{id}/deployments/{number}/log", tag = "applications",
    params(
        ("id" = ApplicationId, Path, description = "The application"),
        ("number" = u32, Path, description = "Counts the deployments of the application"),
        Shape,
    ),
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "What it said", content(
            (String = "text/plain"),
            (LogLine = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_build_log(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, number)): Path<(ApplicationId, NonZeroU32)>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    if shape.follow {
        return Ok(lines::events(build_log::follow(app, actor, (id, number)).await?));
    }
    let said = build_log::read(&app, &actor, (&id, number)).await?;
    Ok(lines::text(said, &format!("build-{number}"), &shape))
}
