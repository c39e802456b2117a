//! `/v1/teams`: those of the caller; `/v1/team`: the one that they act in.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateTeam, Member, Membership, Page, PageQuery, RenameTeam, SwitchTeam, Team, TeamId,
    TransferTeam,
};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, members, teams};

/// Lists the teams that the caller is in, the one that they joined first before the others.
#[utoipa::path(get, path = "/v1/teams", tag = "teams", params(PageQuery),
    security(("token" = ["person"])),
    responses((status = 200, description = "A page", body = Page<Membership>), Problems))]
pub(super) async fn list_teams(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Membership>>, Error> {
    Ok(Answer(teams::list(&app, &actor, &query).await?))
}

/// Makes a team. The caller owns it, and goes on acting in the one that they are in.
#[utoipa::path(post, path = "/v1/teams", tag = "teams", security(("session" = [])),
    responses((status = 201, description = "The team", body = Membership), Problems))]
pub(super) async fn create_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<CreateTeam>,
) -> Result<(StatusCode, Answer<Membership>), Error> {
    Ok((StatusCode::CREATED, Answer(teams::create(&app, &actor, input).await?)))
}

/// Shows the team that the caller acts in.
#[utoipa::path(get, path = "/v1/team", tag = "teams", security(("token" = ["read"])),
    responses((status = 200, description = "The team", body = Membership), Problems))]
pub(super) async fn show_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<Membership>, Error> {
    Ok(Answer(teams::show(&app, &actor).await?))
}

/// Gives the team another name.
#[utoipa::path(patch, path = "/v1/team", tag = "teams", security(("token" = ["owner"])),
    responses((status = 200, description = "The team", body = Team), Problems))]
pub(super) async fn rename_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<RenameTeam>,
) -> Result<Answer<Team>, Error> {
    Ok(Answer(teams::rename(&app, &actor, input).await?))
}

/// Hands the team over to a member, who becomes owner. The caller becomes an admin.
#[utoipa::path(post, path = "/v1/team/transfer", tag = "teams", security(("token" = ["owner"])),
    responses((status = 200, description = "The new owner", body = Member), Problems))]
pub(super) async fn transfer_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<TransferTeam>,
) -> Result<Answer<Member>, Error> {
    Ok(Answer(teams::transfer(&app, &actor, input).await?))
}

/// Deletes a team that one owns. Refused while there are servers, destinations, keys, certificates,
/// notifiers, projects or other members in it, and for the last team that one is in. Its settings,
/// invitations, tokens and events go with it; sessions go on in another team.
#[utoipa::path(delete, path = "/v1/teams/{id}", tag = "teams", security(("session" = [])),
    params(("id" = TeamId, Path, description = "The team")),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, Error> {
    teams::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets the session act in another of the person's teams from now on.
#[utoipa::path(post, path = "/v1/session/team", tag = "teams", security(("session" = [])),
    responses((status = 200, description = "The team", body = Membership), Problems))]
pub(super) async fn switch_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<SwitchTeam>,
) -> Result<Answer<Membership>, Error> {
    Ok(Answer(teams::switch(&app, &actor, &input.team_id).await?))
}

/// Ends the caller's membership in the team that they act in, with its tokens. Their sessions go on
/// in another of their teams, or end. Refused for the last owner.
#[utoipa::path(post, path = "/v1/team/leave", tag = "teams", security(("session" = [])),
    responses((status = 204, description = "It has ended"), Problems))]
pub(super) async fn leave_team(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<StatusCode, Error> {
    members::leave(&app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
