//! What was last seen on each host.

use portolan_types::{ServerId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, any::AnyRow};

use super::{json_option, moment, parsed, several, to_json};
use crate::{
    rights::Visible,
    sighting::{Seen, Sighting},
};

impl FromRow<'_, AnyRow> for Seen {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let sighting = json_option(row, "sighting")?.unwrap_or_default();
        Ok(Self { at: moment(row, "at")?, sighting })
    }
}

/// The latest of a server.
pub async fn find(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Option<Seen>, sqlx::Error> {
    sqlx::query_as("select at, sighting from sightings where server_id = $1")
        .bind(server.as_str())
        .fetch_optional(conn)
        .await
}

/// The latest of each of these servers.
pub async fn list_some(
    conn: &mut AnyConnection,
    servers: &[&ServerId],
) -> Result<Vec<(ServerId, Seen)>, sqlx::Error> {
    let places = several::places(1, servers.len());
    let sql =
        format!("select server_id, at, sighting from sightings where server_id in ({places})");
    // Numbers of parameters, and nothing else.
    let query = sqlx::query(AssertSqlSafe(sql));
    let query = servers.iter().fold(query, |query, id| query.bind(id.as_str()));
    query.fetch_all(conn).await?.iter().map(of_server).collect()
}

fn of_server(row: &AnyRow) -> Result<(ServerId, Seen), sqlx::Error> {
    Ok((parsed(row, "server_id")?, Seen::from_row(row)?))
}

/// The latest of each of a team's servers.
pub async fn list_of_team(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<(ServerId, Seen)>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select g.server_id, g.at, g.sighting from sightings g
         join servers s on s.id = g.server_id
         where s.team_id = $1 and ",
        visible!("2", server "s.id")
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    rows.iter().map(of_server).collect()
}

/// Takes the place of the one before.
pub async fn put(
    conn: &mut AnyConnection,
    server: &ServerId,
    sighting: &Sighting,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sightings (server_id, at, sighting) values ($1, $2, $3)
         on conflict (server_id) do update set at = excluded.at, sighting = excluded.sighting",
    )
    .bind(server.as_str())
    .bind(at.as_millis())
    .bind(to_json(sighting)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Nothing changed: only the time moves.
pub async fn touch(
    conn: &mut AnyConnection,
    server: &ServerId,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update sightings set at = $2 where server_id = $1")
        .bind(server.as_str())
        .bind(at.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}
