//! Logins of registries: the password is stored sealed and leaves only to be sent to its registry.

use portolan_types::{
    PageQuery, Registry, RegistryCheck, RegistryHost, RegistryId, RegistryUser, TeamId,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, folded, moment, moment_option, parsed};
use crate::rights::Visible;

struct RegistryRow(Registry);

impl FromRow<'_, AnyRow> for RegistryRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Registry {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            host: parsed(row, "host")?,
            user: parsed(row, "username")?,
            check: check(row)?,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        }))
    }
}

fn check(row: &AnyRow) -> Result<Option<RegistryCheck>, sqlx::Error> {
    let Some(checked_at) = moment_option(row, "checked_at")? else { return Ok(None) };
    Ok(Some(RegistryCheck {
        server_name: parsed(row, "check_server_name")?,
        outcome: parsed(row, "check_outcome")?,
        words: row.try_get("check_words")?,
        checked_at,
    }))
}

/// What is sent to a registry, with the password as it is stored.
#[derive(Clone)]
pub struct Login {
    pub id: RegistryId,
    pub host: RegistryHost,
    pub user: RegistryUser,
    pub sealed_password: String,
    /// Of what is sent.
    pub revision: i64,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("id", &self.id).finish_non_exhaustive()
    }
}

impl FromRow<'_, AnyRow> for Login {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            host: parsed(row, "host")?,
            user: parsed(row, "username")?,
            sealed_password: row.try_get("sealed_password")?,
            revision: row.try_get("revision")?,
        })
    }
}

/// A name that the team has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    registry: &Registry,
    sealed_password: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into registries
             (id, team_id, name, folded, host, username, sealed_password, revision, created_at,
              updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)",
    )
    .bind(registry.id.as_str())
    .bind(team.as_str())
    .bind(registry.name.as_str())
    .bind(folded(&registry.name))
    .bind(registry.host.as_str())
    .bind(registry.user.as_str())
    .bind(sealed_password)
    .bind(registry.created_at.as_millis())
    .bind(registry.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The login without its password, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &RegistryId,
) -> Result<Option<Registry>, sqlx::Error> {
    let row: Option<RegistryRow> = sqlx::query_as(concat!(
        "select id, name, host, username, checked_at, check_server_name, check_outcome,
                check_words, created_at, updated_at
         from registries
         where team_id = $1 and id = $2 and ",
        visible!("3", whole)
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|RegistryRow(registry)| registry))
}

/// The team's logins, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Registry>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<RegistryRow> = window
        .query(concat!(
            "select id, name, host, username, checked_at, check_server_name, check_outcome,
                    check_words, created_at, updated_at
             from registries
             where team_id = $1 and (created_at, id) > ($2, $3)
               and (folded like $4 escape '!' or host like $4 escape '!')
               and ",
            visible!("6", whole),
            " order by created_at, id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|RegistryRow(registry)| registry).collect())
}

/// What a change does to what is sent.
#[derive(Debug, Clone, Copy)]
pub enum Sent<'a> {
    /// The same as before: what is known of it stays.
    Same,
    /// Something else, with the password as before. What was checked is forgotten.
    Other,
    /// Something else, with this password, which is sealed. What was checked is forgotten.
    OtherPassword(&'a str),
}

/// Changes a login. `false` when the team has no such one; a name in use is a unique violation.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    registry: &Registry,
    sent: Sent<'_>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update registries set name = $3, folded = $4, host = $5, username = $6, updated_at = $7
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(registry.id.as_str())
    .bind(registry.name.as_str())
    .bind(folded(&registry.name))
    .bind(registry.host.as_str())
    .bind(registry.user.as_str())
    .bind(registry.updated_at.as_millis())
    .execute(&mut *conn)
    .await?;
    match sent {
        Sent::Same => {}
        Sent::Other => forget_check(conn, &registry.id).await?,
        Sent::OtherPassword(sealed) => {
            set_password(conn, &registry.id, sealed).await?;
            forget_check(conn, &registry.id).await?;
        }
    }
    Ok(done.rows_affected() == 1)
}

async fn set_password(
    conn: &mut AnyConnection,
    id: &RegistryId,
    sealed: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update registries set sealed_password = $2 where id = $1")
        .bind(id.as_str())
        .bind(sealed)
        .execute(conn)
        .await?;
    Ok(())
}

async fn forget_check(conn: &mut AnyConnection, id: &RegistryId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update registries
         set revision = revision + 1, checked_at = null, check_server_name = null,
             check_outcome = null, check_words = null
         where id = $1",
    )
    .bind(id.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what a check found, if the same is sent still.
pub async fn set_check(
    conn: &mut AnyConnection,
    id: &RegistryId,
    revision: i64,
    check: &RegistryCheck,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update registries
         set checked_at = $3, check_server_name = $4, check_outcome = $5, check_words = $6
         where id = $1 and revision = $2",
    )
    .bind(id.as_str())
    .bind(revision)
    .bind(check.checked_at.as_millis())
    .bind(check.server_name.as_str())
    .bind(check.outcome.as_str())
    .bind(check.words.as_deref())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a login; what is fetched with it makes it a foreign key violation.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &RegistryId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from registries where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What is sent for one login.
pub async fn find_login(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &RegistryId,
) -> Result<Option<Login>, sqlx::Error> {
    sqlx::query_as(
        "select id, host, username, sealed_password, revision
         from registries where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await
}

/// What could be sent to a registry: two at most, which is as many as there are to choose from.
pub async fn list_logins(
    conn: &mut AnyConnection,
    team: &TeamId,
    host: &RegistryHost,
) -> Result<Vec<Login>, sqlx::Error> {
    sqlx::query_as(
        "select id, host, username, sealed_password, revision
         from registries where team_id = $1 and host = $2
         order by created_at, id limit 2",
    )
    .bind(team.as_str())
    .bind(host.as_str())
    .fetch_all(conn)
    .await
}
