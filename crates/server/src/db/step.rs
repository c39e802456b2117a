//! Steps of operations, in the order in which they began.

use portolan_types::{OperationId, Step, StepState, Timestamp};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{moment, moment_option, parsed};

struct StepRow(Step);

impl FromRow<'_, AnyRow> for StepRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Step {
            name: row.try_get("name")?,
            state: parsed(row, "state")?,
            detail: row.try_get("detail")?,
            remedy: row.try_get("remedy")?,
            started_at: moment(row, "started_at")?,
            finished_at: moment_option(row, "finished_at")?,
        }))
    }
}

/// Those of an operation, in their order.
pub async fn list(conn: &mut AnyConnection, id: &OperationId) -> Result<Vec<Step>, sqlx::Error> {
    let rows: Vec<StepRow> = sqlx::query_as(
        "select name, state, detail, remedy, started_at, finished_at
         from steps
         where operation_id = $1
         order by position",
    )
    .bind(id.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|StepRow(step)| step).collect())
}

/// Adds a running step behind the others and answers its position.
pub async fn insert(
    conn: &mut AnyConnection,
    id: &OperationId,
    name: &str,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "insert into steps (operation_id, position, name, state, started_at)
         select $1, coalesce(max(position), 0) + 1, $2, 'running', $3
         from steps where operation_id = $1
         returning position",
    )
    .bind(id.as_str())
    .bind(name)
    .bind(now.as_millis())
    .fetch_one(conn)
    .await
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End<'a> {
    pub state: StepState,
    pub detail: Option<&'a str>,
    pub remedy: Option<&'a str>,
}

/// Writes down how a step ended.
pub async fn finish(
    conn: &mut AnyConnection,
    id: &OperationId,
    position: i64,
    end: &End<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update steps set state = $3, detail = $4, remedy = $5, finished_at = $6
         where operation_id = $1 and position = $2",
    )
    .bind(id.as_str())
    .bind(position)
    .bind(end.state.as_str())
    .bind(end.detail)
    .bind(end.remedy)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down how far a running step is. `false` when that is known already.
pub async fn set_detail(
    conn: &mut AnyConnection,
    id: &OperationId,
    position: i64,
    detail: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update steps set detail = $3
         where operation_id = $1 and position = $2 and state = 'running'
           and coalesce(detail, '') <> $3",
    )
    .bind(id.as_str())
    .bind(position)
    .bind(detail)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends steps that a crash left running.
pub async fn interrupt(
    conn: &mut AnyConnection,
    id: &OperationId,
    detail: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update steps set state = 'failed', detail = $2, finished_at = $3
         where operation_id = $1 and state = 'running'",
    )
    .bind(id.as_str())
    .bind(detail)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
