//! Jobs of applications, and when each runs next. What came of them is in `job_run`.

use portolan_types::{
    ApplicationId, Job, JobCommand, JobId, PageQuery, ProjectId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, moment, moment_option, number, parsed, to_json};
use crate::rights::Visible;

/// A job with its team: the times after the next one and the latest run are nobody's columns, whoever
/// shows it finds them out.
#[derive(Debug, Clone)]
pub struct Kept {
    pub team: TeamId,
    pub project: ProjectId,
    pub job: Job,
}

impl FromRow<'_, AnyRow> for Kept {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let job = Job {
            id: parsed(row, "id")?,
            application_id: parsed(row, "application_id")?,
            application_name: parsed(row, "application_name")?,
            name: parsed(row, "name")?,
            command: command(row)?,
            expression: parsed(row, "expression")?,
            within_seconds: bounded(row, "within_seconds")?,
            keep: bounded(row, "keep")?,
            state: parsed(row, "state")?,
            next_at: moment_option(row, "next_at")?,
            following: Vec::new(),
            latest: None,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        };
        Ok(Self { team: parsed(row, "team_id")?, project: parsed(row, "project_id")?, job })
    }
}

fn command(row: &AnyRow) -> Result<JobCommand, sqlx::Error> {
    let text: String = row.try_get("command")?;
    serde_json::from_str(&text).map_err(|source| decode_error("command", source))
}

fn bounded<T>(row: &AnyRow, column: &str) -> Result<T, sqlx::Error>
where
    T: TryFrom<u32>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    number(row, column)?.try_into().map_err(|source| decode_error(column, source))
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select j.id, j.team_id, e.project_id, j.application_id, a.name as application_name,
                    j.name, j.command, j.expression, j.within_seconds, j.keep, j.state, j.next_at,
                    j.created_at, j.updated_at
             from jobs j
             join applications a on a.id = j.application_id
             join environments e on e.id = a.environment_id ",
            $($rest)*
        )
    };
}

/// Stores a new job. A name that the application has is a unique violation.
pub async fn insert(conn: &mut AnyConnection, team: &TeamId, new: &Job) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into jobs
             (id, team_id, application_id, name, folded, command, expression, within_seconds, keep,
              state, next_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.application_id.as_str())
    .bind(new.name.as_str())
    .bind(new.name.as_str().to_lowercase())
    .bind(to_json(&new.command)?)
    .bind(new.expression.as_str())
    .bind(i64::from(u32::from(new.within_seconds)))
    .bind(i64::from(u32::from(new.keep)))
    .bind(new.state.as_str())
    .bind(new.next_at.map(Timestamp::as_millis))
    .bind(new.created_at.as_millis())
    .bind(new.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// One, if it is the team's and visible.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &JobId,
) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as(select!(
        "where j.team_id = $1 and j.id = $2 and ",
        visible!("3", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await
}

/// The same for what works on its own.
pub async fn find_kept(conn: &mut AnyConnection, id: &JobId) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as(select!("where j.id = $1")).bind(id.as_str()).fetch_optional(conn).await
}

/// The jobs of an application, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    application: &ApplicationId,
    query: &PageQuery,
) -> Result<Vec<Job>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<Kept> = window
        .query(select!(
            "where j.team_id = $1 and (j.created_at, j.id) > ($2, $3)
               and j.folded like $4 escape '!'
               and j.application_id = $7
               and ",
            visible!("6", project "e.project_id"),
            " order by j.created_at, j.id
             limit $5"
        ))
        .bind(application.as_str())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.job).collect())
}

/// Stores what is otherwise. A name that the application has is a unique violation. `false` when it is
/// gone.
pub async fn update(conn: &mut AnyConnection, new: &Job) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update jobs
         set name = $2, folded = $3, command = $4, expression = $5, within_seconds = $6, keep = $7,
             state = $8, next_at = $9, updated_at = $10
         where id = $1",
    )
    .bind(new.id.as_str())
    .bind(new.name.as_str())
    .bind(new.name.as_str().to_lowercase())
    .bind(to_json(&new.command)?)
    .bind(new.expression.as_str())
    .bind(i64::from(u32::from(new.within_seconds)))
    .bind(i64::from(u32::from(new.keep)))
    .bind(new.state.as_str())
    .bind(new.next_at.map(Timestamp::as_millis))
    .bind(new.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes one with its runs. `false` when it is gone.
pub async fn delete(conn: &mut AnyConnection, id: &JobId) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("delete from jobs where id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Those whose time has come, whatever was missed of them the longest first. An application that goes
/// runs none.
pub async fn list_due(conn: &mut AnyConnection, now: Timestamp) -> Result<Vec<Kept>, sqlx::Error> {
    sqlx::query_as(select!(
        "where j.next_at <= $1 and a.state <> 'removing'
         order by j.next_at, j.id"
    ))
    .bind(now.as_millis())
    .fetch_all(conn)
    .await
}

/// When the time of the next one of all comes.
pub async fn find_next(conn: &mut AnyConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query(
        "select j.next_at
         from jobs j
         join applications a on a.id = j.application_id
         where j.next_at is not null and a.state <> 'removing'
         order by j.next_at
         limit 1",
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| moment(&row, "next_at")).transpose()
}

/// Its time has come: the next one is then. `false` when somebody changed it meanwhile.
pub async fn advance(
    conn: &mut AnyConnection,
    due: &Job,
    next: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update jobs set next_at = $3 where id = $1 and next_at = $2")
        .bind(due.id.as_str())
        .bind(due.next_at.map(Timestamp::as_millis))
        .bind(next.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many an application has.
pub async fn count(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from jobs where application_id = $1")
        .bind(application.as_str())
        .fetch_one(conn)
        .await
}
