//! `/v1/user`: what a person changes about how they sign in.

use axum::{
    Json as Answer,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use portolan_types::{
    Account, ChangePassword, ConfirmTotp, NewTotp, ProveAgain, RecoveryCodes, RenewedSession,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    AppState,
    cookies::{self, Carrier},
    extract::{Caller, Json},
    problem::Problems,
};
use crate::{
    Error, accounts,
    sessions::{Begun, Visitor},
};

/// Shows how one may sign in.
#[utoipa::path(get, path = "/v1/user", tag = "session", security(("session" = [])),
    responses((status = 200, description = "The account", body = Account), Problems))]
pub(super) async fn show_user(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<Account>, Error> {
    Ok(Answer(accounts::show(&app, &actor).await?))
}

/// Changes one's password. All of one's sessions end; the answer holds a new one.
#[utoipa::path(put, path = "/v1/user/password", tag = "session", security(("session" = [])),
    responses((status = 200, description = "The new session", body = RenewedSession), Problems))]
pub(super) async fn change_password(
    State(app): State<AppState>,
    Caller(actor): Caller,
    carrier: Carrier,
    visitor: Visitor,
    Json(input): Json<ChangePassword>,
) -> Result<Response, Error> {
    let begun = accounts::change_password(&app, &actor, input, &visitor).await?;
    renewed(carrier, begun, |session, secret| RenewedSession { session, secret })
}

/// Begins to set up an authenticator. It is wanted at sign-in once it was confirmed.
#[utoipa::path(post, path = "/v1/user/totp", tag = "session", security(("session" = [])),
    responses((status = 201, description = "Its secret", body = NewTotp), Problems))]
pub(super) async fn begin_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<(StatusCode, Answer<NewTotp>), Error> {
    Ok((StatusCode::CREATED, Answer(accounts::begin_totp(&app, &actor).await?)))
}

/// Confirms an authenticator by a code of it. The answer holds the recovery codes, and a new session
/// in the place of all others.
#[utoipa::path(post, path = "/v1/user/totp/confirm", tag = "session", security(("session" = [])),
    responses((status = 200, description = "Recovery codes", body = RecoveryCodes), Problems))]
pub(super) async fn confirm_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
    carrier: Carrier,
    visitor: Visitor,
    Json(input): Json<ConfirmTotp>,
) -> Result<Response, Error> {
    let (codes, begun) = accounts::confirm_totp(&app, &actor, input, &visitor).await?;
    with_codes(carrier, &codes, begun)
}

/// Takes the authenticator away. All of one's sessions end; the answer holds a new one.
#[utoipa::path(post, path = "/v1/user/totp/disable", tag = "session", security(("session" = [])),
    responses((status = 200, description = "The new session", body = RenewedSession), Problems))]
pub(super) async fn disable_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
    carrier: Carrier,
    visitor: Visitor,
    Json(input): Json<ProveAgain>,
) -> Result<Response, Error> {
    let begun = accounts::delete_totp(&app, &actor, input, &visitor).await?;
    renewed(carrier, begun, |session, secret| RenewedSession { session, secret })
}

/// Makes new recovery codes; those before are good for nothing any more. All of one's sessions end;
/// the answer holds a new one.
#[utoipa::path(post, path = "/v1/user/recovery-codes", tag = "session", security(("session" = [])),
    responses((status = 200, description = "Recovery codes", body = RecoveryCodes), Problems))]
pub(super) async fn renew_recovery_codes(
    State(app): State<AppState>,
    Caller(actor): Caller,
    carrier: Carrier,
    visitor: Visitor,
    Json(input): Json<ProveAgain>,
) -> Result<Response, Error> {
    let (codes, begun) = accounts::renew_recovery_codes(&app, &actor, input, &visitor).await?;
    with_codes(carrier, &codes, begun)
}

fn with_codes(carrier: Carrier, codes: &[SecretString], begun: Begun) -> Result<Response, Error> {
    let codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
    renewed(carrier, begun, |session, secret| RecoveryCodes {
        recovery_codes: codes,
        session,
        secret,
    })
}

/// A session that goes back the way that the one before came.
fn renewed<T: Serialize>(
    carrier: Carrier,
    begun: Begun,
    body: impl FnOnce(portolan_types::SignIn, Option<String>) -> T,
) -> Result<Response, Error> {
    match carrier {
        Carrier::Bearer => {
            let secret = begun.secret.expose_secret().to_owned();
            Ok(Answer(body(begun.sign_in, Some(secret))).into_response())
        }
        Carrier::Cookie => {
            let cookie = cookies::keep_session(&begun)?;
            Ok(([(header::SET_COOKIE, cookie)], Answer(body(begun.sign_in, None))).into_response())
        }
    }
}
