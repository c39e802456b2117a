//! `/v1/identities`: what the caller is known by at providers.

use axum::{
    Json as Answer,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use portolan_types::{Identity, IdentityId, LinkBegun, LinkIdentity, Page, PageQuery};

use super::{
    AppState, cookies,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, openid};

/// Lists what one is known by at providers, oldest first.
#[utoipa::path(get, path = "/v1/identities", tag = "session", params(PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page", body = Page<Identity>), Problems))]
pub(super) async fn list_identities(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Identity>>, Error> {
    Ok(Answer(openid::list(&app, &actor, &query).await?))
}

/// Begins to confirm that one is known at a provider: send the same browser to the answer's URL.
#[utoipa::path(post, path = "/v1/identities", tag = "session", security(("session" = [])),
    responses((status = 200, description = "Where the browser goes", body = LinkBegun), Problems))]
pub(super) async fn link_identity(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<LinkIdentity>,
) -> Result<impl IntoResponse, Error> {
    let leaving = openid::begin_link(&app, &actor, input).await?;
    let flow = cookies::keep_sign_in(&leaving.browser)?;
    let headers = AppendHeaders([(header::SET_COOKIE, flow)]);
    Ok((headers, Answer(LinkBegun { url: leaving.url })))
}

/// Forgets what one is known by, unless it is the last way in.
#[utoipa::path(delete, path = "/v1/identities/{id}", tag = "session",
    params(("id" = IdentityId, Path, description = "The identity")),
    security(("session" = [])),
    responses((status = 204, description = "It is forgotten"), Problems))]
pub(super) async fn delete_identity(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<IdentityId>,
) -> Result<StatusCode, Error> {
    openid::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
