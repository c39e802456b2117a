//! Schedules of backups, one a database. What they ask for is in `backup`.

use portolan_types::{
    ApplicationName, BackupSchedule, CronExpression, DatabaseId, KeptBackups, StorageId, TeamId,
    Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{decode_error, moment, number, parsed};
use crate::rights::Visible;

/// The times after the next one are nobody's rows: whoever shows a schedule finds them out.
struct ScheduleRow(BackupSchedule);

impl FromRow<'_, AnyRow> for ScheduleRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(BackupSchedule {
            database_id: parsed(row, "database_id")?,
            storage_id: parsed(row, "storage_id")?,
            storage_name: parsed(row, "storage_name")?,
            expression: parsed(row, "expression")?,
            keep: keep(row)?,
            check: row.try_get::<i64, _>("checked")? != 0,
            next_at: moment(row, "next_at")?,
            following: Vec::new(),
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        }))
    }
}

fn keep(row: &AnyRow) -> Result<KeptBackups, sqlx::Error> {
    number(row, "keep")?.try_into().map_err(|source| decode_error("keep", source))
}

/// The schedule of one of the team's databases, whoever sees that.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    database: &DatabaseId,
) -> Result<Option<BackupSchedule>, sqlx::Error> {
    let row: Option<ScheduleRow> = sqlx::query_as(concat!(
        "select c.database_id, c.storage_id, s.name as storage_name, c.expression, c.keep,
                c.checked, c.next_at, c.created_at, c.updated_at
         from backup_schedules c
         join storages s on s.id = c.storage_id
         join applications a on a.id = c.database_id
         join environments e on e.id = a.environment_id
         where c.team_id = $1 and c.database_id = $2 and ",
        visible!("3", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(database.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|ScheduleRow(schedule)| schedule))
}

/// Stores a schedule, in the place of the one before.
pub async fn put(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &BackupSchedule,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into backup_schedules
             (database_id, team_id, storage_id, expression, keep, checked, next_at, created_at,
              updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (database_id) do update
         set storage_id = $3, expression = $4, keep = $5, checked = $6, next_at = $7,
             updated_at = $9",
    )
    .bind(new.database_id.as_str())
    .bind(team.as_str())
    .bind(new.storage_id.as_str())
    .bind(new.expression.as_str())
    .bind(i64::from(u32::from(new.keep)))
    .bind(i64::from(new.check))
    .bind(new.next_at.as_millis())
    .bind(new.created_at.as_millis())
    .bind(new.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a schedule. `false` when there was none.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    database: &DatabaseId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from backup_schedules where team_id = $1 and database_id = $2")
        .bind(team.as_str())
        .bind(database.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A backup that is to be taken.
#[derive(Debug, Clone)]
pub struct Due {
    pub team: TeamId,
    pub database: DatabaseId,
    pub name: ApplicationName,
    pub storage: StorageId,
    pub expression: CronExpression,
    /// For when it was meant.
    pub at: Timestamp,
}

impl FromRow<'_, AnyRow> for Due {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: parsed(row, "team_id")?,
            database: parsed(row, "database_id")?,
            name: parsed(row, "name")?,
            storage: parsed(row, "storage_id")?,
            expression: parsed(row, "expression")?,
            at: moment(row, "next_at")?,
        })
    }
}

/// What is due, whatever was missed of it the longest first.
pub async fn list_due(conn: &mut AnyConnection, now: Timestamp) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as(
        "select c.team_id, c.database_id, a.name, c.storage_id, c.expression, c.next_at
         from backup_schedules c
         join applications a on a.id = c.database_id
         where c.next_at <= $1
         order by c.next_at, c.database_id",
    )
    .bind(now.as_millis())
    .fetch_all(conn)
    .await
}

/// When the next one of all is due.
pub async fn find_next(conn: &mut AnyConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("select next_at from backup_schedules order by next_at limit 1")
        .fetch_optional(conn)
        .await?;
    row.map(|row| moment(&row, "next_at")).transpose()
}

/// It is asked for: the next one is due then. `false` when somebody changed the schedule meanwhile.
pub async fn advance(
    conn: &mut AnyConnection,
    due: &Due,
    next: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update backup_schedules set next_at = $3 where database_id = $1 and next_at = $2",
    )
    .bind(due.database.as_str())
    .bind(due.at.as_millis())
    .bind(next.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
