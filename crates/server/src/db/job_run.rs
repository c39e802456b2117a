//! Runs of jobs: how each ended, and what its program said.

use portolan_types::{
    ApplicationId, JobId, JobOutput, JobRun, JobRunId, JobRunState, KeptRuns, OperationId,
    PageQuery, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, json_option, moment, moment_option, number, parsed, parsed_option, to_json};
use crate::rights::Visible;

struct RunRow(JobRun);

impl FromRow<'_, AnyRow> for RunRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(JobRun {
            id: parsed(row, "id")?,
            job_id: parsed(row, "job_id")?,
            cause: parsed(row, "cause")?,
            operation_id: parsed_option(row, "operation_id")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            exit_code: row.try_get("exit_code")?,
            times: number(row, "times")?,
            created_at: moment(row, "created_at")?,
            started_at: moment_option(row, "started_at")?,
            finished_at: moment_option(row, "finished_at")?,
            output: json_option(row, "output")?,
        }))
    }
}

/// Runs; what they said is left out where several are read.
macro_rules! select {
    ($output:literal, $($rest:tt)*) => {
        concat!(
            "select r.id, r.job_id, r.cause, r.operation_id, r.state, r.reason, r.exit_code,
                    r.times, r.created_at, r.started_at, r.finished_at, ", $output, " as output
             from job_runs r ",
            $($rest)*
        )
    };
}

/// Writes a run down. Another one of the job that is running is a unique violation.
pub async fn insert(conn: &mut AnyConnection, new: &JobRun) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into job_runs
             (id, job_id, cause, operation_id, state, reason, times, created_at, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id.as_str())
    .bind(new.job_id.as_str())
    .bind(new.cause.as_str())
    .bind(new.operation_id.as_ref().map(OperationId::as_str))
    .bind(new.state.as_str())
    .bind(new.reason.as_deref())
    .bind(i64::from(new.times))
    .bind(new.created_at.as_millis())
    .bind(new.finished_at.map(Timestamp::as_millis))
    .execute(conn)
    .await?;
    Ok(())
}

/// One with what it said, if its job is the team's and visible.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    (job, id): (&JobId, &JobRunId),
) -> Result<Option<JobRun>, sqlx::Error> {
    let row: Option<RunRow> = sqlx::query_as(select!(
        "r.output",
        "join jobs j on j.id = r.job_id
         join applications a on a.id = j.application_id
         join environments e on e.id = a.environment_id
         where j.team_id = $1 and j.id = $2 and r.id = $3 and ",
        visible!("4", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(job.as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|RunRow(run)| run))
}

/// The runs of a job, newest first. They are searched by their states.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    job: &JobId,
    query: &PageQuery,
) -> Result<Vec<JobRun>, sqlx::Error> {
    let window = Window::newest_first(visible, query);
    let rows: Vec<RunRow> = window
        .query(select!(
            "null",
            "join jobs j on j.id = r.job_id
             join applications a on a.id = j.application_id
             join environments e on e.id = a.environment_id
             where j.team_id = $1 and (r.created_at, r.id) < ($2, $3)
               and r.state like $4 escape '!'
               and r.job_id = $7
               and ",
            visible!("6", project "e.project_id"),
            " order by r.created_at desc, r.id desc
             limit $5"
        ))
        .bind(job.as_str())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|RunRow(run)| run).collect())
}

/// The latest run of each job of an application.
pub async fn list_latest(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<JobRun>, sqlx::Error> {
    let rows: Vec<RunRow> = sqlx::query_as(select!(
        "null",
        "join jobs j on j.id = r.job_id
         where j.application_id = $1
           and r.id = (select n.id from job_runs n where n.job_id = j.id
                       order by n.created_at desc, n.id desc limit 1)"
    ))
    .bind(application.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|RunRow(run)| run).collect())
}

/// The latest run of a job.
pub async fn find_latest(
    conn: &mut AnyConnection,
    job: &JobId,
) -> Result<Option<JobRun>, sqlx::Error> {
    let row: Option<RunRow> = sqlx::query_as(select!(
        "null",
        "where r.job_id = $1
         order by r.created_at desc, r.id desc
         limit 1"
    ))
    .bind(job.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|RunRow(run)| run))
}

/// How the run before another one ended, of those that ran.
pub async fn find_end_before(
    conn: &mut AnyConnection,
    run: &JobRun,
) -> Result<Option<JobRunState>, sqlx::Error> {
    let row = sqlx::query(
        "select state from job_runs
         where job_id = $1 and (created_at, id) < ($2, $3) and state not in ('running', 'skipped')
         order by created_at desc, id desc
         limit 1",
    )
    .bind(run.job_id.as_str())
    .bind(run.created_at.as_millis())
    .bind(run.id.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|row| parsed(&row, "state")).transpose()
}

/// Whether a run of the job goes on.
pub async fn is_at_work(conn: &mut AnyConnection, job: &JobId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("select 1 from job_runs where job_id = $1 and state = 'running'")
        .bind(job.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Its program was begun.
pub async fn set_started(
    conn: &mut AnyConnection,
    id: &JobRunId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update job_runs set started_at = $2 where id = $1 and state = 'running'")
        .bind(id.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub state: JobRunState,
    pub reason: Option<String>,
    pub exit_code: Option<i64>,
    pub output: Option<JobOutput>,
}

/// It has ended. `false` where it is gone with its job.
pub async fn finish(
    conn: &mut AnyConnection,
    id: &JobRunId,
    end: &End,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update job_runs
         set state = $2, reason = $3, exit_code = $4, output = $5, finished_at = $6
         where id = $1 and state = 'running'",
    )
    .bind(id.as_str())
    .bind(end.state.as_str())
    .bind(end.reason.as_deref())
    .bind(end.exit_code)
    .bind(end.output.as_ref().map(to_json).transpose()?)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back that one runs. `false` where it is gone with its job.
pub async fn withdraw(conn: &mut AnyConnection, id: &JobRunId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from job_runs where id = $1 and state = 'running'")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Another moment in a row was skipped for the same reason.
pub async fn skip_again(
    conn: &mut AnyConnection,
    id: &JobRunId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update job_runs set times = times + 1, finished_at = $2 where id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Drops the runs of a job beyond the newest that are kept. One that goes on stays.
pub async fn drop_beyond(
    conn: &mut AnyConnection,
    job: &JobId,
    keep: KeptRuns,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from job_runs
         where job_id = $1 and state <> 'running'
           and id not in (select n.id from job_runs n where n.job_id = $1
                          order by n.created_at desc, n.id desc limit $2)",
    )
    .bind(job.as_str())
    .bind(i64::from(u32::from(keep)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Those that an earlier process began, or never came to.
pub async fn list_running(
    conn: &mut AnyConnection,
    before: Timestamp,
) -> Result<Vec<JobRun>, sqlx::Error> {
    let rows: Vec<RunRow> = sqlx::query_as(select!(
        "null",
        "where r.state = 'running' and r.created_at < $1
         order by r.created_at, r.id"
    ))
    .bind(before.as_millis())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|RunRow(run)| run).collect())
}
