//! Data keys, themselves sealed by the master key.

use portolan_types::Timestamp;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{moment, moment_option};

/// A data key as it is stored.
#[derive(Debug, Clone)]
pub struct Wrapped {
    pub id: String,
    pub wrapped: String,
    /// The same under the master key before, while that one is being replaced.
    pub wrapped_before: Option<String>,
    pub created_at: Timestamp,
    /// Since when another seals; nothing for the one in use.
    pub retired_at: Option<Timestamp>,
}

impl FromRow<'_, AnyRow> for Wrapped {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            wrapped: row.try_get("wrapped")?,
            wrapped_before: row.try_get("wrapped_before")?,
            created_at: moment(row, "created_at")?,
            retired_at: moment_option(row, "retired_at")?,
        })
    }
}

/// All that there are, the oldest first.
pub async fn list(conn: &mut AnyConnection) -> Result<Vec<Wrapped>, sqlx::Error> {
    sqlx::query_as(
        "select id, wrapped, wrapped_before, created_at, retired_at
         from data_keys
         order by created_at, id",
    )
    .fetch_all(conn)
    .await
}

/// Stores one that is in use from now on. Retire the one before first.
pub async fn insert(
    conn: &mut AnyConnection,
    id: &str,
    wrapped: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into data_keys (id, wrapped, created_at, in_use) values ($1, $2, $3, 1)")
        .bind(id)
        .bind(wrapped)
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// The one in use seals nothing from now on.
pub async fn retire(conn: &mut AnyConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("update data_keys set in_use = null, retired_at = $1 where in_use = 1")
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps one under another master key, and under the one before.
pub async fn rewrap(
    conn: &mut AnyConnection,
    id: &str,
    wrapped: &str,
    before: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update data_keys set wrapped = $2, wrapped_before = $3 where id = $1")
        .bind(id)
        .bind(wrapped)
        .bind(before)
        .execute(conn)
        .await?;
    Ok(())
}

/// The master key before opens nothing any more.
pub async fn end_rewrap(conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("update data_keys set wrapped_before = null where wrapped_before is not null")
        .execute(conn)
        .await?;
    Ok(())
}

/// Throws one away: what it sealed cannot be opened again.
pub async fn delete(conn: &mut AnyConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from data_keys where id = $1 and in_use is null")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}
