//! `/v1/members`: who is in the team, with which role and rights.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{GrantRight, Member, Page, PageQuery, UpdateMember, UserId, id::SubjectId};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, members};

/// Lists the team's members, those that came first before the others.
#[utoipa::path(get, path = "/v1/members", tag = "teams", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Member>), Problems))]
pub(super) async fn list_members(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Member>>, Error> {
    Ok(Answer(members::list(&app, &actor, &query).await?))
}

/// Shows a member.
#[utoipa::path(get, path = "/v1/members/{id}", tag = "teams",
    params(("id" = UserId, Path, description = "The member")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The member", body = Member), Problems))]
pub(super) async fn show_member(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<UserId>,
) -> Result<Answer<Member>, Error> {
    Ok(Answer(members::show(&app, &actor, &id).await?))
}

/// Gives a member another role, or lets them see more or less of the team. Only owners make owners,
/// and only they change one. Admins and owners see everything.
#[utoipa::path(patch, path = "/v1/members/{id}", tag = "teams",
    params(("id" = UserId, Path, description = "The member")),
    security(("token" = ["people"])),
    responses((status = 200, description = "The member", body = Member), Problems))]
pub(super) async fn update_member(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<UserId>,
    Json(input): Json<UpdateMember>,
) -> Result<Answer<Member>, Error> {
    Ok(Answer(members::update(&app, &actor, &id, input).await?))
}

/// Removes a member. Their tokens of this team end at once, and so does what they follow. Their
/// sessions go on in another of their teams, or end.
#[utoipa::path(delete, path = "/v1/members/{id}", tag = "teams",
    params(("id" = UserId, Path, description = "The member")),
    security(("token" = ["people"])),
    responses((status = 204, description = "They are no member any more"), Problems))]
pub(super) async fn remove_member(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Error> {
    members::remove(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a member a right on a server or in a project, instead of the one that they had there.
#[utoipa::path(put, path = "/v1/members/{id}/grants/{on}", tag = "teams",
    params(
        ("id" = UserId, Path, description = "The member"),
        ("on" = SubjectId, Path, description = "The server or project"),
    ),
    security(("token" = ["people"])),
    responses((status = 200, description = "The member", body = Member), Problems))]
pub(super) async fn grant_right(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, on)): Path<(UserId, SubjectId)>,
    Json(input): Json<GrantRight>,
) -> Result<Answer<Member>, Error> {
    Ok(Answer(members::grant(&app, &actor, (&id, &on), input.right).await?))
}

/// Takes a member's right on a server or in a project back.
#[utoipa::path(delete, path = "/v1/members/{id}/grants/{on}", tag = "teams",
    params(
        ("id" = UserId, Path, description = "The member"),
        ("on" = SubjectId, Path, description = "The server or project"),
    ),
    security(("token" = ["people"])),
    responses((status = 200, description = "The member", body = Member), Problems))]
pub(super) async fn revoke_right(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, on)): Path<(UserId, SubjectId)>,
) -> Result<Answer<Member>, Error> {
    Ok(Answer(members::revoke(&app, &actor, (&id, &on)).await?))
}
