//! `/v1/applications/{id}/links`: which resources of other destinations an application reaches.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{ApplicationId, CreateLink, Link, Links};

use super::{
    AppState,
    extract::{Caller, Json, Path},
    problem::Problems,
};
use crate::{Error, links};

/// Lists the links of an application or a database.
///
/// Those that lead from it, and those that lead to it.
#[utoipa::path(get, path = "/v1/applications/{id}/links", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application, or the database by the same id")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The links", body = Links), Problems))]
pub(super) async fn list_links(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<Links>, Error> {
    Ok(Answer(links::list(&app, &actor, &id).await?))
}

/// Links an application to a resource of another destination of its server.
///
/// Resources of different environments share no network. The two get one of their own, on which the
/// application reaches the other one by its names, now and after each deployment.
#[utoipa::path(post, path = "/v1/applications/{id}/links", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application that is to reach the other one")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The link", body = Link), Problems))]
pub(super) async fn create_link(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Json(input): Json<CreateLink>,
) -> Result<(StatusCode, Answer<Link>), Error> {
    Ok((StatusCode::CREATED, Answer(links::create(&app, &actor, &id, &input).await?)))
}

/// Takes a link away: the two no longer reach each other.
#[utoipa::path(delete, path = "/v1/applications/{id}/links/{to}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application that reaches the other one"),
           ("to" = ApplicationId, Path, description = "The resource that it reaches")),
    security(("token" = ["manage"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_link(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, to)): Path<(ApplicationId, ApplicationId)>,
) -> Result<StatusCode, Error> {
    links::delete(&app, &actor, (&id, &to)).await?;
    Ok(StatusCode::NO_CONTENT)
}
