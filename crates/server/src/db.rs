//! All SQL: one text for SQLite and PostgreSQL, one file a table.
//!
//! Owns connections, migrations and the reading of rows. Transactions are opened by operations
//! and passed down; nothing here decides what is allowed.

use std::{
    num::NonZeroU16,
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Any, AnyConnection, AnyPool, Row,
    any::{AnyPoolOptions, AnyRow},
    migrate::Migrator,
    pool::PoolConnection,
};
use tokio::sync::Notify;

/// The condition under which a row is visible, for a `Visible` whose team is `$1` and whose `by` is the
/// parameter of this number: of something on a server or in a project, by the column that says
/// which, or of what is the team's as a whole. The only place where that is decided.
macro_rules! visible {
    ($by:literal, server $($column:tt)+) => {
        concat!(
            "($", $by, " = '' or exists (
                 select 1 from grants visible
                 where visible.team_id = $1 and visible.user_id = $", $by, "
                   and visible.server_id = ", $($column)+, "))"
        )
    };
    ($by:literal, project $($column:tt)+) => {
        concat!(
            "($", $by, " = '' or exists (
                 select 1 from grants visible
                 where visible.team_id = $1 and visible.user_id = $", $by, "
                   and visible.project_id = ", $($column)+, "))"
        )
    };
    ($by:literal, whole) => {
        concat!("$", $by, " = ''")
    };
}

/// What a membership `m` lets somebody see: admins and owners everything.
macro_rules! sees {
    () => {
        "case when m.role = 'member' then m.sees else 'team' end"
    };
}

pub mod account;
pub mod address_plan;
pub mod application;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod backup_schedule;
pub mod build_log;
pub mod certificate;
pub mod data_key;
pub mod database;
pub mod database_reference;
pub mod delivery;
pub mod deployment;
pub mod destination;
pub mod drift;
pub mod drift_rules;
pub mod dump;
pub mod environment;
pub mod event;
pub mod grant;
pub mod granted_role;
pub mod hook;
pub mod idempotency;
pub mod identity;
pub mod invite;
pub mod job;
pub mod job_run;
pub mod key;
pub mod link;
pub mod member;
pub mod notifier;
pub mod offline;
pub mod operation;
pub mod passkey;
pub mod past;
pub mod place;
pub mod project;
pub mod proxy;
pub mod registry;
pub mod route;
pub mod sealed;
pub mod second_factor;
pub mod server;
pub mod session;
pub mod setup;
mod several;
pub mod sighting;
pub mod stack;
pub mod step;
pub mod storage;
pub mod team;
pub mod throttle;
pub mod token;
pub mod verification;
mod window;

use window::{Window, contains_pattern};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// A transaction on either database. Dropped, it never was.
#[derive(Debug)]
pub struct Transaction {
    inner: sqlx::Transaction<'static, Any>,
    committed: Arc<Notify>,
}

impl Transaction {
    /// Makes what was written last, and rings the bell of whoever numbers new events.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await?;
        self.committed.notify_one();
        Ok(())
    }

    /// The same of what holds no event: for those whom the bell would wake.
    pub async fn commit_quietly(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await
    }
}

impl Deref for Transaction {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// The database: SQLite or PostgreSQL, by its URL.
#[derive(Debug, Clone)]
pub struct Db {
    pool: AnyPool,
    begin: &'static str,
    committed: Arc<Notify>,
}

/// How long a request waits for its turn: hundreds that come at once are written one after the other, and
/// each waits for the disk.
const PATIENCE: Duration = Duration::from_secs(10);

const BEGIN_SQLITE: &str = "begin immediate";

/// The number by which processes on one PostgreSQL database find each other.
const LOCK: i64 = i64::from_be_bytes(*b"portolan");
/// `lock_not_available` (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const LOCK_TIMEOUT: &str = "55P03";

/// Held by the one process that may work with a database.
#[derive(Debug)]
pub struct DbLock {
    _session: Option<AnyConnection>,
}

impl Db {
    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<(), sqlx::Error> {
        MIGRATIONS.run(&self.pool).await?;
        let mut conn = self.acquire().await?;
        past::begin(&mut conn, portolan_types::Timestamp::now()).await
    }

    /// Opens the database as it is.
    pub async fn connect(url: &SecretString) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let sqlite = url.expose_secret().starts_with("sqlite:");
        let pool = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .after_connect(move |conn, _| Box::pin(prepare(conn, sqlite)))
            .connect(url.expose_secret())
            .await?;
        // A deferred SQLite transaction that turns into a writer cannot wait for another writer:
        // it fails at once. Declared as a writer from the start, it waits its turn.
        let begin = if sqlite { BEGIN_SQLITE } else { "begin" };
        Ok(Self { pool, begin, committed: Arc::default() })
    }

    /// Keeps every other process away for as long as the answer is held; `None` when another one
    /// is there. The file of SQLite is guarded by the lock of its data directory. PostgreSQL frees
    /// the lock with its session, so a pooler in between must not share sessions.
    pub async fn lock(&self) -> Result<Option<DbLock>, sqlx::Error> {
        if self.is_sqlite() {
            return Ok(Some(DbLock { _session: None }));
        }
        let mut session = self.pool.acquire().await?.detach();
        // PostgreSQL may need a moment to notice that the process before us is gone.
        sqlx::query("set lock_timeout = '5s'").execute(&mut session).await?;
        let locked =
            sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut session).await;
        match locked {
            Ok(_) => Ok(Some(DbLock { _session: Some(session) })),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_TIMEOUT) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_sqlite(&self) -> bool {
        self.begin == BEGIN_SQLITE
    }

    /// A connection to read with, or to write one statement.
    pub async fn acquire(&self) -> Result<PoolConnection<Any>, sqlx::Error> {
        self.pool.acquire().await
    }

    /// A transaction that may write.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let inner = self.pool.begin_with(self.begin).await?;
        Ok(Transaction { inner, committed: self.committed.clone() })
    }

    /// Waits until something was committed since the last time that this was waited for. For one
    /// waiter.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// How many migrations the schema lacks; an error when it was never made.
    pub async fn missing_migrations(&self) -> Result<usize, sqlx::Error> {
        let rows = sqlx::query("select version from _sqlx_migrations where success")
            .fetch_all(&self.pool)
            .await?;
        let wanted =
            MIGRATIONS.iter().filter(|migration| !migration.migration_type.is_down_migration());
        Ok(wanted.count().saturating_sub(rows.len()))
    }

    /// Waits for the connections in use and closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn prepare(conn: &mut AnyConnection, sqlite: bool) -> Result<(), sqlx::Error> {
    if !sqlite {
        return Ok(());
    }
    // `full` because an acknowledged change must survive a power cut, not only a crash.
    for pragma in [
        "pragma busy_timeout = 10000",
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "pragma foreign_keys = on",
    ] {
        sqlx::query(pragma).execute(&mut *conn).await?;
    }
    Ok(())
}

/// A text column parsed into its type.
fn parsed<T>(row: &AnyRow, column: &str) -> Result<T, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.try_get(column)?;
    text.parse().map_err(|source| decode_error(column, source))
}

/// A text column that may be null, parsed into its type.
fn parsed_option<T>(row: &AnyRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|source| decode_error(column, source))).transpose()
}

/// A whole number that is never below zero.
fn number(row: &AnyRow, column: &str) -> Result<u32, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    number.try_into().map_err(|source| decode_error(column, source))
}

/// A TCP port.
fn port(row: &AnyRow, column: &str) -> Result<NonZeroU16, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    let port = u16::try_from(number).map_err(|source| decode_error(column, source))?;
    NonZeroU16::try_from(port).map_err(|source| decode_error(column, source))
}

/// A JSON column that may be null.
fn json_option<T: serde::de::DeserializeOwned>(
    row: &AnyRow,
    column: &str,
) -> Result<Option<T>, sqlx::Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|source| decode_error(column, source)))
        .transpose()
}

/// A moment.
fn moment(row: &AnyRow, column: &str) -> Result<portolan_types::Timestamp, sqlx::Error> {
    Ok(portolan_types::Timestamp::from_millis(row.try_get(column)?))
}

/// A moment that may be null.
fn moment_option(
    row: &AnyRow,
    column: &str,
) -> Result<Option<portolan_types::Timestamp>, sqlx::Error> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.map(portolan_types::Timestamp::from_millis))
}

/// JSON text of a value for a column.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|source| sqlx::Error::Encode(source.into()))
}

/// A name as it is compared where capitals make no other name. Done here because SQLite folds only
/// what is ASCII.
fn folded(name: &portolan_types::Name) -> String {
    name.as_str().to_lowercase()
}

fn decode_error(
    column: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) }
}
