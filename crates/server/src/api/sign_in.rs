//! `/v1/sign-in`: the ways in besides passwords.

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use portolan_types::{
    BeginOpenId, CreatedSession, PasskeyRequest, ProviderName, SignInByPasskey, SignInWays,
};

use super::{
    AppState, cookies,
    extract::{Json, Path, Query},
    problem::Problems,
    sessions,
};
use crate::{
    Error,
    openid::{self, Answered},
    passkeys,
    sessions::Visitor,
    sign_in,
};

/// Which ways in there are.
#[utoipa::path(get, path = "/v1/sign-in", tag = "session", security(()),
    responses((status = 200, description = "The ways", body = SignInWays), Problems))]
pub(super) async fn list_sign_in_ways(State(app): State<AppState>) -> Answer<SignInWays> {
    Answer(sign_in::ways(&app))
}

/// Sends a browser to an OpenID Connect provider. Follow it in a browser, not in a program.
#[utoipa::path(get, path = "/v1/sign-in/oidc/{provider}", tag = "session", security(()),
    params(("provider" = ProviderName, Path, description = "The provider"), BeginOpenId),
    responses((status = 303, description = "To the provider"), Problems))]
pub(super) async fn begin_openid(
    State(app): State<AppState>,
    Path(provider): Path<ProviderName>,
    Query(input): Query<BeginOpenId>,
) -> Result<impl IntoResponse, Error> {
    let leaving = openid::begin(&app, &provider, input).await?;
    let flow = cookies::keep_sign_in(&leaving.browser)?;
    let headers = AppendHeaders([(header::SET_COOKIE, flow)]);
    Ok((StatusCode::SEE_OTHER, headers, [(header::LOCATION, leaving.url)]))
}

/// Where a provider sends the browser back to: signs it in by a cookie.
#[utoipa::path(get, path = "/v1/sign-in/oidc/{provider}/callback", tag = "session", security(()),
    params(
        ("provider" = ProviderName, Path, description = "The provider"),
        ("code" = Option<String>, Query, description = "Given by the provider, good for one use"),
        ("state" = Option<String>, Query, description = "As it was sent to the provider"),
        ("error" = Option<String>, Query, description = "Why the provider did not let them in"),
        ("iss" = Option<String>, Query, description = "The issuer"),
    ),
    responses((status = 303, description = "Signed in"), Problems))]
pub(super) async fn finish_openid(
    State(app): State<AppState>,
    Path(provider): Path<ProviderName>,
    Query(answered): Query<Answered>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Error> {
    let browser = cookies::sign_in(&headers);
    let arrived = openid::finish(&app, &provider, answered, browser, &visitor).await?;
    let mut set = vec![cookies::forget_sign_in()?];
    if let Some(signed_in) = &arrived.session {
        set.extend(cookies::keep(signed_in)?);
    }
    let set: Vec<_> = set.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect();
    let location = [(header::LOCATION, arrived.return_to.to_string())];
    Ok((StatusCode::SEE_OTHER, AppendHeaders(set), location))
}

/// Begins to sign in with a passkey: what `navigator.credentials.get` takes.
#[utoipa::path(post, path = "/v1/sign-in/passkey/begin", tag = "session", security(()),
    responses((status = 200, description = "What to ask of the authenticator", body = PasskeyRequest), Problems))]
pub(super) async fn begin_sign_in_by_passkey(
    State(app): State<AppState>,
) -> Result<Answer<PasskeyRequest>, Error> {
    Ok(Answer(passkeys::begin_sign_in(&app).await?))
}

/// Signs in with a passkey. It counts as both factors.
#[utoipa::path(post, path = "/v1/sign-in/passkey", tag = "session", security(()),
    responses((status = 201, description = "The session", body = CreatedSession), Problems))]
pub(super) async fn sign_in_by_passkey(
    State(app): State<AppState>,
    headers: HeaderMap,
    visitor: Visitor,
    Json(input): Json<SignInByPasskey>,
) -> Result<Response, Error> {
    let carrier = sessions::carrier(input.cookie, &headers)?;
    let visitor = visitor.with_device(input.device);
    let signed_in = passkeys::sign_in(&app, &input.credential, &visitor).await?;
    sessions::answer(carrier, signed_in)
}
