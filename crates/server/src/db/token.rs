//! API tokens: only the hash of a secret is stored.

use std::net::IpAddr;

use portolan_types::{
    Abilities, PageQuery, Role, Sees, Team, TeamId, Timestamp, Token, TokenId, User, UserId,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, moment, moment_option, parsed, parsed_option};

/// A token about to be stored.
#[derive(Debug)]
pub struct NewToken<'a> {
    pub token: &'a Token,
    pub team_id: &'a TeamId,
    pub user_id: &'a UserId,
    pub secret_hash: &'a str,
}

/// A token with whose it is.
#[derive(Debug)]
pub struct Holder {
    pub token: Token,
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub sees: Sees,
}

struct TokenRow(Token);

impl FromRow<'_, AnyRow> for TokenRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Token {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            abilities: parsed::<Abilities>(row, "abilities")?,
            email: row.try_get("email")?,
            expires_at: moment_option(row, "expires_at")?,
            last_used_at: moment_option(row, "last_used_at")?,
            last_used_address: row.try_get("last_used_address")?,
            addresses: parsed_option(row, "addresses")?,
            created_at: moment(row, "created_at")?,
        }))
    }
}

impl FromRow<'_, AnyRow> for Holder {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let TokenRow(token) = TokenRow::from_row(row)?;
        Ok(Self {
            user: User { id: parsed(row, "user_id")?, email: token.email.clone() },
            team: Team { id: parsed(row, "team_id")?, name: parsed(row, "team_name")? },
            role: parsed(row, "role")?,
            sees: parsed(row, "sees")?,
            token,
        })
    }
}

/// Stores a token by the hash of its secret.
pub async fn insert(conn: &mut AnyConnection, new: &NewToken<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into tokens
             (id, team_id, user_id, name, secret_hash, abilities, expires_at, created_at, addresses)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.token.id.as_str())
    .bind(new.team_id.as_str())
    .bind(new.user_id.as_str())
    .bind(new.token.name.as_str())
    .bind(new.secret_hash)
    .bind(new.token.abilities.to_string())
    .bind(new.token.expires_at.map(Timestamp::as_millis))
    .bind(new.token.created_at.as_millis())
    .bind(new.token.addresses.as_ref().map(ToString::to_string))
    .execute(conn)
    .await?;
    Ok(())
}

macro_rules! holder {
    ($rest:literal) => {
        concat!(
            "select t.id, t.name, t.abilities, t.expires_at, t.last_used_at,
                    t.last_used_address, t.addresses, t.created_at,
                    t.team_id, t.user_id, u.email, m.role, ",
            sees!(),
            " as sees,
                    teams.name as team_name
             from tokens t
             join users u on u.id = t.user_id
             join memberships m on m.team_id = t.team_id and m.user_id = t.user_id
             join teams on teams.id = t.team_id ",
            $rest
        )
    };
}

/// The holder of a secret, whether or not it has ended: `Token::expires_at` says.
pub async fn find_holder(
    conn: &mut AnyConnection,
    secret_hash: &str,
) -> Result<Option<Holder>, sqlx::Error> {
    sqlx::query_as(holder!("where t.secret_hash = $1")).bind(secret_hash).fetch_optional(conn).await
}

/// The same of a token.
pub async fn find_holder_of(
    conn: &mut AnyConnection,
    id: &TokenId,
) -> Result<Option<Holder>, sqlx::Error> {
    sqlx::query_as(holder!("where t.id = $1")).bind(id.as_str()).fetch_optional(conn).await
}

/// Whether a token has neither ended nor been revoked, and its person is still in the team and sees
/// as much of it as before.
pub async fn is_good(
    conn: &mut AnyConnection,
    (team, user, sees): (&TeamId, &UserId, Sees),
    token: &TokenId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(concat!(
        "select count(*)
         from tokens t
         join memberships m on m.team_id = t.team_id and m.user_id = t.user_id
         where t.id = $1 and t.team_id = $2 and t.user_id = $3
           and (t.expires_at is null or t.expires_at > $4) and ",
        sees!(),
        " = $5"
    ))
    .bind(token.as_str())
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(now.as_millis())
    .bind(sees.as_str())
    .fetch_one(conn)
    .await?;
    Ok(found == 1)
}

/// Whether an owner has a token left that does what owners do, or a password.
pub async fn is_owner_able(conn: &mut AnyConnection, now: Timestamp) -> Result<bool, sqlx::Error> {
    let tokens: i64 = sqlx::query_scalar(
        "select count(*)
         from memberships m
         join users u on u.id = m.user_id
         left join tokens t on t.team_id = m.team_id and t.user_id = m.user_id
              and t.abilities like '%owner%' and (t.expires_at is null or t.expires_at > $1)
         where m.role = 'owner' and (t.id is not null or u.password_hash is not null)",
    )
    .bind(now.as_millis())
    .fetch_one(conn)
    .await?;
    Ok(tokens > 0)
}

/// Notes the use of a token, at most once a minute: a write per request would be the cost of it.
pub async fn touch(
    conn: &mut AnyConnection,
    id: &TokenId,
    now: Timestamp,
    address: Option<IpAddr>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update tokens set last_used_at = $2, last_used_address = $3 where id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .bind(address.map(|address| address.to_string()))
        .execute(conn)
        .await?;
    Ok(())
}

/// A token of the team.
pub async fn find(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &TokenId,
) -> Result<Option<Token>, sqlx::Error> {
    let row: Option<TokenRow> = sqlx::query_as(
        "select t.id, t.name, t.abilities, t.expires_at, t.last_used_at,
                t.last_used_address, t.addresses, t.created_at, u.email
         from tokens t
         join users u on u.id = t.user_id
         where t.team_id = $1 and t.id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|TokenRow(token)| token))
}

/// The team's tokens, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    query: &PageQuery,
) -> Result<Vec<Token>, sqlx::Error> {
    let window = Window::of_owner(team.as_str(), query);
    let rows: Vec<TokenRow> = window
        .query(
            "select t.id, t.name, t.abilities, t.expires_at, t.last_used_at,
                t.last_used_address, t.addresses, t.created_at, u.email
             from tokens t
             join users u on u.id = t.user_id
             where t.team_id = $1 and (t.created_at, t.id) > ($2, $3)
               and lower(t.name) like $4 escape '!'
             order by t.created_at, t.id
             limit $5",
        )
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|TokenRow(token)| token).collect())
}

/// Ends a token. `false` when the team has no such token.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &TokenId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from tokens where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Changes what a token is. `false` when the team has no such token.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    token: &Token,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update tokens set name = $3, abilities = $4, expires_at = $5, addresses = $6
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(token.id.as_str())
    .bind(token.name.as_str())
    .bind(token.abilities.to_string())
    .bind(token.expires_at.map(Timestamp::as_millis))
    .bind(token.addresses.as_ref().map(ToString::to_string))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Throws away what ended before a moment; answers how many went.
pub async fn delete_ended_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from tokens where expires_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
