//! `/v1/environments`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateEnvironment, Environment, EnvironmentId, Page, PageQuery, ProjectId, UpdateEnvironment,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{Error, environments};

/// Which environments are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfProject {
    /// Only those of this project.
    #[param(value_type = Option<String>)]
    project_id: Option<ProjectId>,
}

/// Lists the team's environments, oldest first.
#[utoipa::path(get, path = "/v1/environments", tag = "projects", params(OfProject, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Environment>), Problems))]
pub(super) async fn list_environments(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(of): Query<OfProject>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Environment>>, Error> {
    Ok(Answer(environments::list(&app, &actor, of.project_id.as_ref(), &query).await?))
}

/// Makes an environment in a project.
#[utoipa::path(post, path = "/v1/environments", tag = "projects",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The environment", body = Environment), Problems))]
pub(super) async fn create_environment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateEnvironment>,
) -> Result<(StatusCode, Answer<Environment>), Error> {
    Ok((StatusCode::CREATED, Answer(environments::create(&app, &actor, input, repeat).await?)))
}

/// Shows an environment.
#[utoipa::path(get, path = "/v1/environments/{id}", tag = "projects",
    params(("id" = EnvironmentId, Path, description = "The environment")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The environment", body = Environment), Problems))]
pub(super) async fn show_environment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<EnvironmentId>,
) -> Result<Answer<Environment>, Error> {
    Ok(Answer(environments::show(&app, &actor, &id).await?))
}

/// Gives an environment another name or default destination.
#[utoipa::path(patch, path = "/v1/environments/{id}", tag = "projects",
    params(("id" = EnvironmentId, Path, description = "The environment")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The environment", body = Environment), Problems))]
pub(super) async fn update_environment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<EnvironmentId>,
    Json(input): Json<UpdateEnvironment>,
) -> Result<Answer<Environment>, Error> {
    Ok(Answer(environments::update(&app, &actor, &id, input).await?))
}

/// Removes an environment. Refused when something is in it.
#[utoipa::path(delete, path = "/v1/environments/{id}", tag = "projects",
    params(("id" = EnvironmentId, Path, description = "The environment")),
    security(("token" = ["manage"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_environment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<EnvironmentId>,
) -> Result<StatusCode, Error> {
    environments::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
