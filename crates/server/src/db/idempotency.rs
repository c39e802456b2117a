//! Idempotency keys: which resource a create made, so that its repetition answers the same.

use portolan_types::{TeamId, Timestamp};
use sqlx::{AnyConnection, Row};

/// What was made under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub request_hash: String,
    pub resource_id: String,
}

/// What was made under a key of the team.
pub async fn find(
    conn: &mut AnyConnection,
    team: &TeamId,
    key: &str,
) -> Result<Option<Made>, sqlx::Error> {
    let row = sqlx::query(
        "select request_hash, resource_id from idempotency_keys where team_id = $1 and key = $2",
    )
    .bind(team.as_str())
    .bind(key)
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Made {
            request_hash: row.try_get("request_hash")?,
            resource_id: row.try_get("resource_id")?,
        })
    })
    .transpose()
}

/// `false` when the key is there already: the other request came first. PostgreSQL waits for it.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    key: &str,
    made: &Made,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into idempotency_keys (team_id, key, request_hash, resource_id, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (team_id, key) do nothing",
    )
    .bind(team.as_str())
    .bind(key)
    .bind(made.request_hash.as_str())
    .bind(made.resource_id.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Drops what is older; answers how many rows.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from idempotency_keys where created_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
