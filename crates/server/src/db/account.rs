//! People as they sign in: by address, with the hash of a password, into one of their teams.

use portolan_types::{Role, Team, TeamId, Timestamp, User, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{moment, parsed};

/// A person with what their password is checked against.
#[derive(Debug)]
pub struct Account {
    pub user: User,
    /// Of argon2id; none was ever chosen without it.
    pub password_hash: Option<String>,
}

impl FromRow<'_, AnyRow> for Account {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user: User { id: parsed(row, "id")?, email: row.try_get("email")? },
            password_hash: row.try_get("password_hash")?,
        })
    }
}

/// The person with an address, in lower case.
pub async fn find_by_email(
    conn: &mut AnyConnection,
    email: &str,
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as("select id, email, password_hash from users where email = $1")
        .bind(email)
        .fetch_optional(conn)
        .await
}

/// A person.
pub async fn find(conn: &mut AnyConnection, user: &UserId) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as("select id, email, password_hash from users where id = $1")
        .bind(user.as_str())
        .fetch_optional(conn)
        .await
}

/// Puts a password in the place of the one before.
pub async fn set_password(
    conn: &mut AnyConnection,
    user: &UserId,
    hash: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update users set password_hash = $2 where id = $1")
        .bind(user.as_str())
        .bind(hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a hash of the same password in the place of one that was made at another cost, unless the
/// password was changed meanwhile.
pub async fn replace_hash(
    conn: &mut AnyConnection,
    user: &UserId,
    (old, new): (&str, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query("update users set password_hash = $3 where id = $1 and password_hash = $2")
        .bind(user.as_str())
        .bind(old)
        .bind(new)
        .execute(conn)
        .await?;
    Ok(())
}

/// The teams that a person is in, with their role, the oldest membership first.
pub async fn list_teams(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<Vec<(Team, Role)>, sqlx::Error> {
    let rows = sqlx::query(
        "select t.id, t.name, m.role
         from memberships m
         join teams t on t.id = m.team_id
         where m.user_id = $1
         order by m.created_at, t.id",
    )
    .bind(user.as_str())
    .fetch_all(conn)
    .await?;
    let team = |row: &AnyRow| -> Result<Team, sqlx::Error> {
        Ok(Team { id: parsed::<TeamId>(row, "id")?, name: parsed(row, "name")? })
    };
    rows.iter().map(|row| Ok((team(row)?, parsed(row, "role")?))).collect()
}

/// Lets one transaction after the other change how a person signs in.
pub async fn lock(conn: &mut AnyConnection, user: &UserId) -> Result<(), sqlx::Error> {
    sqlx::query("update users set email = email where id = $1")
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// A way back for a person who forgot their password; the one before ends.
pub async fn put_reset(
    conn: &mut AnyConnection,
    user: &UserId,
    secret_hash: &str,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into password_resets (user_id, secret_hash, expires_at) values ($1, $2, $3)
         on conflict (user_id) do update set secret_hash = $2, expires_at = $3",
    )
    .bind(user.as_str())
    .bind(secret_hash)
    .bind(expires_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// When the way back of a person ends, if there is one.
pub async fn find_reset_end(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("select expires_at from password_resets where user_id = $1")
        .bind(user.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| moment(&row, "expires_at")).transpose()
}

/// Whose way back this is, while it lasts.
pub async fn find_by_reset(
    conn: &mut AnyConnection,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(
        "select u.id, u.email, u.password_hash
         from password_resets r
         join users u on u.id = r.user_id
         where r.secret_hash = $1 and r.expires_at > $2",
    )
    .bind(secret_hash)
    .bind(now.as_millis())
    .fetch_optional(conn)
    .await
}

/// Uses a way back. Only one caller ever gets `true`.
pub async fn redeem_reset(
    conn: &mut AnyConnection,
    secret_hash: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("delete from password_resets where secret_hash = $1 and expires_at > $2")
            .bind(secret_hash)
            .bind(now.as_millis())
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the way back of a person, if there is one.
pub async fn delete_reset(conn: &mut AnyConnection, user: &UserId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from password_resets where user_id = $1")
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Sweeps ways back that have ended.
pub async fn delete_ended_resets(
    conn: &mut AnyConnection,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from password_resets where expires_at <= $1")
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
