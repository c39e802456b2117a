//! The end of a destination's row: its network is gone, or is left behind.

use portolan_types::{DestinationId, ServerId, TeamId, Timestamp};
use sqlx::AnyConnection;

use crate::db::past::{self, kept};

/// Removes a row whose network is gone.
pub async fn delete_gone(
    conn: &mut AnyConnection,
    id: &DestinationId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let whole = [
        kept!(destination "id = $2 and state = 'deleting'"),
        kept!(attachment "destination_id = $2"),
    ];
    past::keep_all(conn, whole, &[id.as_str()], now).await?;
    let done = sqlx::query("delete from destinations where id = $1 and state = 'deleting'")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a row whatever its state; Docker is not asked.
pub async fn forget(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &DestinationId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let whole = [kept!(destination "id = $2"), kept!(attachment "destination_id = $2")];
    past::keep_all(conn, whole, &[id.as_str()], now).await?;
    let done = sqlx::query("delete from destinations where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the rows of a server that is forgotten; Docker is not asked. Answers their networks.
pub async fn forget_of_server(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
    now: Timestamp,
) -> Result<Vec<String>, sqlx::Error> {
    let whole = [
        kept!(attachment
            "destination_id in (select d.id from destinations d where d.server_id = $2)"),
        kept!(destination "server_id = $2"),
    ];
    past::keep_all(conn, whole, &[server.as_str()], now).await?;
    sqlx::query_scalar(
        "delete from destinations where team_id = $1 and server_id = $2 returning network",
    )
    .bind(team.as_str())
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}
