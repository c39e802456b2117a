//! The two databases of the tests: a file in the data directory, or a database of its own on the
//! PostgreSQL at `PORTOLAN_TEST_POSTGRES_URL`.

use anyhow::{Context, Result};
use portolan_types::id::cuid2;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::schema;

/// Where a control plane under test keeps its rows.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite,
    Postgres { server: String, name: String },
}

impl Database {
    /// A new database with the schema of today.
    pub(crate) async fn postgres() -> Result<Self> {
        let server = server()?;
        let original = schema::on_postgres(&server).await?;
        // As files: to log each page of it is twice the work, for a database of a few seconds.
        Self::create(server, &format!(" template {original} strategy file_copy")).await
    }

    /// A new, empty database.
    pub(crate) async fn empty_postgres() -> Result<Self> {
        Self::create(server()?, "").await
    }

    async fn create(server: String, how: &str) -> Result<Self> {
        let name = format!("test_{}", cuid2());
        let mut conn = PgConnection::connect(&server).await?;
        // The name is ours, and `create database` takes no parameters.
        let sql = AssertSqlSafe(format!("create database {name}{how}"));
        sqlx::query(sql).execute(&mut conn).await?;
        Ok(Self::Postgres { server, name })
    }

    pub(crate) fn url(&self) -> Option<SecretString> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { server, name } => Some(with_database(server, name).into()),
        }
    }

    pub(crate) async fn drop(&self) -> Result<()> {
        let Self::Postgres { server, name } = self else { return Ok(()) };
        let mut conn = PgConnection::connect(server).await?;
        let sql = AssertSqlSafe(format!("drop database {name} with (force)"));
        sqlx::query(sql).execute(&mut conn).await?;
        Ok(())
    }
}

fn server() -> Result<String> {
    std::env::var("PORTOLAN_TEST_POSTGRES_URL")
        .context("PORTOLAN_TEST_POSTGRES_URL is not set: run the tests with `make test`")
}

/// The URL of another database on the same server: `postgres://host/name?options`.
pub(super) fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let host = rest.split('/').next().unwrap_or_default();
    let options = if options.is_empty() { String::new() } else { format!("?{options}") };
    format!("{scheme}://{host}/{name}{options}")
}
