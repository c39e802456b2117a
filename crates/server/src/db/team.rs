//! Teams, users and memberships.

use portolan_types::{Role, Team, TeamId, Timestamp, User, UserId};
use sqlx::{AnyConnection, Row};

use super::parsed;

/// A new team; it has no members yet.
pub async fn insert_team(
    conn: &mut AnyConnection,
    team: &Team,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into teams (id, name, created_at) values ($1, $2, $3)")
        .bind(team.id.as_str())
        .bind(team.name.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// A team.
pub async fn find(conn: &mut AnyConnection, id: &TeamId) -> Result<Option<Team>, sqlx::Error> {
    let row = sqlx::query("select id, name from teams where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok(Team { id: parsed(&row, "id")?, name: parsed(&row, "name")? })).transpose()
}

/// Gives a team another name.
pub async fn rename(conn: &mut AnyConnection, team: &Team) -> Result<(), sqlx::Error> {
    sqlx::query("update teams set name = $2 where id = $1")
        .bind(team.id.as_str())
        .bind(team.name.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets one transaction after the other choose from what the team has: whoever comes second waits
/// here until the first is committed, and then sees what it took.
pub async fn lock(conn: &mut AnyConnection, team: &TeamId) -> Result<(), sqlx::Error> {
    // SQLite lets one transaction write at a time anyway, and knows no `for update`.
    sqlx::query("update teams set name = name where id = $1")
        .bind(team.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// A new person; an address that is known is a unique violation.
pub async fn insert_user(
    conn: &mut AnyConnection,
    user: &User,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into users (id, email, created_at) values ($1, $2, $3)")
        .bind(user.id.as_str())
        .bind(user.email.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a person a role in a team; they have one role in each.
pub async fn insert_membership(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    role: Role,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into memberships (team_id, user_id, role, created_at) values ($1, $2, $3, $4)",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(role.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The first owner that was made, with their team.
pub async fn find_first_owner(
    conn: &mut AnyConnection,
) -> Result<Option<(Team, User)>, sqlx::Error> {
    let row = sqlx::query(
        "select t.id as team_id, t.name as team_name, u.id as user_id, u.email
         from memberships m
         join teams t on t.id = m.team_id
         join users u on u.id = m.user_id
         where m.role = 'owner'
         order by m.created_at, m.user_id
         limit 1",
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let team = Team { id: parsed(&row, "team_id")?, name: parsed(&row, "team_name")? };
    let user = User { id: parsed(&row, "user_id")?, email: row.try_get("email")? };
    Ok(Some((team, user)))
}
