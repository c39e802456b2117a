//! `/v1/tokens`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{CreateToken, CreatedToken, Page, PageQuery, Token, TokenId, UpdateToken};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{Error, tokens};

/// Lists the team's tokens, oldest first, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(PageQuery),
    security(("token" = ["owner"])),
    responses((status = 200, description = "A page", body = Page<Token>), Problems))]
pub(super) async fn list_tokens(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Token>>, Error> {
    Ok(Answer(tokens::list(&app, &actor, &query).await?))
}

/// Makes a token. Its secret is in this answer and nowhere else: a repetition is refused.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["owner"])),
    responses((status = 201, description = "The token and its secret", body = CreatedToken), Problems))]
pub(super) async fn create_token(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateToken>,
) -> Result<(StatusCode, Answer<CreatedToken>), Error> {
    Ok((StatusCode::CREATED, Answer(tokens::create(&app, &actor, input, repeat).await?)))
}

/// Renames or narrows a token: fewer abilities, fewer addresses, an earlier end.
#[utoipa::path(patch, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = TokenId, Path, description = "The token")),
    security(("token" = ["owner"])),
    responses((status = 200, description = "The token", body = Token), Problems))]
pub(super) async fn update_token(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<TokenId>,
    Json(input): Json<UpdateToken>,
) -> Result<Answer<Token>, Error> {
    Ok(Answer(tokens::update(&app, &actor, &id, input).await?))
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = TokenId, Path, description = "The token")),
    security(("token" = ["owner"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_token(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, Error> {
    tokens::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
