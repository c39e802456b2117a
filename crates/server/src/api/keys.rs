//! `/v1/keys`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{CreateKey, Key, KeyId, Page, PageQuery, UpdateKey};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{Error, keys};

/// Lists the team's keys, oldest first.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Key>), Problems))]
pub(super) async fn list_keys(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Key>>, Error> {
    Ok(Answer(keys::list(&app, &actor, &query).await?))
}

/// Generates an ed25519 key, or imports one. The private part is never answered.
#[utoipa::path(post, path = "/v1/keys", tag = "keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["admin"])),
    responses((status = 201, description = "The key", body = Key), Problems))]
pub(super) async fn create_key(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateKey>,
) -> Result<(StatusCode, Answer<Key>), Error> {
    Ok((StatusCode::CREATED, Answer(keys::create(&app, &actor, input, repeat).await?)))
}

/// Shows the public side of a key.
#[utoipa::path(get, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The key", body = Key), Problems))]
pub(super) async fn show_key(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<KeyId>,
) -> Result<Answer<Key>, Error> {
    Ok(Answer(keys::show(&app, &actor, &id).await?))
}

/// Renames a key.
#[utoipa::path(patch, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    security(("token" = ["admin"])),
    responses((status = 200, description = "The key", body = Key), Problems))]
pub(super) async fn update_key(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<KeyId>,
    Json(input): Json<UpdateKey>,
) -> Result<Answer<Key>, Error> {
    Ok(Answer(keys::update(&app, &actor, &id, input).await?))
}

/// Removes a key that no server uses.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_key(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<KeyId>,
) -> Result<StatusCode, Error> {
    keys::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
