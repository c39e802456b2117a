//! `/v1/passkeys`: the caller's passkeys.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreatePasskey, Page, PageQuery, Passkey, PasskeyCreation, PasskeyId, UpdatePasskey,
};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, passkeys};

/// Lists one's own passkeys, oldest first.
#[utoipa::path(get, path = "/v1/passkeys", tag = "session", params(PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page", body = Page<Passkey>), Problems))]
pub(super) async fn list_passkeys(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Passkey>>, Error> {
    Ok(Answer(passkeys::list(&app, &actor, &query).await?))
}

/// Begins to make a passkey: what `navigator.credentials.create` takes. Needs a fresh sign-in.
#[utoipa::path(post, path = "/v1/passkeys/begin", tag = "session", security(("session" = [])),
    responses((status = 200, description = "What to ask of the authenticator", body = PasskeyCreation), Problems))]
pub(super) async fn begin_passkey(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<PasskeyCreation>, Error> {
    Ok(Answer(passkeys::begin_creation(&app, &actor).await?))
}

/// Takes a passkey that was made. Needs a fresh sign-in.
#[utoipa::path(post, path = "/v1/passkeys", tag = "session", security(("session" = [])),
    responses((status = 201, description = "The passkey", body = Passkey), Problems))]
pub(super) async fn create_passkey(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<CreatePasskey>,
) -> Result<(StatusCode, Answer<Passkey>), Error> {
    Ok((StatusCode::CREATED, Answer(passkeys::create(&app, &actor, input).await?)))
}

/// Renames a passkey.
#[utoipa::path(patch, path = "/v1/passkeys/{id}", tag = "session",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    security(("session" = [])),
    responses((status = 200, description = "The passkey", body = Passkey), Problems))]
pub(super) async fn update_passkey(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<PasskeyId>,
    Json(input): Json<UpdatePasskey>,
) -> Result<Answer<Passkey>, Error> {
    Ok(Answer(passkeys::update(&app, &actor, &id, input).await?))
}

/// Removes a passkey, unless it is the last way in.
#[utoipa::path(delete, path = "/v1/passkeys/{id}", tag = "session",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    security(("session" = [])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_passkey(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<PasskeyId>,
) -> Result<StatusCode, Error> {
    passkeys::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
