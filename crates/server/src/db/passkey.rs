//! Passkeys, and what authenticators are asked to sign.

use portolan_types::{Name, PageQuery, Passkey, PasskeyId, Timestamp, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, moment, moment_option, number, parsed, parsed_option};

/// A passkey about to be stored.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    pub passkey: &'a Passkey,
    pub user: &'a UserId,
    /// In base64url.
    pub credential_id: &'a str,
    /// COSE in base64url.
    pub public_key: &'a str,
    pub counter: u32,
}

/// What it takes to check what was signed.
#[derive(Debug)]
pub struct Stored {
    pub id: PasskeyId,
    pub name: Name,
    pub user: UserId,
    pub public_key: String,
    pub counter: u32,
}

struct PasskeyRow(Passkey);

impl FromRow<'_, AnyRow> for PasskeyRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Passkey {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            backed_up: number(row, "backed_up")? == 1,
            created_at: moment(row, "created_at")?,
            last_used_at: moment_option(row, "last_used_at")?,
        }))
    }
}

/// Stores a passkey. One that is known is a unique violation.
pub async fn insert(conn: &mut AnyConnection, new: &NewPasskey<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into passkeys
             (id, user_id, name, credential_id, public_key, counter, backed_up, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.passkey.id.as_str())
    .bind(new.user.as_str())
    .bind(new.passkey.name.as_str())
    .bind(new.credential_id)
    .bind(new.public_key)
    .bind(i64::from(new.counter))
    .bind(i64::from(new.passkey.backed_up))
    .bind(new.passkey.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The passkey that an authenticator calls so.
pub async fn find_by_credential(
    conn: &mut AnyConnection,
    credential_id: &str,
) -> Result<Option<Stored>, sqlx::Error> {
    let row = sqlx::query(
        "select id, name, user_id, public_key, counter from passkeys where credential_id = $1",
    )
    .bind(credential_id)
    .fetch_optional(conn)
    .await?;
    let read = |row: AnyRow| {
        Ok(Stored {
            id: parsed(&row, "id")?,
            name: parsed(&row, "name")?,
            user: parsed(&row, "user_id")?,
            public_key: row.try_get("public_key")?,
            counter: number(&row, "counter")?,
        })
    };
    row.map(read).transpose()
}

/// Notes a use. `false` when the authenticator's count did not grow: it was copied, or used by two at
/// once. The database decides, so that of two that come at once one is refused.
pub async fn count_up(
    conn: &mut AnyConnection,
    id: &PasskeyId,
    counter: u32,
    backed_up: bool,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update passkeys set counter = $2, backed_up = $3, last_used_at = $4
         where id = $1 and (counter < $2 or (counter = 0 and $2 = 0))",
    )
    .bind(id.as_str())
    .bind(i64::from(counter))
    .bind(i64::from(backed_up))
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A person's passkeys, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    user: &UserId,
    query: &PageQuery,
) -> Result<Vec<Passkey>, sqlx::Error> {
    let window = Window::of_owner(user.as_str(), query);
    let rows: Vec<PasskeyRow> = window
        .query(
            "select id, name, backed_up, created_at, last_used_at
             from passkeys
             where user_id = $1 and (created_at, id) > ($2, $3)
               and lower(name) like $4 escape '!'
             order by created_at, id
             limit $5",
        )
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|PasskeyRow(passkey)| passkey).collect())
}

/// A passkey of a person.
pub async fn find(
    conn: &mut AnyConnection,
    user: &UserId,
    id: &PasskeyId,
) -> Result<Option<Passkey>, sqlx::Error> {
    let row: Option<PasskeyRow> = sqlx::query_as(
        "select id, name, backed_up, created_at, last_used_at
         from passkeys where user_id = $1 and id = $2",
    )
    .bind(user.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|PasskeyRow(passkey)| passkey))
}

/// What authenticators call a person's passkeys.
pub async fn credential_ids(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select credential_id from passkeys where user_id = $1 order by id")
        .bind(user.as_str())
        .fetch_all(conn)
        .await
}

/// Calls a passkey something else.
pub async fn rename(
    conn: &mut AnyConnection,
    user: &UserId,
    id: &PasskeyId,
    name: &Name,
) -> Result<(), sqlx::Error> {
    sqlx::query("update passkeys set name = $3 where user_id = $1 and id = $2")
        .bind(user.as_str())
        .bind(id.as_str())
        .bind(name.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a passkey.
pub async fn delete(
    conn: &mut AnyConnection,
    user: &UserId,
    id: &PasskeyId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from passkeys where user_id = $1 and id = $2")
        .bind(user.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Remembers what an authenticator is to sign, and forgets what took too long. `user` makes a
/// passkey; nobody signs in.
pub async fn insert_challenge(
    conn: &mut AnyConnection,
    challenge_hash: &str,
    user: Option<&UserId>,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from passkey_challenges where expires_at <= $1")
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "insert into passkey_challenges (challenge_hash, user_id, expires_at) values ($1, $2, $3)",
    )
    .bind(challenge_hash)
    .bind(user.map(UserId::as_str))
    .bind(expires_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a challenge out: only one caller ever gets it. Whose it is.
pub async fn take_challenge(
    conn: &mut AnyConnection,
    challenge_hash: &str,
    now: Timestamp,
) -> Result<Option<Option<UserId>>, sqlx::Error> {
    let row = sqlx::query(
        "delete from passkey_challenges where challenge_hash = $1 returning user_id, expires_at",
    )
    .bind(challenge_hash)
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let good = moment(&row, "expires_at")? > now;
    let user = parsed_option(&row, "user_id")?;
    Ok(good.then_some(user))
}
