//! How many destinations there are where.

use std::collections::HashMap;

use portolan_types::{ServerId, TeamId};
use sqlx::AnyConnection;

use super::{number, parsed};

/// By server, those that its swarm spans included; a server without any is left out.
pub async fn count_by_server(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<HashMap<ServerId, u32>, sqlx::Error> {
    let rows = sqlx::query(
        "select s.id, count(*) as n
         from servers s
         join destinations d on d.team_id = s.team_id
              and (d.server_id = s.id or d.cluster_id = s.cluster_id)
         where s.team_id = $1
         group by s.id",
    )
    .bind(team.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "id")?, number(row, "n")?))).collect()
}
