//! Counted attempts.

use portolan_types::Timestamp;
use sqlx::AnyConnection;

use super::{moment, number};
use crate::accounts::Tally;

/// What was counted until now. Whoever else counts the same waits for the end of this transaction.
pub(crate) async fn lock(
    conn: &mut AnyConnection,
    key: &str,
    now: Timestamp,
) -> Result<Tally, sqlx::Error> {
    let row = sqlx::query(
        "insert into throttles (key, attempts, latest_at) values ($1, 0, $2)
         on conflict (key) do update set attempts = throttles.attempts
         returning attempts, latest_at",
    )
    .bind(key)
    .bind(now.as_millis())
    .fetch_one(conn)
    .await?;
    Ok(Tally { attempts: number(&row, "attempts")?, latest: moment(&row, "latest_at")? })
}

/// Counts one more; those before `forgotten` are not counted any more.
pub async fn count(
    conn: &mut AnyConnection,
    key: &str,
    now: Timestamp,
    forgotten: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update throttles
         set attempts = case when latest_at < $3 then 1 else attempts + 1 end, latest_at = $2
         where key = $1",
    )
    .bind(key)
    .bind(now.as_millis())
    .bind(forgotten.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts one less.
pub async fn take_back(conn: &mut AnyConnection, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update throttles set attempts = attempts - 1 where key = $1 and attempts > 0")
        .bind(key)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what was counted.
pub async fn delete(conn: &mut AnyConnection, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from throttles where key = $1").bind(key).execute(conn).await?;
    Ok(())
}

/// Sweeps counts of which the last attempt was before.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from throttles where latest_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
