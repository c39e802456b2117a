//! Databases. What runs them is in `application`, under the same id; who refers to them is in
//! `database_reference`.

use portolan_types::{
    CredentialName, DatabaseConfig, DatabaseId, DatabaseVersion, EngineName, TeamId,
};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row, any::AnyRow};

use super::{json_option, parsed, parsed_option, several, to_json};

/// What a database is beside its application.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: DatabaseId,
    pub engine: EngineName,
    pub version: DatabaseVersion,
    pub config: DatabaseConfig,
    pub user: Option<CredentialName>,
    pub database: Option<CredentialName>,
    pub sealed_passwords: String,
    pub sealed_script: Option<String>,
}

impl FromRow<'_, AnyRow> for Kept {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            engine: parsed(row, "engine")?,
            version: parsed(row, "version")?,
            config: json_option(row, "config")?.ok_or(sqlx::Error::RowNotFound)?,
            user: parsed_option(row, "user_name")?,
            database: parsed_option(row, "database_name")?,
            sealed_passwords: row.try_get("sealed_passwords")?,
            sealed_script: row.try_get("sealed_script")?,
        })
    }
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select id, engine, version, config, user_name, database_name, sealed_passwords,
                    sealed_script
             from databases ",
            $($rest)*
        )
    };
}

/// Writes a new one down, after its application.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &Kept,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into databases
             (id, team_id, engine, version, config, user_name, database_name, sealed_passwords,
              sealed_script)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.engine.as_str())
    .bind(new.version.as_str())
    .bind(to_json(&new.config)?)
    .bind(new.user.as_ref().map(CredentialName::as_str))
    .bind(new.database.as_ref().map(CredentialName::as_str))
    .bind(new.sealed_passwords.as_str())
    .bind(new.sealed_script.as_deref())
    .execute(conn)
    .await?;
    Ok(())
}

/// One whose application the caller was let to.
pub async fn find(conn: &mut AnyConnection, id: &DatabaseId) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as(select!("where id = $1")).bind(id.as_str()).fetch_optional(conn).await
}

/// Those whose applications the caller was let to, in no order.
pub async fn list_some(
    conn: &mut AnyConnection,
    ids: &[DatabaseId],
) -> Result<Vec<Kept>, sqlx::Error> {
    let sql = select!("where id in (?)").replace('?', &several::places(1, ids.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query_as(AssertSqlSafe(sql));
    let query = ids.iter().fold(query, |query, id| query.bind(id.as_str()));
    query.fetch_all(conn).await
}

/// Stores which version it is to be, and how it is configured.
pub async fn update(conn: &mut AnyConnection, after: &Kept) -> Result<(), sqlx::Error> {
    sqlx::query("update databases set version = $2, config = $3 where id = $1")
        .bind(after.id.as_str())
        .bind(after.version.as_str())
        .bind(to_json(&after.config)?)
        .execute(conn)
        .await?;
    Ok(())
}
