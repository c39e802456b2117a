//! What people choose of a destination besides its network: the label, whether the proxy is on it,
//! and how often it is proved. None of it touches Docker's network.

use portolan_types::{DestinationId, Name, ProxyAttachment, TeamId, Timestamp, VerifyEvery};
use sqlx::AnyConnection;

use crate::db::past::{self, kept};

/// Changes the label; the network keeps its name. `false` when the team has no such destination.
pub async fn rename(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &DestinationId,
    name: &Name,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let texts = [id.as_str(), name.as_str()];
    past::keep(conn, kept!(destination "id = $2 and name <> $3"), &texts, now).await?;
    let done = sqlx::query(
        "update destinations set name = $3, updated_at = $4 where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(name.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores whether the proxy is to be on it. `false` when the team has no such destination.
pub async fn set_proxy(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &DestinationId,
    proxy: ProxyAttachment,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update destinations set proxy = $3, updated_at = $4 where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(proxy.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores how often it is verified by itself. `false` when the team has no such destination.
pub async fn set_verify_every(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &DestinationId,
    every: VerifyEvery,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update destinations set verify_every = $3, updated_at = $4 where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(every.to_string())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
