//! Authenticators and recovery codes.

use portolan_types::{Timestamp, UserId};
use sqlx::{AnyConnection, Row};

use super::moment_option;

/// An authenticator as it is stored.
#[derive(Debug)]
pub struct Totp {
    pub sealed_secret: String,
    /// Not wanted at sign-in before.
    pub confirmed_at: Option<Timestamp>,
    /// The latest step of which a code was taken.
    pub last_step: i64,
}

/// The authenticator of a person, confirmed or not.
pub async fn find_totp(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<Option<Totp>, sqlx::Error> {
    let row =
        sqlx::query("select sealed_secret, confirmed_at, last_step from totps where user_id = $1")
            .bind(user.as_str())
            .fetch_optional(conn)
            .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Totp {
        sealed_secret: row.try_get("sealed_secret")?,
        confirmed_at: moment_option(&row, "confirmed_at")?,
        last_step: row.try_get("last_step")?,
    }))
}

/// Puts an authenticator that is to be confirmed in the place of another such one. `false` when one
/// was confirmed already.
pub async fn put_totp(
    conn: &mut AnyConnection,
    user: &UserId,
    sealed_secret: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into totps (user_id, sealed_secret, last_step, created_at) values ($1, $2, 0, $3)
         on conflict (user_id) do update set sealed_secret = $2, last_step = 0, created_at = $3
         where totps.confirmed_at is null",
    )
    .bind(user.as_str())
    .bind(sealed_secret)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An authenticator is wanted from now on.
pub async fn confirm_totp(
    conn: &mut AnyConnection,
    user: &UserId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update totps set confirmed_at = $2 where user_id = $1")
        .bind(user.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a step. Of two callers with one code, one gets `true`.
pub async fn take_step(
    conn: &mut AnyConnection,
    user: &UserId,
    step: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update totps set last_step = $2 where user_id = $1 and last_step < $2")
        .bind(user.as_str())
        .bind(step)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the authenticator away, and the recovery codes with it.
pub async fn delete(conn: &mut AnyConnection, user: &UserId) -> Result<(), sqlx::Error> {
    for sql in
        ["delete from totps where user_id = $1", "delete from recovery_codes where user_id = $1"]
    {
        sqlx::query(sql).bind(user.as_str()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Puts recovery codes in the place of those before.
pub async fn put_recovery_codes(
    conn: &mut AnyConnection,
    user: &UserId,
    hashes: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from recovery_codes where user_id = $1")
        .bind(user.as_str())
        .execute(&mut *conn)
        .await?;
    for hash in hashes {
        sqlx::query("insert into recovery_codes (user_id, code_hash) values ($1, $2)")
            .bind(user.as_str())
            .bind(hash)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Uses a recovery code. Only one caller ever gets `true`.
pub async fn use_recovery_code(
    conn: &mut AnyConnection,
    user: &UserId,
    hash: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update recovery_codes set used_at = $3
         where user_id = $1 and code_hash = $2 and used_at is null",
    )
    .bind(user.as_str())
    .bind(hash)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Recovery codes that were not used yet.
pub async fn count_recovery_codes(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<u32, sqlx::Error> {
    let row = sqlx::query(
        "select count(*) as number from recovery_codes where user_id = $1 and used_at is null",
    )
    .bind(user.as_str())
    .fetch_one(conn)
    .await?;
    super::number(&row, "number")
}
