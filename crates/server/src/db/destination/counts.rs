//! How many destinations there are where.

use std::collections::HashMap;

use portolan_types::ServerId;
use sqlx::AnyConnection;

use super::{number, parsed};
use crate::rights::Visible;

/// By server, those that its swarm spans included; a server without any is left out.
pub async fn count_by_server(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<HashMap<ServerId, u32>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select s.id, count(*) as n
         from servers s
         join destinations d on d.team_id = s.team_id
              and (d.server_id = s.id or d.cluster_id = s.cluster_id)
         where s.team_id = $1 and ",
        visible!("2", server "s.id"),
        " and ",
        visible!("2", server "d.server_id"),
        " group by s.id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "id")?, number(row, "n")?))).collect()
}
