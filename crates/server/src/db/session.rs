//! Sign-ins that go on: only the hash of a secret is stored.

use portolan_types::{
    PageQuery, Role, Sees, SessionId, SignIn, Team, TeamId, Timestamp, User, UserId,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, moment, parsed};

/// A sign-in about to be stored.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub sign_in: &'a SignIn,
    pub team_id: &'a TeamId,
    pub user_id: &'a UserId,
    pub secret_hash: &'a str,
}

/// A sign-in with whose it is, in the team that it is in now.
#[derive(Debug)]
pub struct Holder {
    pub sign_in: SignIn,
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub sees: Sees,
}

/// What makes a session one that has not ended.
#[derive(Debug, Clone, Copy)]
pub struct Still {
    pub now: Timestamp,
    /// Used after this moment: idle ones have ended.
    pub used_after: Timestamp,
}

/// None of them is marked as the one that asks: a row cannot know.
struct SessionRow(SignIn);

impl FromRow<'_, AnyRow> for SessionRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(SignIn {
            id: parsed(row, "id")?,
            method: parsed(row, "method")?,
            address: row.try_get("address")?,
            user_agent: row.try_get("user_agent")?,
            created_at: moment(row, "created_at")?,
            last_used_at: moment(row, "last_used_at")?,
            expires_at: moment(row, "expires_at")?,
            current: false,
        }))
    }
}

impl FromRow<'_, AnyRow> for Holder {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let SessionRow(sign_in) = SessionRow::from_row(row)?;
        Ok(Self {
            user: User { id: parsed(row, "user_id")?, email: row.try_get("email")? },
            team: Team { id: parsed(row, "team_id")?, name: parsed(row, "team_name")? },
            role: parsed(row, "role")?,
            sees: parsed(row, "sees")?,
            sign_in,
        })
    }
}

/// Stores a sign-in by the hash of its secret.
pub async fn insert(conn: &mut AnyConnection, new: &NewSession<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sessions
             (id, team_id, user_id, secret_hash, method, address, user_agent, created_at,
              last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.sign_in.id.as_str())
    .bind(new.team_id.as_str())
    .bind(new.user_id.as_str())
    .bind(new.secret_hash)
    .bind(new.sign_in.method.as_str())
    .bind(new.sign_in.address.as_deref())
    .bind(new.sign_in.user_agent.as_deref())
    .bind(new.sign_in.created_at.as_millis())
    .bind(new.sign_in.last_used_at.as_millis())
    .bind(new.sign_in.expires_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The holder of a secret that has not ended.
pub async fn find_holder(
    conn: &mut AnyConnection,
    secret_hash: &str,
    still: Still,
) -> Result<Option<Holder>, sqlx::Error> {
    sqlx::query_as(concat!(
        "select s.id, s.method, s.address, s.user_agent, s.created_at, s.last_used_at,
                s.expires_at, s.team_id, s.user_id, u.email, m.role, ",
        sees!(),
        " as sees,
                teams.name as team_name
         from sessions s
         join users u on u.id = s.user_id
         join memberships m on m.team_id = s.team_id and m.user_id = s.user_id
         join teams on teams.id = s.team_id
         where s.secret_hash = $1 and s.expires_at > $2 and s.last_used_at > $3"
    ))
    .bind(secret_hash)
    .bind(still.now.as_millis())
    .bind(still.used_after.as_millis())
    .fetch_optional(conn)
    .await
}

/// Whether a session has not ended, and its person is still in the team that it is in and sees as
/// much of it as before.
pub async fn is_good(
    conn: &mut AnyConnection,
    (team, user, sees): (&TeamId, &UserId, Sees),
    id: &SessionId,
    still: Still,
) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(concat!(
        "select count(*)
         from sessions s
         join memberships m on m.team_id = s.team_id and m.user_id = s.user_id
         where s.id = $1 and s.team_id = $2 and s.user_id = $3
           and s.expires_at > $4 and s.last_used_at > $5 and ",
        sees!(),
        " = $6"
    ))
    .bind(id.as_str())
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(still.now.as_millis())
    .bind(still.used_after.as_millis())
    .bind(sees.as_str())
    .fetch_one(conn)
    .await?;
    Ok(found == 1)
}

/// Notes the use of a session, at most once a minute.
pub async fn touch(
    conn: &mut AnyConnection,
    id: &SessionId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update sessions set last_used_at = $2 where id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// A person's sessions that have not ended, in whatever team, oldest first. One more than asked for
/// tells whether a page follows.
pub async fn list(
    conn: &mut AnyConnection,
    user: &UserId,
    still: Still,
    query: &PageQuery,
) -> Result<Vec<SignIn>, sqlx::Error> {
    let window = Window::of_owner(user.as_str(), query);
    let rows: Vec<SessionRow> = window
        .query(
            "select id, method, address, user_agent, created_at, last_used_at, expires_at
             from sessions
             where user_id = $1 and expires_at > $6 and last_used_at > $7
               and (created_at, id) > ($2, $3)
               and (lower(coalesce(address, '')) like $4 escape '!'
                    or lower(coalesce(user_agent, '')) like $4 escape '!')
             order by created_at, id
             limit $5",
        )
        .bind(still.now.as_millis())
        .bind(still.used_after.as_millis())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|SessionRow(sign_in)| sign_in).collect())
}

/// Ends a session of a person, and answers the team that it was in.
pub async fn delete(
    conn: &mut AnyConnection,
    user: &UserId,
    id: &SessionId,
) -> Result<Option<TeamId>, sqlx::Error> {
    let row = sqlx::query("delete from sessions where user_id = $1 and id = $2 returning team_id")
        .bind(user.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| parsed(&row, "team_id")).transpose()
}

/// Ends all sessions of a person but one, and answers the team of each.
pub async fn delete_others(
    conn: &mut AnyConnection,
    user: &UserId,
    kept: Option<&SessionId>,
) -> Result<Vec<TeamId>, sqlx::Error> {
    let rows =
        sqlx::query("delete from sessions where user_id = $1 and id <> $2 returning team_id")
            .bind(user.as_str())
            .bind(kept.map_or("", SessionId::as_str))
            .fetch_all(conn)
            .await?;
    rows.iter().map(|row| parsed(row, "team_id")).collect()
}

/// Sweeps sessions that have ended.
pub async fn delete_ended(conn: &mut AnyConnection, still: Still) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from sessions where expires_at <= $1 or last_used_at <= $2")
        .bind(still.now.as_millis())
        .bind(still.used_after.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Lets a session act in another team.
pub async fn switch(
    conn: &mut AnyConnection,
    id: &SessionId,
    team: &TeamId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update sessions set team_id = $2 where id = $1")
        .bind(id.as_str())
        .bind(team.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets the sessions of somebody who leaves a team go on in the one of their others that they
/// joined first. Without another one they stay.
pub async fn move_out(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<(), sqlx::Error> {
    let other: Option<String> = sqlx::query_scalar(
        "select team_id from memberships
         where user_id = $1 and team_id <> $2
         order by created_at, team_id
         limit 1",
    )
    .bind(user.as_str())
    .bind(team.as_str())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(other) = other else { return Ok(()) };
    sqlx::query("update sessions set team_id = $3 where user_id = $1 and team_id = $2")
        .bind(user.as_str())
        .bind(team.as_str())
        .bind(other)
        .execute(conn)
        .await?;
    Ok(())
}
