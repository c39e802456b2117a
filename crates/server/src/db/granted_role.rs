//! Memberships that came from groups of a provider: each remembers who granted it.

use portolan_types::{Role, TeamId, Timestamp, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::parsed;

/// A person's place in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub team: TeamId,
    pub role: Role,
    /// `None` when people gave it.
    pub granted_by: Option<String>,
}

impl FromRow<'_, AnyRow> for Membership {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: parsed(row, "team_id")?,
            role: parsed(row, "role")?,
            granted_by: row.try_get("granted_by")?,
        })
    }
}

/// A person's places, the oldest first.
pub async fn list(conn: &mut AnyConnection, user: &UserId) -> Result<Vec<Membership>, sqlx::Error> {
    sqlx::query_as(
        "select team_id, role, granted_by
         from memberships
         where user_id = $1
         order by created_at, team_id",
    )
    .bind(user.as_str())
    .fetch_all(conn)
    .await
}

/// Gives a person a role in a team that they are not in. `false` when there is no such team.
pub async fn grant(
    conn: &mut AnyConnection,
    (team, user): (&TeamId, &UserId),
    role: Role,
    by: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into memberships (team_id, user_id, role, granted_by, created_at)
         select id, $2, $3, $4, $5 from teams where id = $1",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(role.as_str())
    .bind(by)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
