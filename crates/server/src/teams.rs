//! Teams of a person: made, listed, renamed, handed over, deleted. Who is in one is in `members`, who
//! is asked to come in `invites`.

use portolan_types::{
    CreateTeam, Member, Membership, Name, Page, PageQuery, RenameTeam, Role, Sees, Subject, Team,
    TeamId, Timestamp, TransferTeam,
};
use serde::Serialize;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, db,
    error::Refusal,
    events::{self, Happened},
    members, page,
    rights::Visible,
};

/// Makes a team; whoever makes it owns it.
pub async fn create(app: &App, actor: &Actor, input: CreateTeam) -> Result<Membership, Error> {
    let now = Timestamp::now();
    let team = Team { id: TeamId::generate(), name: input.name };
    let mut tx = app.db.begin().await?;
    db::team::insert_team(&mut tx, &team, now).await?;
    db::team::insert_membership(&mut tx, &team.id, &actor.user.id, (Role::Owner, Sees::Team), now)
        .await?;
    let message = format!("team `{}` was made, with {} as its owner", team.name, actor.user.email);
    let happened = event(&team, "team.created", message);
    events::record(&mut tx, happened.by(actor.author()).change(&(), &team), now).await?;
    tx.commit().await?;
    Ok(Membership { team, role: Role::Owner, current: false, joined_at: now })
}

/// The teams that the actor is in.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Membership>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut teams = db::member::list_of(&mut conn, &actor.user.id, query).await?;
    for membership in &mut teams {
        membership.current = membership.team.id == *actor.team_id();
    }
    Ok(page::of(teams, query, |one| (one.joined_at, one.team.id.as_str())))
}

/// The team that the actor acts in.
pub async fn show(app: &App, actor: &Actor) -> Result<Membership, Error> {
    let mut conn = app.db.acquire().await?;
    let member = members::find(&mut conn, actor, &actor.user.id).await?;
    Ok(Membership {
        team: actor.team.clone(),
        role: member.role,
        current: true,
        joined_at: member.joined_at,
    })
}

/// Gives the team another name.
pub async fn rename(app: &App, actor: &Actor, input: RenameTeam) -> Result<Team, Error> {
    let mut tx = app.db.begin().await?;
    let team = Team { id: actor.team_id().clone(), name: input.name };
    db::team::rename(&mut tx, &team).await?;
    let message = format!(
        "team `{}` was renamed to `{}` by {}",
        actor.team.name, team.name, actor.user.email
    );
    note(&mut tx, actor, "team.renamed", message, (&actor.team, &team)).await?;
    tx.commit().await?;
    Ok(team)
}

/// Lets the actor's session act in another of their teams.
pub async fn switch(app: &App, actor: &Actor, to: &TeamId) -> Result<Membership, Error> {
    let sign_in =
        actor.sign_in().ok_or_else(|| Error::Forbidden("a token is of one team".into()))?;
    let mut tx = app.db.begin().await?;
    let team = db::team::find(&mut tx, to).await?;
    let member = db::member::find(&mut tx, Visible::whole(to), &actor.user.id).await?;
    let (Some(team), Some(member)) = (team, member) else { return Err(Error::NotFound("team")) };
    db::session::switch(&mut tx, &sign_in.id, to).await?;
    tx.commit().await?;
    Ok(Membership { team, role: member.role, current: true, joined_at: member.joined_at })
}

/// Hands the team over in one step: a member becomes owner, and the actor an admin.
pub async fn transfer(app: &App, actor: &Actor, input: TransferTeam) -> Result<Member, Error> {
    let id = &input.user_id;
    let mut tx = members::begin(app, actor).await?;
    members::check_owner(&mut tx, actor).await?;
    let before = members::find(&mut tx, actor, id).await?;
    check_name(actor, &input.team)?;
    if before.user_id == actor.user.id {
        return Err(Error::field("user_id", "you own it already: name another member"));
    }
    let team = actor.team_id();
    members::set_role(&mut tx, (team, id), Role::Owner, None).await?;
    members::set_role(&mut tx, (team, &actor.user.id), Role::Admin, None).await?;
    let after = members::find(&mut tx, actor, id).await?;
    let message = format!(
        "team `{}` was handed over to {} by {}",
        actor.team.name, after.email, actor.user.email
    );
    note(&mut tx, actor, "team.transferred", message, (&before, &after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes a team of the actor's, when nothing but its settings and its history is left in it. What was
/// done in it stays in the audit.
pub async fn delete(app: &App, actor: &Actor, id: &TeamId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    db::team::lock(&mut tx, id).await?;
    let team = find_own(&mut tx, actor, id).await?;
    let blockers = db::team::list_contents(&mut tx, id, &actor.user.id).await?;
    if !blockers.is_empty() {
        return Err(not_empty(&team, blockers));
    }
    keep_a_team(&mut tx, actor).await?;
    let message = format!("team `{}` was deleted by {}", team.name, actor.user.email);
    let entry = event(&team, "team.removed", message).by(actor.author()).change(&team, &());
    events::record(&mut tx, entry, Timestamp::now()).await?;
    members::take_out(&mut tx, (id, &actor.user.id)).await?;
    // What somebody puts into it at this very moment keeps it as well.
    let filled = |error| Error::on_foreign_key(error, || not_empty(&team, Vec::new()));
    db::team::delete(&mut tx, id).await.map_err(filled)?;
    tx.commit().await?;
    // The event went with the team, and rings no bell.
    app.readers.call(id);
    Ok(())
}

/// A team that the actor owns: another is none of their business.
async fn find_own(conn: &mut AnyConnection, actor: &Actor, id: &TeamId) -> Result<Team, Error> {
    let member = db::member::find(conn, Visible::whole(id), &actor.user.id).await?;
    let owned = member.is_some_and(|member| member.role == Role::Owner);
    let team = if owned { db::team::find(conn, id).await? } else { None };
    team.ok_or(Error::NotFound("team of yours"))
}

fn not_empty(team: &Team, blockers: Vec<String>) -> Error {
    Error::Refused(Refusal {
        code: "team-not-empty",
        message: format!("team `{}` is not empty", team.name),
        remedy: Some("remove what is in it and who is in it, then try again".into()),
        blockers,
    })
}

/// Whoever is in no team cannot sign in.
async fn keep_a_team(conn: &mut AnyConnection, actor: &Actor) -> Result<(), Error> {
    if db::account::list_teams(conn, &actor.user.id).await?.len() > 1 {
        return Ok(());
    }
    Err(Error::refused(
        "last-team",
        "you are in no other team, and could not sign in any more",
        "make another one first (`create_team`)",
    ))
}

/// So that nobody hands over another team than they think they are in.
fn check_name(actor: &Actor, named: &Name) -> Result<(), Error> {
    if *named == actor.team.name {
        return Ok(());
    }
    Err(Error::field("team", format!("not the name of this team, which is `{}`", actor.team.name)))
}

/// Something that happened to a team or to who is in it.
pub(crate) fn event<'a>(team: &'a Team, kind: &'static str, message: String) -> Happened<'a> {
    let subject = Subject::Team(team.id.clone());
    Happened { team: &team.id, kind, subject, name: team.name.as_str(), message }
}

/// Writes down what the actor did to their team or to who is in it.
pub(crate) async fn note<T: Serialize, U: Serialize>(
    conn: &mut AnyConnection,
    actor: &Actor,
    kind: &'static str,
    message: String,
    (before, after): (&T, &U),
) -> Result<(), Error> {
    let entry = event(&actor.team, kind, message).by(actor.author()).change(before, after);
    Ok(events::record(conn, entry, Timestamp::now()).await?)
}
