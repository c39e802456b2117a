//! The one-time setup token.

use portolan_types::Timestamp;
use sqlx::AnyConnection;

/// Opens the way in again for the owner that there is.
pub async fn reopen(
    conn: &mut AnyConnection,
    token_hash: &str,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update setup set token_hash = $1, expires_at = $2, used_at = null where id = 1")
        .bind(token_hash)
        .bind(expires_at.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a new token in the place of the old one, unless the old one was used.
pub async fn replace(
    conn: &mut AnyConnection,
    token_hash: &str,
    expires_at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into setup (id, token_hash, expires_at) values (1, $1, $2)
         on conflict (id) do update set token_hash = $1, expires_at = $2
         where setup.used_at is null",
    )
    .bind(token_hash)
    .bind(expires_at.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses the token. Only one caller ever gets `true`: the database decides.
pub async fn redeem(
    conn: &mut AnyConnection,
    token_hash: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update setup set used_at = $2
         where id = 1 and token_hash = $1 and used_at is null and expires_at > $2",
    )
    .bind(token_hash)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
