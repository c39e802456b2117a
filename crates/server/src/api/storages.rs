//! `/v1/storages`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateStorage, Page, PageQuery, Storage, StorageId, StorageTrial, UpdateStorage,
};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{Error, storages};

/// Lists the team's storages for backups, oldest first.
#[utoipa::path(get, path = "/v1/storages", tag = "backups", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Storage>), Problems))]
pub(super) async fn list_storages(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Storage>>, Error> {
    Ok(Answer(storages::list(&app, &actor, &query).await?))
}

/// Makes a storage for backups of databases. Whoever may back a database of the team up may use it.
#[utoipa::path(post, path = "/v1/storages", tag = "backups",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["admin"])),
    responses((status = 201, description = "The storage", body = Storage), Problems))]
pub(super) async fn create_storage(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateStorage>,
) -> Result<(StatusCode, Answer<Storage>), Error> {
    Ok((StatusCode::CREATED, Answer(storages::create(&app, &actor, input, repeat).await?)))
}

/// Shows a storage, and how much is in it.
#[utoipa::path(get, path = "/v1/storages/{id}", tag = "backups",
    params(("id" = StorageId, Path, description = "The storage")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The storage", body = Storage), Problems))]
pub(super) async fn show_storage(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StorageId>,
) -> Result<Answer<Storage>, Error> {
    Ok(Answer(storages::show(&app, &actor, &id).await?))
}

/// Changes a storage. What is left out stays.
#[utoipa::path(patch, path = "/v1/storages/{id}", tag = "backups",
    params(("id" = StorageId, Path, description = "The storage")),
    security(("token" = ["admin"])),
    responses((status = 200, description = "The storage", body = Storage), Problems))]
pub(super) async fn update_storage(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StorageId>,
    Json(input): Json<UpdateStorage>,
) -> Result<Answer<Storage>, Error> {
    Ok(Answer(storages::update(&app, &actor, &id, input).await?))
}

/// Removes a storage in which there are no backups.
#[utoipa::path(delete, path = "/v1/storages/{id}", tag = "backups",
    params(("id" = StorageId, Path, description = "The storage")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_storage(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StorageId>,
) -> Result<StatusCode, Error> {
    storages::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a small object into a storage, reads it and removes it, and says what does not work.
#[utoipa::path(post, path = "/v1/storages/{id}/try", tag = "backups",
    params(("id" = StorageId, Path, description = "The storage")),
    security(("token" = ["admin"])),
    responses((status = 200, description = "It can be used", body = StorageTrial), Problems))]
pub(super) async fn try_storage(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StorageId>,
) -> Result<Answer<StorageTrial>, Error> {
    Ok(Answer(storages::try_it(&app, &actor, &id).await?))
}
