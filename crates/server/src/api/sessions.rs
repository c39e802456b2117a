//! `/v1/sessions`.

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use portolan_types::{
    CreateSession, CreatedSession, EndedSessions, Page, PageQuery, SessionId, SignIn,
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    AppState,
    cookies::{self, Carrier},
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{
    Error, accounts,
    sessions::{self, Visitor},
    sign_in::SignedIn,
};

/// Signs in with a password, and a code where a second factor is set up. The problem
/// `second-factor-needed` says that the password was right and that one is.
#[utoipa::path(post, path = "/v1/sessions", tag = "session", security(()),
    responses((status = 201, description = "The session", body = CreatedSession), Problems))]
pub(super) async fn create_session(
    State(app): State<AppState>,
    headers: HeaderMap,
    visitor: Visitor,
    Json(input): Json<CreateSession>,
) -> Result<Response, Error> {
    let carrier = carrier(input.cookie, &headers)?;
    let visitor = visitor.with_device(input.device.clone());
    let signed_in = accounts::sign_in(&app, input, &visitor).await?;
    answer(carrier, signed_in)
}

/// How whoever signs in wants the secrets. Nobody is to be signed in as somebody else by a page of a
/// stranger.
pub(super) fn carrier(cookie: bool, headers: &HeaderMap) -> Result<Carrier, Error> {
    if !cookie {
        return Ok(Carrier::Bearer);
    }
    cookies::require_own_page(&Method::POST, headers)?;
    Ok(Carrier::Cookie)
}

/// The secrets of a new session go into the answer, or into cookies.
pub(super) fn answer(carrier: Carrier, signed: SignedIn) -> Result<Response, Error> {
    let (set, secret, device) = match carrier {
        Carrier::Cookie => (cookies::keep(&signed)?, None, None),
        Carrier::Bearer => {
            let text = |secret: &SecretString| secret.expose_secret().to_owned();
            (Vec::new(), Some(text(&signed.begun.secret)), signed.device.as_ref().map(text))
        }
    };
    let set = set.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect::<Vec<_>>();
    let SignedIn { begun, user, team, role, .. } = signed;
    let created = CreatedSession { session: begun.sign_in, user, team, role, secret, device };
    Ok((StatusCode::CREATED, AppendHeaders(set), Answer(created)).into_response())
}

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
