//! What builds said, in parts of some lines each.

use portolan_types::{DeploymentId, Timestamp};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::moment;

/// Some lines that were said together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Counts the parts of the deployment, from 1.
    pub number: i64,
    pub at: Timestamp,
    /// Each but the last with its end.
    pub lines: String,
}

impl FromRow<'_, AnyRow> for Part {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.try_get("part")?,
            at: moment(row, "said_at")?,
            lines: row.try_get("lines")?,
        })
    }
}

/// Writes the next part down.
pub async fn append(
    conn: &mut AnyConnection,
    deployment: &DeploymentId,
    lines: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into build_logs (deployment_id, part, said_at, lines)
         select $1, coalesce(max(part), 0) + 1, $2, $3 from build_logs where deployment_id = $1",
    )
    .bind(deployment.as_str())
    .bind(now.as_millis())
    .bind(lines)
    .execute(conn)
    .await?;
    Ok(())
}

/// The parts after one, oldest first, at most so many.
pub async fn list_after(
    conn: &mut AnyConnection,
    deployment: &DeploymentId,
    part: i64,
    most: i64,
) -> Result<Vec<Part>, sqlx::Error> {
    sqlx::query_as(
        "select part, said_at, lines from build_logs
         where deployment_id = $1 and part > $2
         order by part
         limit $3",
    )
    .bind(deployment.as_str())
    .bind(part)
    .bind(most)
    .fetch_all(conn)
    .await
}
