//! `/v1/registries`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CheckRegistry, CreateRegistry, Operation, Page, PageQuery, Registry, RegistryId, UpdateRegistry,
};

use super::{
    AppState,
    extract::{Answered, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{Error, registries};

/// Lists the team's logins of container registries, oldest first. Their passwords are never answered.
#[utoipa::path(get, path = "/v1/registries", tag = "registries", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Registry>), Problems))]
pub(super) async fn list_registries(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Registry>>, Error> {
    Ok(Answer(registries::list(&app, &actor, &query).await?))
}

/// Stores a login of a container registry. It is sent for images of that registry, to nobody else.
#[utoipa::path(post, path = "/v1/registries", tag = "registries",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["admin"])),
    responses((status = 201, description = "The login", body = Registry), Problems))]
pub(super) async fn create_registry(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateRegistry>,
) -> Result<(StatusCode, Answer<Registry>), Error> {
    Ok((StatusCode::CREATED, Answer(registries::create(&app, &actor, input, repeat).await?)))
}

/// Shows a login without its password.
#[utoipa::path(get, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = RegistryId, Path, description = "The login")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The login", body = Registry), Problems))]
pub(super) async fn show_registry(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RegistryId>,
) -> Result<Answer<Registry>, Error> {
    Ok(Answer(registries::show(&app, &actor, &id).await?))
}

/// Changes a login. What is left out stays; another host wants its password along.
#[utoipa::path(patch, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = RegistryId, Path, description = "The login")),
    security(("token" = ["admin"])),
    responses((status = 200, description = "The login", body = Registry), Problems))]
pub(super) async fn update_registry(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RegistryId>,
    Json(input): Json<UpdateRegistry>,
) -> Result<Answer<Registry>, Error> {
    Ok(Answer(registries::update(&app, &actor, &id, input).await?))
}

/// Removes a login.
#[utoipa::path(delete, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = RegistryId, Path, description = "The login")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_registry(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RegistryId>,
) -> Result<StatusCode, Error> {
    registries::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a server's Docker try the login. The operation fails when the registry refuses it, or could
/// not be asked.
#[utoipa::path(post, path = "/v1/registries/{id}/check", tag = "registries",
    params(("id" = RegistryId, Path, description = "The login"), Wait),
    security(("token" = ["admin"])),
    responses((status = 202, description = "The check", body = Operation), Problems))]
pub(super) async fn check_registry(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RegistryId>,
    Query(wait): Query<Wait>,
    Json(input): Json<CheckRegistry>,
) -> Result<Answered<Operation>, Error> {
    let begun = registries::check(&app, &actor, &id, &input).await?;
    wait.accepted(&app, &actor, &begun).await
}
