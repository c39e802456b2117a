//! What people are known by at providers, and sign-ins through these that have begun.

use portolan_types::{Identity, IdentityId, PageQuery, SessionId, Timestamp, User, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, account, moment, parsed, parsed_option};

struct IdentityRow(Identity);

impl FromRow<'_, AnyRow> for IdentityRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Identity {
            id: parsed(row, "id")?,
            issuer: row.try_get("issuer")?,
            subject: row.try_get("subject")?,
            email: row.try_get("email")?,
            created_at: moment(row, "created_at")?,
            last_used_at: moment(row, "last_used_at")?,
        }))
    }
}

/// Lets a person be known by another name. A name that somebody has is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    user: &UserId,
    identity: &Identity,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into identities (id, user_id, issuer, subject, email, created_at, last_used_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(identity.id.as_str())
    .bind(user.as_str())
    .bind(identity.issuer.as_str())
    .bind(identity.subject.as_str())
    .bind(identity.email.as_deref())
    .bind(identity.created_at.as_millis())
    .bind(identity.last_used_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a person came by this name, and who that is.
pub async fn come(
    conn: &mut AnyConnection,
    (issuer, subject): (&str, &str),
    email: Option<&str>,
    now: Timestamp,
) -> Result<Option<User>, sqlx::Error> {
    let row = sqlx::query(
        "update identities set email = $3, last_used_at = $4
         where issuer = $1 and subject = $2
         returning user_id",
    )
    .bind(issuer)
    .bind(subject)
    .bind(email)
    .bind(now.as_millis())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let account = account::find(conn, &parsed(&row, "user_id")?).await?;
    Ok(account.map(|account| account.user))
}

/// A person's names, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    user: &UserId,
    query: &PageQuery,
) -> Result<Vec<Identity>, sqlx::Error> {
    let window = Window::of_owner(user.as_str(), query);
    let rows: Vec<IdentityRow> = window
        .query(
            "select id, issuer, subject, email, created_at, last_used_at
             from identities
             where user_id = $1 and (created_at, id) > ($2, $3)
               and lower(issuer) like $4 escape '!'
             order by created_at, id
             limit $5",
        )
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|IdentityRow(identity)| identity).collect())
}

/// Forgets one of a person's names; answers its issuer.
pub async fn delete(
    conn: &mut AnyConnection,
    user: &UserId,
    id: &IdentityId,
) -> Result<Option<String>, sqlx::Error> {
    let row = sqlx::query("delete from identities where user_id = $1 and id = $2 returning issuer")
        .bind(user.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| row.try_get("issuer")).transpose()
}

/// The issuers by which a person is known.
pub async fn issuers(conn: &mut AnyConnection, user: &UserId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select issuer from identities where user_id = $1 order by issuer")
        .bind(user.as_str())
        .fetch_all(conn)
        .await
}

/// A sign-in through a provider that has begun.
#[derive(Debug)]
pub struct FlowRow {
    pub provider: String,
    /// Who confirms that they are known there; nobody when somebody signs in.
    pub user: Option<UserId>,
    /// With which session they do: it ends with that.
    pub session: Option<SessionId>,
    pub return_to: String,
    pub expires_at: Timestamp,
}

/// Stores a begun sign-in by the hash of its secret, and forgets those that took too long.
pub async fn begin_flow(
    conn: &mut AnyConnection,
    secret_hash: &str,
    flow: &FlowRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from openid_flows where expires_at <= $1")
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "insert into openid_flows (secret_hash, provider, user_id, session_id, return_to, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(secret_hash)
    .bind(flow.provider.as_str())
    .bind(flow.user.as_ref().map(UserId::as_str))
    .bind(flow.session.as_ref().map(SessionId::as_str))
    .bind(flow.return_to.as_str())
    .bind(flow.expires_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a begun sign-in out: only one caller ever gets it.
pub async fn take_flow(
    conn: &mut AnyConnection,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Option<FlowRow>, sqlx::Error> {
    let row = sqlx::query(
        "delete from openid_flows where secret_hash = $1
         returning provider, user_id, session_id, return_to, expires_at",
    )
    .bind(secret_hash)
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let flow = FlowRow {
        provider: row.try_get("provider")?,
        user: parsed_option(&row, "user_id")?,
        session: parsed_option(&row, "session_id")?,
        return_to: row.try_get("return_to")?,
        expires_at: moment(&row, "expires_at")?,
    };
    Ok((flow.expires_at > now).then_some(flow))
}
