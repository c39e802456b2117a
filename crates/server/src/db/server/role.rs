//! Servers by their roles and their swarms.

use portolan_types::{Server, ServerId, ServerKind, Swarm, TeamId};
use sqlx::AnyConnection;

use super::row::{Assigned, columns};
use crate::{db::to_json, rights::Visible};

/// Stores the role, and the part in a swarm.
pub async fn set_role(
    conn: &mut AnyConnection,
    id: &ServerId,
    kind: ServerKind,
    swarm: Option<&Swarm>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update servers set kind = $2, swarm = $3, cluster_id = $4, node_id = $5 where id = $1",
    )
    .bind(id.as_str())
    .bind(kind.as_str())
    .bind(swarm.map(to_json).transpose()?)
    .bind(swarm.and_then(|swarm| swarm.cluster_id.as_deref()))
    .bind(swarm.map(|swarm| swarm.node_id.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The team's servers that are in any swarm, oldest first.
pub async fn list_in_swarms(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Server>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from servers where team_id = $1 and swarm is not null and ",
        visible!("2", server "servers.id"),
        " order by created_at, id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}

/// The team's managers of a swarm, always in the same order.
pub async fn list_managers(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
) -> Result<Vec<Server>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from servers
         where team_id = $1 and cluster_id = $2 and kind = 'swarm-manager'
         order by created_at, id"
    ))
    .bind(team.as_str())
    .bind(cluster_id)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}
