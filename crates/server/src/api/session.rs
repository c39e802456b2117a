//! `/v1/setup` and `/v1/session`.

use axum::{
    Json as Answer,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use portolan_types::{Session, Setup, SetupDone};

use super::{
    AppState, cookies,
    extract::{Caller, Json},
    problem::Problems,
};
use crate::{Error, sessions, setup};

/// Makes the first owner with the setup token, once.
#[utoipa::path(post, path = "/v1/setup", tag = "session", security(()),
    responses((status = 201, description = "The owner and their token", body = SetupDone), Problems))]
pub(super) async fn set_up(
    State(app): State<AppState>,
    Json(input): Json<Setup>,
) -> Result<(StatusCode, Answer<SetupDone>), Error> {
    Ok((StatusCode::CREATED, Answer(setup::set_up(&app, input).await?)))
}

/// Who is asking, in which team, with which rights.
#[utoipa::path(get, path = "/v1/session", tag = "session", security(("token" = ["read"])),
    responses((status = 200, description = "The caller", body = Session), Problems))]
pub(super) async fn show_session(Caller(actor): Caller) -> Answer<Session> {
    Answer(actor.session())
}

/// Signs out: ends the session that asks. A browser forgets its cookie.
#[utoipa::path(delete, path = "/v1/session", tag = "session", security(("session" = [])),
    responses((status = 204, description = "It has ended"), Problems))]
pub(super) async fn end_session(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Response, Error> {
    sessions::end(&app, &actor).await?;
    let forget = [(header::SET_COOKIE, cookies::forget_session()?)];
    Ok((StatusCode::NO_CONTENT, forget).into_response())
}
