//! `/v1/password-resets`: the way back for whoever forgot their password.

use axum::{extract::State, http::StatusCode};
use portolan_types::{AskPasswordReset, ResetPassword};

use super::{AppState, extract::Json, problem::Problems};
use crate::{Error, accounts, sessions::Visitor};

/// Asks for a mail with a code. The answer is the same whether or not anybody has the address.
#[utoipa::path(post, path = "/v1/password-resets", tag = "session", security(()),
    responses((status = 202, description = "If there is such an account, mail is on its way"),
        Problems))]
pub(super) async fn ask_password_reset(
    State(app): State<AppState>,
    visitor: Visitor,
    Json(input): Json<AskPasswordReset>,
) -> Result<StatusCode, Error> {
    accounts::ask_reset(&app, input, &visitor).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Chooses a new password with a code from the mail or from the host. All sessions of the person
/// end; nobody is signed in by it.
#[utoipa::path(post, path = "/v1/password-resets/redeem", tag = "session", security(()),
    responses((status = 204, description = "The new password is good"), Problems))]
pub(super) async fn redeem_password_reset(
    State(app): State<AppState>,
    Json(input): Json<ResetPassword>,
) -> Result<StatusCode, Error> {
    accounts::redeem(&app, input).await?;
    Ok(StatusCode::NO_CONTENT)
}
