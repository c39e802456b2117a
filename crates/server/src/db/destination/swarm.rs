//! Destinations of swarms, which any of the swarm's managers may keep; and taking over.

use portolan_types::{DestinationId, LiveNode, NetworkName, ServerId, TeamId, Timestamp};
use sqlx::AnyConnection;

use super::Assigned;
use crate::db::{
    past::{self, kept},
    to_json,
};

/// Every destination of a team's swarm, for the keepers of its managers.
pub async fn list_of_cluster(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "where d.team_id = $1 and d.cluster_id = $2
         order by d.created_at, d.id"
    ))
    .bind(team.as_str())
    .bind(cluster_id)
    .fetch_all(conn)
    .await
}

/// The destination that a network of a swarm is already.
pub async fn find_in_cluster(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
    network: &NetworkName,
) -> Result<Option<Assigned>, sqlx::Error> {
    sqlx::query_as(select!("where d.team_id = $1 and d.cluster_id = $2 and d.network = $3"))
        .bind(team.as_str())
        .bind(cluster_id)
        .bind(network.as_str())
        .fetch_optional(conn)
        .await
}

/// Gives a destination to another server of its swarm. `false` when it has gone meanwhile, or when
/// that server has a network of its own of the same name.
pub async fn move_to(
    conn: &mut AnyConnection,
    id: &DestinationId,
    server: &ServerId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let texts = [id.as_str(), server.as_str()];
    past::keep(conn, kept!(destination "id = $2 and server_id <> $3"), &texts, now).await?;
    let done = sqlx::query(
        "update destinations set server_id = $2, updated_at = $3
         where id = $1 and server_id <> $2 and not exists
             (select 1 from destinations o
              where o.server_id = $2 and o.network = destinations.network)",
    )
    .bind(id.as_str())
    .bind(server.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores on which nodes it is live.
pub async fn set_nodes(
    conn: &mut AnyConnection,
    id: &DestinationId,
    nodes: &[LiveNode],
) -> Result<(), sqlx::Error> {
    sqlx::query("update destinations set nodes = $2 where id = $1")
        .bind(id.as_str())
        .bind(to_json(&nodes)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Why what is asked of a swarm's destinations is not done yet.
pub async fn set_waiting_reason(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let changes = kept!(destination
        "team_id = $2 and cluster_id = $3 and state in ('pending', 'deleting')
         and coalesce(reason, '') <> $4");
    let texts = [team.as_str(), cluster_id, reason];
    past::keep(conn, changes, &texts, Timestamp::now()).await?;
    sqlx::query(
        "update destinations set reason = $3
         where team_id = $1 and cluster_id = $2 and state in ('pending', 'deleting')",
    )
    .bind(team.as_str())
    .bind(cluster_id)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// Why a change is not over yet.
pub async fn set_changing_reason(
    conn: &mut AnyConnection,
    id: &DestinationId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let changes =
        kept!(destination "id = $2 and state = 'changing' and coalesce(reason, '') <> $3");
    past::keep(conn, changes, &[id.as_str(), reason], Timestamp::now()).await?;
    sqlx::query("update destinations set reason = $2 where id = $1 and state = 'changing'")
        .bind(id.as_str())
        .bind(reason)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes an adopted destination Portolan's own. `false` when it is not adopted, or not ready.
pub async fn take_over(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &DestinationId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update destinations set origin = 'created', updated_at = $3
         where team_id = $1 and id = $2 and origin = 'adopted' and state = 'ready'",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
