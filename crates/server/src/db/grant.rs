//! Grants: rights of a member on a server, and on which server a thing is.

use portolan_types::{Grant, Right, ServerId, TeamId, Timestamp, UserId};
use sqlx::{AnyConnection, FromRow, any::AnyRow};

use super::parsed;
use crate::rights::Thing;

struct GrantRow(Grant);

impl FromRow<'_, AnyRow> for GrantRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Grant {
            server_id: parsed(row, "server_id")?,
            server_name: parsed(row, "server_name")?,
            right: parsed(row, "level")?,
        }))
    }
}

/// What a member was granted, by the names of the servers.
pub async fn list_of(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows: Vec<GrantRow> = sqlx::query_as(
        "select g.server_id, s.name as server_name, g.level
         from grants g
         join servers s on s.id = g.server_id
         where g.team_id = $1 and g.user_id = $2
         order by s.name",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|GrantRow(grant)| grant).collect())
}

/// Everything that the team's members were granted, by the names of the servers.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Vec<(UserId, Grant)>, sqlx::Error> {
    let rows = sqlx::query(
        "select g.user_id, g.server_id, s.name as server_name, g.level
         from grants g
         join servers s on s.id = g.server_id
         where g.team_id = $1
         order by s.name",
    )
    .bind(team.as_str())
    .fetch_all(conn)
    .await?;
    let read = |row: &AnyRow| Ok((parsed(row, "user_id")?, GrantRow::from_row(row)?.0));
    rows.iter().map(read).collect()
}

/// Gives a member a right on a server, instead of the one before.
pub async fn set(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    (server, right): (&ServerId, Right),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into grants
             (team_id, user_id, subject_type, subject_id, server_id, level, created_at)
         values ($1, $2, 'server', $3, $3, $4, $5)
         on conflict (team_id, user_id, subject_type, subject_id)
         do update set level = excluded.level",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(server.as_str())
    .bind(right.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a right back. `false` when there was none.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    server: &ServerId,
) -> Result<bool, sqlx::Error> {
    let sql = "delete from grants where team_id = $1 and user_id = $2 and server_id = $3";
    let done = sqlx::query(sql)
        .bind(team.as_str())
        .bind(user.as_str())
        .bind(server.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes all rights of a member back: an admin has them by role.
pub async fn delete_all(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from grants where team_id = $1 and user_id = $2")
        .bind(team.as_str())
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// On which server a thing of the team is.
pub(crate) async fn find_server(
    conn: &mut AnyConnection,
    team: &TeamId,
    thing: &Thing,
) -> Result<Option<ServerId>, sqlx::Error> {
    let (sql, id) = match thing {
        Thing::Server(id) => {
            ("select id as server_id from servers where team_id = $1 and id = $2", id.as_str())
        }
        Thing::Destination(id) => {
            ("select server_id from destinations where team_id = $1 and id = $2", id.as_str())
        }
        Thing::Route(id) => (
            "select d.server_id
             from routes r
             join destinations d on d.id = r.destination_id
             where r.team_id = $1 and r.id = $2",
            id.as_str(),
        ),
        Thing::Drift(id) => {
            ("select server_id from drifts where team_id = $1 and id = $2", id.as_str())
        }
    };
    let row = sqlx::query(sql).bind(team.as_str()).bind(id).fetch_optional(conn).await?;
    row.map(|row| parsed(&row, "server_id")).transpose()
}
