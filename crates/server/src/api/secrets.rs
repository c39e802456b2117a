//! `/v1/secrets`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::Secrets;

use super::{AppState, extract::Caller, problem::Problems};
use crate::{Error, secrets};

/// Which data keys seal the secrets of the installation, and how many each of them. Never a key.
#[utoipa::path(get, path = "/v1/secrets", tag = "secrets", security(("token" = ["owner"])),
    responses((status = 200, description = "The data keys", body = Secrets), Problems))]
pub(super) async fn show_secrets(State(app): State<AppState>) -> Result<Answer<Secrets>, Error> {
    Ok(Answer(secrets::show(&app).await?))
}

/// Makes a new data key and has all secrets sealed anew in the background, through restarts too.
/// `GET /v1/secrets` says how far that is. Older data keys are dropped some minutes after it.
#[utoipa::path(post, path = "/v1/secrets/rotate", tag = "secrets",
    security(("token" = ["owner"])),
    responses((status = 202, description = "It has begun", body = Secrets), Problems))]
pub(super) async fn rotate_secrets(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<(StatusCode, Answer<Secrets>), Error> {
    Ok((StatusCode::ACCEPTED, Answer(secrets::rotate(&app, &actor).await?)))
}
