//! `/v1/invites`: who is asked into the team, and the two ways in.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    AcceptInvite, AcceptedInvite, CreateInvite, CreatedInvite, Invite, InviteId, JoinTeam,
    Membership, Page, PageQuery,
};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, invites};

/// Lists the invitations that can still be used, oldest first, without their secrets.
#[utoipa::path(get, path = "/v1/invites", tag = "teams", params(PageQuery),
    security(("token" = ["people"])),
    responses((status = 200, description = "A page", body = Page<Invite>), Problems))]
pub(super) async fn list_invites(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Invite>>, Error> {
    Ok(Answer(invites::list(&app, &actor, &query).await?))
}

/// Invites somebody, with at most the caller's own role. The secret is in this answer, in the mail
/// when it is sent, and nowhere else.
#[utoipa::path(post, path = "/v1/invites", tag = "teams", security(("token" = ["people"])),
    responses(
        (status = 201, description = "The invitation and its secret", body = CreatedInvite),
        Problems,
    ))]
pub(super) async fn create_invite(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<CreateInvite>,
) -> Result<(StatusCode, Answer<CreatedInvite>), Error> {
    Ok((StatusCode::CREATED, Answer(invites::create(&app, &actor, input).await?)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/v1/invites/{id}", tag = "teams",
    params(("id" = InviteId, Path, description = "The invitation")),
    security(("token" = ["people"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn revoke_invite(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<InviteId>,
) -> Result<StatusCode, Error> {
    invites::revoke(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses an invitation as somebody who is signed in. They go on acting in the team that they are in.
#[utoipa::path(post, path = "/v1/invites/join", tag = "teams", security(("session" = [])),
    responses((status = 201, description = "The membership", body = Membership), Problems))]
pub(super) async fn join_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<JoinTeam>,
) -> Result<(StatusCode, Answer<Membership>), Error> {
    Ok((StatusCode::CREATED, Answer(invites::join(&app, &actor, input).await?)))
}

/// Uses an invitation as somebody who has no account yet, and makes one with its first token.
///
/// Without a password the token is all that lets them in, and ends one day. A secret that is wrong,
/// has ended, was used or is for somebody else is answered in one way.
#[utoipa::path(post, path = "/v1/invites/accept", tag = "teams", security(()),
    responses(
        (status = 201, description = "The person and their token", body = AcceptedInvite),
        Problems,
    ))]
pub(super) async fn accept_invite(
    State(app): State<AppState>,
    Json(input): Json<AcceptInvite>,
) -> Result<(StatusCode, Answer<AcceptedInvite>), Error> {
    Ok((StatusCode::CREATED, Answer(invites::accept(&app, input).await?)))
}
