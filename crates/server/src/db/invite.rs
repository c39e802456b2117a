//! Invitations: only the hash of a secret is stored.

use portolan_types::{Invite, InviteId, NewGrant, PageQuery, Role, TeamId, Timestamp, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, moment, parsed, parsed_option, to_json};

/// An invitation about to be stored.
#[derive(Debug)]
pub struct NewInvite<'a> {
    pub invite: &'a Invite,
    pub team_id: &'a TeamId,
    pub invited_by: &'a UserId,
    pub secret_hash: &'a str,
}

/// An invitation that a secret opens.
#[derive(Debug)]
pub struct Opened {
    pub invite: Invite,
    pub team: TeamId,
    /// What whoever invited is by now.
    pub inviter: Role,
}

struct InviteRow(Invite);

impl FromRow<'_, AnyRow> for InviteRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let grants: String = row.try_get("grants")?;
        let grants: Vec<NewGrant> =
            serde_json::from_str(&grants).map_err(|source| decode_error("grants", source))?;
        Ok(Self(Invite {
            id: parsed(row, "id")?,
            email: parsed_option(row, "email")?,
            role: parsed(row, "role")?,
            sees: parsed(row, "sees")?,
            grants,
            invited_by: row.try_get("invited_by")?,
            created_at: moment(row, "created_at")?,
            expires_at: moment(row, "expires_at")?,
        }))
    }
}

impl FromRow<'_, AnyRow> for Opened {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let InviteRow(invite) = InviteRow::from_row(row)?;
        Ok(Self { invite, team: parsed(row, "team_id")?, inviter: parsed(row, "inviter")? })
    }
}

/// Stores an invitation by the hash of its secret.
pub async fn insert(conn: &mut AnyConnection, new: &NewInvite<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into invites
             (id, team_id, invited_by, email, role, grants, secret_hash, created_at, expires_at,
              sees)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.invite.id.as_str())
    .bind(new.team_id.as_str())
    .bind(new.invited_by.as_str())
    .bind(new.invite.email.as_ref().map(portolan_types::Email::as_str))
    .bind(new.invite.role.as_str())
    .bind(to_json(&new.invite.grants)?)
    .bind(new.secret_hash)
    .bind(new.invite.created_at.as_millis())
    .bind(new.invite.expires_at.as_millis())
    .bind(new.invite.sees.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// The team's invitations that can still be used, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    query: &PageQuery,
    now: Timestamp,
) -> Result<Vec<Invite>, sqlx::Error> {
    let window = Window::of_owner(team.as_str(), query);
    let rows: Vec<InviteRow> = window
        .query(
            "select i.id, i.email, i.role, i.sees, i.grants, u.email as invited_by, i.created_at,
                    i.expires_at
             from invites i
             join users u on u.id = i.invited_by
             where i.team_id = $1 and (i.created_at, i.id) > ($2, $3)
               and lower(coalesce(i.email, '')) like $4 escape '!' and i.expires_at > $6
             order by i.created_at, i.id
             limit $5",
        )
        .bind(now.as_millis())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|InviteRow(invite)| invite).collect())
}

/// Takes an invitation back.
pub async fn revoke(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &InviteId,
    now: Timestamp,
) -> Result<Option<Invite>, sqlx::Error> {
    let found: Option<InviteRow> = sqlx::query_as(
        "select i.id, i.email, i.role, i.sees, i.grants, u.email as invited_by, i.created_at, i.expires_at
         from invites i
         join users u on u.id = i.invited_by
         where i.team_id = $1 and i.id = $2 and i.expires_at > $3",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(now.as_millis())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(InviteRow(invite)) = found else { return Ok(None) };
    Ok(take(conn, id).await?.then_some(invite))
}

/// The invitation that a secret opens, as it is.
pub async fn find(
    conn: &mut AnyConnection,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Option<Opened>, sqlx::Error> {
    sqlx::query_as(
        "select i.id, i.team_id, i.email, i.role, i.sees, i.grants, u.email as invited_by, i.created_at,
                i.expires_at, m.role as inviter
         from invites i
         join users u on u.id = i.invited_by
         join memberships m on m.team_id = i.team_id and m.user_id = i.invited_by
         where i.secret_hash = $1 and i.expires_at > $2",
    )
    .bind(secret_hash)
    .bind(now.as_millis())
    .fetch_optional(conn)
    .await
}

/// Uses an invitation: of two at once, one finds it gone.
pub async fn redeem(
    conn: &mut AnyConnection,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Option<Opened>, sqlx::Error> {
    let Some(opened) = find(conn, secret_hash, now).await? else { return Ok(None) };
    Ok(take(conn, &opened.invite.id).await?.then_some(opened))
}

async fn take(conn: &mut AnyConnection, id: &InviteId) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("delete from invites where id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what can be used no more.
pub async fn sweep(conn: &mut AnyConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("delete from invites where expires_at <= $1")
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}
