//! `/v1/applications/{id}/places`: the other servers on which an application is too.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{AddPlace, Application, ApplicationId, Page, PageQuery};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, applications::places};

/// Lists the further places of an application, oldest first.
///
/// Each is an application of its own that follows: with its state, deployments, logs and terminal, by its id.
#[utoipa::path(get, path = "/v1/applications/{id}/places", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Application>), Problems))]
pub(super) async fn list_places(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Application>>, Error> {
    Ok(Answer(places::list(&app, &actor, &id, &query).await?))
}

/// Adds a further place to an application, on a destination of another server.
///
/// What serves is deployed there at once; from then on each deployment of the application is followed there
/// when it serves, and each rollback. A place has volumes of its own. It is deployed anew by itself
/// (`deploy_application`), stopped, started and removed (`delete_application`) by its own id, and changed only
/// with its original.
#[utoipa::path(post, path = "/v1/applications/{id}/places", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The place", body = Application), Problems))]
pub(super) async fn add_place(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Json(input): Json<AddPlace>,
) -> Result<(StatusCode, Answer<Application>), Error> {
    Ok((StatusCode::CREATED, Answer(places::add(&app, &actor, &id, input).await?)))
}
