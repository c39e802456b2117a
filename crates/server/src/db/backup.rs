//! Backups of databases: what is known of each. What they hold is in their storage.

use portolan_types::{
    Backup, BackupFilter, BackupId, BackupState, DatabaseId, KeptBackups, PageQuery, StorageId,
    TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, moment, moment_option, parsed};
use crate::rights::Visible;

struct BackupRow(Backup);

impl FromRow<'_, AnyRow> for BackupRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Backup {
            id: parsed(row, "id")?,
            project_id: parsed(row, "project_id")?,
            database_id: parsed(row, "database_id")?,
            database_name: parsed(row, "database_name")?,
            engine: parsed(row, "engine")?,
            version: parsed(row, "version")?,
            storage_id: parsed(row, "storage_id")?,
            storage_name: parsed(row, "storage_name")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            size: size(row)?,
            sha256: row.try_get("sha256")?,
            scheduled: row.try_get::<i64, _>("scheduled")? != 0,
            operation_id: parsed(row, "operation_id")?,
            created_at: moment(row, "created_at")?,
            finished_at: moment_option(row, "finished_at")?,
            checked_at: moment_option(row, "checked_at")?,
            check_failure: row.try_get("check_failure")?,
        }))
    }
}

fn size(row: &AnyRow) -> Result<Option<u64>, sqlx::Error> {
    let size: Option<i64> = row.try_get("size")?;
    size.map(|size| u64::try_from(size).map_err(|source| decode_error("size", source))).transpose()
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select b.team_id, b.id, b.project_id, b.database_id, b.database_name, b.engine,
                    b.version, b.storage_id, s.name as storage_name, b.state, b.reason, b.size,
                    b.sha256, b.scheduled, b.operation_id, b.created_at, b.finished_at,
                    b.checked_at, b.check_failure
             from backups b
             join storages s on s.id = b.storage_id ",
            $($rest)*
        )
    };
}

/// Writes down that one is being taken. Another one of the same database that is being taken is a
/// unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &Backup,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into backups
             (id, team_id, project_id, storage_id, database_id, database_name, engine, version,
              state, scheduled, operation_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.project_id.as_str())
    .bind(new.storage_id.as_str())
    .bind(new.database_id.as_str())
    .bind(new.database_name.as_str())
    .bind(new.engine.as_str())
    .bind(new.version.as_str())
    .bind(new.state.as_str())
    .bind(i64::from(new.scheduled))
    .bind(new.operation_id.as_str())
    .bind(new.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// One, if it is the team's and visible.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &BackupId,
) -> Result<Option<Backup>, sqlx::Error> {
    let row: Option<BackupRow> = sqlx::query_as(select!(
        "where b.team_id = $1 and b.id = $2 and ",
        visible!("3", project "b.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|BackupRow(backup)| backup))
}

/// The team's backups that fit, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    BackupFilter { database_id, storage_id }: &BackupFilter,
    query: &PageQuery,
) -> Result<Vec<Backup>, sqlx::Error> {
    let window = Window::newest_first(visible, query);
    let rows: Vec<BackupRow> = window
        .query(select!(
            "where b.team_id = $1 and (b.created_at, b.id) < ($2, $3)
               and b.database_name like $4 escape '!'
               and (cast($7 as text) is null or b.database_id = $7)
               and (cast($8 as text) is null or b.storage_id = $8)
               and ",
            visible!("6", project "b.project_id"),
            " order by b.created_at desc, b.id desc
             limit $5"
        ))
        .bind(database_id.as_ref().map(DatabaseId::as_str))
        .bind(storage_id.as_ref().map(StorageId::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|BackupRow(backup)| backup).collect())
}

/// Whether a database is being backed up or restored.
pub async fn is_at_work(
    conn: &mut AnyConnection,
    database: &DatabaseId,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(
        "select 1 from operations
         where subject_id = $1 and kind in ('back-up-database', 'restore-database')
           and state in ('queued', 'running')
         union all
         select 1 from backups
         where database_id = $1 and state = 'running'
         limit 1",
    )
    .bind(database.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Whether a backup is being restored on trial beside a database.
pub async fn is_checked_at(
    conn: &mut AnyConnection,
    database: &DatabaseId,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(
        "select 1 from operations
         where subject_id = $1 and kind = 'check-backup' and state in ('queued', 'running')
         limit 1",
    )
    .bind(database.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// What came of restoring it on trial.
pub async fn set_checked(
    conn: &mut AnyConnection,
    id: &BackupId,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update backups set checked_at = $2, check_failure = $3 where id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .bind(failure)
        .execute(conn)
        .await?;
    Ok(())
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Bytes in the storage.
    pub size: u64,
    /// Of them, in hexadecimal.
    pub sha256: String,
}

/// It is whole. `false` when it is not being taken any more.
pub async fn set_ready(
    conn: &mut AnyConnection,
    id: &BackupId,
    Stored { size, sha256 }: &Stored,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update backups set state = 'ready', size = $2, sha256 = $3, finished_at = $4
         where id = $1 and state = 'running'",
    )
    .bind(id.as_str())
    .bind(i64::try_from(*size).unwrap_or(i64::MAX))
    .bind(sha256.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It came to nothing. `false` when it is not being taken any more.
pub async fn set_failed(
    conn: &mut AnyConnection,
    id: &BackupId,
    reason: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update backups set state = 'failed', reason = $2, finished_at = $3
         where id = $1 and state = 'running'",
    )
    .bind(id.as_str())
    .bind(reason)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It is to go. `false` where it is being taken, or is not there.
pub async fn set_removing(conn: &mut AnyConnection, id: &BackupId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update backups set state = 'removing', reason = null
         where id = $1 and state in ('ready', 'failed', 'removing')",
    )
    .bind(id.as_str())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Why it is still there.
pub async fn set_reason(
    conn: &mut AnyConnection,
    id: &BackupId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update backups set reason = $2 where id = $1 and state = 'removing'")
        .bind(id.as_str())
        .bind(reason)
        .execute(conn)
        .await?;
    Ok(())
}

/// It and what lay in the storage are gone.
pub async fn delete(conn: &mut AnyConnection, id: &BackupId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from backups where id = $1 and state = 'removing'")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A backup with its team: for what works on its own.
#[derive(Debug, Clone)]
pub struct OfTeam {
    pub team: TeamId,
    pub backup: Backup,
}

impl FromRow<'_, AnyRow> for OfTeam {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let BackupRow(backup) = BackupRow::from_row(row)?;
        Ok(Self { team: parsed(row, "team_id")?, backup })
    }
}

/// Those in a state that were asked for before a moment, oldest first.
pub async fn list_in_state(
    conn: &mut AnyConnection,
    state: BackupState,
    before: Timestamp,
) -> Result<Vec<OfTeam>, sqlx::Error> {
    sqlx::query_as(select!(
        "where b.state = $1 and b.created_at < $2
         order by b.created_at, b.id"
    ))
    .bind(state.as_str())
    .bind(before.as_millis())
    .fetch_all(conn)
    .await
}

/// Of those that a schedule asked for, the whole ones of a database beyond the newest that are kept.
pub async fn list_beyond(
    conn: &mut AnyConnection,
    database: &DatabaseId,
    keep: KeptBackups,
) -> Result<Vec<OfTeam>, sqlx::Error> {
    sqlx::query_as(select!(
        "where b.database_id = $1 and b.scheduled = 1 and b.state = 'ready'
         order by b.created_at desc, b.id desc
         limit $3 offset $2"
    ))
    .bind(database.as_str())
    .bind(i64::from(u32::from(keep)))
    // SQLite wants a limit where there is an offset.
    .bind(i64::from(u32::MAX))
    .fetch_all(conn)
    .await
}
