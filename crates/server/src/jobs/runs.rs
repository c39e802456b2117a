//! Runs of jobs: asked for by a person, listed, and what is written down of how each ended.

use portolan_types::{
    Job, JobCause, JobId, JobRun, JobRunId, JobRunState, Operation, OperationId, OperationKind,
    Page, PageQuery, Subject, Timestamp,
};
use serde::Serialize;

use super::{Asked, find, held, named};
use crate::{
    Actor, App, Error,
    container::{self, Named},
    db::{self, Transaction, job::Kept, job_run::End},
    events::{self, Happened},
    operations::{self, Task},
    page,
};

/// The runs of a job, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    job: &JobId,
    query: &PageQuery,
) -> Result<Page<JobRun>, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, job).await?;
    let runs = db::job_run::list(&mut conn, actor.visible(), job, query).await?;
    Ok(page::of(runs, query, |run| (run.created_at, run.id.as_str())))
}

/// One run with what its program said.
pub async fn show(
    app: &App,
    actor: &Actor,
    (job, id): (&JobId, &JobRunId),
) -> Result<JobRun, Error> {
    let mut conn = app.db.acquire().await?;
    let run = db::job_run::find(&mut conn, actor.visible(), (job, id)).await?;
    run.ok_or(Error::NotFound("run of a job"))
}

/// What the operation says that it was asked with.
#[derive(Debug, Serialize)]
struct Written<'a> {
    job_id: &'a JobId,
    job: &'a str,
}

/// Has a job run now, beside its times. What came of it is the run's, and the operation's outcome.
pub async fn begin(app: &App, actor: &Actor, id: &JobId) -> Result<Operation, Error> {
    let kept = find(&mut *app.db.acquire().await?, actor, id).await?;
    let place = container::find(app, actor, Named::Of(&kept.job.application_id)).await?;
    container::check_may_be_entered(&place.server)?;
    let begins = app.jobs.place().await;
    let mut tx = app.db.begin().await?;
    let application = held(&mut tx, actor, &kept.job.application_id).await?;
    let kept = find(&mut tx, actor, id).await?;
    if db::job_run::is_at_work(&mut tx, id).await? {
        return Err(at_work(&kept.job));
    }
    let task = Task {
        kind: OperationKind::RunJob,
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        input: Some(operations::input(&Written { job_id: id, job: kept.job.name.as_str() })?),
    };
    let operation = operations::ask(&mut tx, actor, task).await?;
    let run = begun(&kept.job, JobCause::Person, Some(&operation.id));
    db::job_run::insert(&mut tx, &run).await?;
    tx.commit().await?;
    if let Some(begins) = begins {
        begins.send(Asked { kept, run });
    }
    Ok(operation)
}

fn at_work(job: &Job) -> Error {
    Error::refused(
        "job-running",
        format!("{} runs already", named(job)),
        "wait until it has ended (`list_job_runs`)",
    )
}

/// A run that begins.
pub(super) fn begun(job: &Job, cause: JobCause, operation: Option<&OperationId>) -> JobRun {
    JobRun {
        id: JobRunId::generate(),
        job_id: job.id.clone(),
        cause,
        operation_id: operation.cloned(),
        state: JobRunState::Running,
        reason: None,
        exit_code: None,
        times: 1,
        created_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
        output: None,
    }
}

/// Writes down that the time of a job passed without a run. One moment after the other that is skipped for
/// the same reason is one row, and told of once: what a person looks for are the runs that there were.
pub(super) async fn skip(tx: &mut Transaction, kept: &Kept, reason: &str) -> Result<(), Error> {
    let (job, now) = (&kept.job, Timestamp::now());
    let is_same = |run: &JobRun| {
        (run.state, run.cause) == (JobRunState::Skipped, JobCause::Schedule)
            && run.reason.as_deref() == Some(reason)
    };
    let latest = db::job_run::find_latest(tx, &job.id).await?;
    if let Some(before) = latest.filter(is_same) {
        return Ok(db::job_run::skip_again(tx, &before.id, now).await?);
    }
    let run = JobRun {
        state: JobRunState::Skipped,
        reason: Some(reason.to_owned()),
        finished_at: Some(now),
        ..begun(job, JobCause::Schedule, None)
    };
    db::job_run::insert(tx, &run).await?;
    db::job_run::drop_beyond(tx, &job.id, job.keep).await?;
    note(tx, kept, &run, ("job.not-run", did_not_run(job, reason))).await
}

fn did_not_run(job: &Job, reason: &str) -> String {
    format!("{} was to run, and did not: {reason}", named(job))
}

/// Writes down how a run ended. What is gone with its job is nobody's any more.
pub(crate) async fn end(
    tx: &mut Transaction,
    kept: &Kept,
    (run, end): (&JobRun, &End),
) -> Result<(), Error> {
    let reason = end.reason.as_deref().unwrap_or_default();
    if (end.state, run.cause) == (JobRunState::Skipped, JobCause::Schedule) {
        // It was none: only its time has passed.
        let was_there = db::job_run::withdraw(tx, &run.id).await?;
        return if was_there { skip(tx, kept, reason).await } else { Ok(()) };
    }
    if !db::job_run::finish(tx, &run.id, end, Timestamp::now()).await? {
        return Ok(());
    }
    let before = db::job_run::find_end_before(tx, run).await?;
    db::job_run::drop_beyond(tx, &kept.job.id, kept.job.keep).await?;
    match told(&kept.job, (run.cause, before), (end.state, reason)) {
        Some(told) => note(tx, kept, run, told).await,
        None => Ok(()),
    }
}

/// What is told of an end. What went well is told where a person asked for it, or where it did not before:
/// a job may run each minute.
fn told(
    job: &Job,
    (cause, before): (JobCause, Option<JobRunState>),
    (state, reason): (JobRunState, &str),
) -> Option<(&'static str, String)> {
    let name = named(job);
    match state {
        JobRunState::Failed | JobRunState::TimedOut | JobRunState::CutOff => {
            Some(("job.failed", format!("{name} did not end well: {reason}")))
        }
        JobRunState::Skipped => Some(("job.not-run", did_not_run(job, reason))),
        JobRunState::Succeeded if before.is_some_and(JobRunState::is_bad) => {
            Some(("job.recovered", format!("{name} ended well again")))
        }
        JobRunState::Succeeded if cause == JobCause::Person => {
            Some(("job.ran", format!("{name} ended well")))
        }
        JobRunState::Succeeded | JobRunState::Running => None,
    }
}

async fn note(
    tx: &mut Transaction,
    Kept { team, job, .. }: &Kept,
    run: &JobRun,
    (kind, message): (&'static str, String),
) -> Result<(), Error> {
    let happened = Happened {
        team,
        kind,
        subject: Subject::Application(job.application_id.clone()),
        name: job.application_name.as_str(),
        message,
    };
    let told = serde_json::json!({ "job_id": job.id, "run_id": run.id });
    let mut entry = happened.by(events::portolan("jobs")).change(&(), &Some(told));
    if let Some(operation) = &run.operation_id {
        entry = entry.part_of(operation);
    }
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
