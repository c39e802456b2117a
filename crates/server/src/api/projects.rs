//! `/v1/projects`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{CreateProject, Page, PageQuery, Project, ProjectId, UpdateProject};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{Error, projects};

/// Lists the team's projects, oldest first.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Project>), Problems))]
pub(super) async fn list_projects(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Project>>, Error> {
    Ok(Answer(projects::list(&app, &actor, &query).await?))
}

/// Makes a project, with an environment `production`.
#[utoipa::path(post, path = "/v1/projects", tag = "projects",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["admin"])),
    responses((status = 201, description = "The project", body = Project), Problems))]
pub(super) async fn create_project(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateProject>,
) -> Result<(StatusCode, Answer<Project>), Error> {
    Ok((StatusCode::CREATED, Answer(projects::create(&app, &actor, input, repeat).await?)))
}

/// Shows a project.
#[utoipa::path(get, path = "/v1/projects/{id}", tag = "projects",
    params(("id" = ProjectId, Path, description = "The project")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The project", body = Project), Problems))]
pub(super) async fn show_project(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ProjectId>,
) -> Result<Answer<Project>, Error> {
    Ok(Answer(projects::show(&app, &actor, &id).await?))
}

/// Gives a project another name or description.
#[utoipa::path(patch, path = "/v1/projects/{id}", tag = "projects",
    params(("id" = ProjectId, Path, description = "The project")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The project", body = Project), Problems))]
pub(super) async fn update_project(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ProjectId>,
    Json(input): Json<UpdateProject>,
) -> Result<Answer<Project>, Error> {
    Ok(Answer(projects::update(&app, &actor, &id, input).await?))
}

/// Removes a project with its environments. Refused when something is in one of them.
#[utoipa::path(delete, path = "/v1/projects/{id}", tag = "projects",
    params(("id" = ProjectId, Path, description = "The project")),
    security(("token" = ["manage"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_project(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ProjectId>,
) -> Result<StatusCode, Error> {
    projects::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
