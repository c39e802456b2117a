//! `/v1/sessions`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{EndedSessions, Page, PageQuery, SessionId, SignIn};

use super::{
    AppState,
    extract::{Caller, Path, Query},
    problem::Problems,
};
use crate::{Error, sessions};

/// Lists one's own sessions, in whatever team, oldest first.
#[utoipa::path(get, path = "/v1/sessions", tag = "session", params(PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page", body = Page<SignIn>), Problems))]
pub(super) async fn list_sessions(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<SignIn>>, Error> {
    Ok(Answer(sessions::list(&app, &actor, &query).await?))
}

/// Ends all of one's own sessions but the one that asks.
#[utoipa::path(delete, path = "/v1/sessions", tag = "session", security(("session" = [])),
    responses((status = 200, description = "How many ended", body = EndedSessions), Problems))]
pub(super) async fn delete_other_sessions(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<EndedSessions>, Error> {
    let ended = sessions::delete_others(&app, &actor).await?;
    Ok(Answer(EndedSessions { ended }))
}

/// Ends one of one's own sessions at once; the one that asks is signed out by that.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "session",
    params(("id" = SessionId, Path, description = "The session")),
    security(("session" = [])),
    responses((status = 204, description = "It has ended"), Problems))]
pub(super) async fn delete_session(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Error> {
    sessions::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
