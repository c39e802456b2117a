//! `/v1/applications/{id}/hook`, and `/v1/hooks/{id}`, which hosts of repositories call.

use axum::{
    Json as Answer,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use portolan_types::{ApplicationId, CreatedHook, Hook, HookAnswer};

use super::{
    AppState,
    extract::{Caller, Path},
    problem::Problems,
};
use crate::{Error, applications::hooks};

/// Shows the hook of an application.
#[utoipa::path(get, path = "/v1/applications/{id}/hook", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The hook", body = Hook), Problems))]
pub(super) async fn show_hook(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<Hook>, Error> {
    Ok(Answer(hooks::show(&app, &actor, &id).await?))
}

/// Makes a hook: whoever signs a call with its secret deploys the application.
///
/// It takes the place of the one before. The secret is shown once, for the settings of the
/// repository's host (GitHub, GitLab, Gitea, Forgejo). It deploys with a token of whoever makes it,
/// which can be revoked with the others.
#[utoipa::path(post, path = "/v1/applications/{id}/hook", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The hook with its secret", body = CreatedHook), Problems))]
pub(super) async fn create_hook(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<(StatusCode, Answer<CreatedHook>), Error> {
    Ok((StatusCode::CREATED, Answer(hooks::create(&app, &actor, &id).await?)))
}

/// Removes a hook with its token.
#[utoipa::path(delete, path = "/v1/applications/{id}/hook", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["manage"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_hook(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<StatusCode, Error> {
    hooks::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells of a push, as hosts of repositories do, signed with the hook's secret.
///
/// `X-Hub-Signature-256` (GitHub, Gitea, Forgejo), `X-Gitea-Signature`, or the secret itself as
/// `X-Gitlab-Token` or as a bearer token. A push of the branch or tag that the application is built
/// from deploys it; a call that says nothing of an event deploys it too.
#[utoipa::path(post, path = "/v1/hooks/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    request_body(content = serde_json::Value, description = "What the repository's host says"),
    security(()),
    responses((status = 202, description = "What it led to", body = HookAnswer), Problems))]
pub(super) async fn call_hook(
    State(app): State<AppState>,
    Path(id): Path<ApplicationId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Answer<HookAnswer>), Error> {
    let answer = hooks::call(&app, &id, (&headers, &body)).await?;
    Ok((StatusCode::ACCEPTED, Answer(answer)))
}
