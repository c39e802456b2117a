//! The hooks of applications, by which hosts of repositories tell of pushes.

use portolan_types::{ApplicationId, Hook, TeamId, Timestamp, TokenId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{moment, moment_option, parsed};

/// A hook with what the API does not show.
#[derive(Debug, Clone)]
pub struct Kept {
    pub hook: Hook,
    pub sealed_secret: String,
}

impl FromRow<'_, AnyRow> for Kept {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let application_id: ApplicationId = parsed(row, "application_id")?;
        Ok(Self {
            hook: Hook {
                path: format!("/v1/hooks/{application_id}"),
                application_id,
                token_id: parsed(row, "token_id")?,
                created_at: moment(row, "created_at")?,
                called_at: moment_option(row, "called_at")?,
                outcome: row.try_get("outcome")?,
            },
            sealed_secret: row.try_get("sealed_secret")?,
        })
    }
}

/// The hook of an application.
pub async fn find(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as(
        "select application_id, token_id, sealed_secret, created_at, called_at, outcome
         from hooks
         where application_id = $1",
    )
    .bind(application.as_str())
    .fetch_optional(conn)
    .await
}

/// Stores a hook, in the place of the one before.
pub async fn put(
    conn: &mut AnyConnection,
    (team, application): (&TeamId, &ApplicationId),
    token: &TokenId,
    sealed_secret: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into hooks (application_id, team_id, token_id, sealed_secret, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (application_id) do update
         set token_id = $3, sealed_secret = $4, created_at = $5, called_at = null, outcome = null",
    )
    .bind(application.as_str())
    .bind(team.as_str())
    .bind(token.as_str())
    .bind(sealed_secret)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what came of a call.
pub async fn note(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    outcome: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update hooks set called_at = $2, outcome = $3 where application_id = $1")
        .bind(application.as_str())
        .bind(now.as_millis())
        .bind(outcome)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes it.
pub async fn delete(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from hooks where application_id = $1")
        .bind(application.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
