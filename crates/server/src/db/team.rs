//! Teams, users and memberships.

use portolan_types::{Name, Role, Team, TeamId, Timestamp, User, UserId};
use sqlx::AnyConnection;

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

/// The name of a team.
pub async fn find_name(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Option<Name>, sqlx::Error> {
    let row = sqlx::query("select name from teams where id = $1")
        .bind(team.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| super::parsed(&row, "name")).transpose()
}
