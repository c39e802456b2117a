//! `/v1/applications/{id}/jobs`, and `/v1/jobs`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    ApplicationId, CreateJob, Job, JobId, JobRun, JobRunId, Operation, Page, PageQuery, UpdateJob,
};

use super::{
    AppState,
    extract::{Answered, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{
    Error,
    jobs::{self, runs},
};

/// Lists the jobs of an application, or of what runs a database, oldest first.
#[utoipa::path(get, path = "/v1/applications/{id}/jobs", tag = "jobs",
    params(("id" = ApplicationId, Path, description = "The application"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Job>), Problems))]
pub(super) async fn list_jobs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Job>>, Error> {
    Ok(Answer(jobs::list(&app, &actor, &id, &query).await?))
}

/// Makes a job: a program that is run again and again in the container that serves an application.
///
/// Who may deploy it may have programs run in it, as with `run_in_application`. One run at a time: a moment
/// that comes while one goes on is skipped. What was missed while the control plane was away is run once.
#[utoipa::path(post, path = "/v1/applications/{id}/jobs", tag = "jobs",
    params(
        ("id" = ApplicationId, Path, description = "The application"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe"),
    ),
    security(("token" = ["operate"])),
    responses((status = 201, description = "The job", body = Job), Problems))]
pub(super) async fn create_job(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateJob>,
) -> Result<(StatusCode, Answer<Job>), Error> {
    Ok((StatusCode::CREATED, Answer(jobs::create(&app, &actor, &id, input, repeat).await?)))
}

/// Shows a job, when it runs next, and how its latest run went.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The job", body = Job), Problems))]
pub(super) async fn show_job(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<JobId>,
) -> Result<Answer<Job>, Error> {
    Ok(Answer(jobs::show(&app, &actor, &id).await?))
}

/// Changes a job, pauses it or resumes it. What is left out stays; a run that goes on is not touched.
#[utoipa::path(patch, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    security(("token" = ["operate"])),
    responses((status = 200, description = "The job", body = Job), Problems))]
pub(super) async fn update_job(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<JobId>,
    Json(input): Json<UpdateJob>,
) -> Result<Answer<Job>, Error> {
    Ok(Answer(jobs::update(&app, &actor, &id, input).await?))
}

/// Removes a job with what is kept of its runs. A program of it that runs is not ended.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    security(("token" = ["operate"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_job(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<JobId>,
) -> Result<StatusCode, Error> {
    jobs::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs a job now, beside its times, one that is paused too. The operation's result names the run.
#[utoipa::path(post, path = "/v1/jobs/{id}/run", tag = "jobs",
    params(("id" = JobId, Path, description = "The job"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn run_job(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<JobId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = runs::begin(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Lists the runs of a job that are kept, newest first, without what they said. `search` looks in their
/// states.
#[utoipa::path(get, path = "/v1/jobs/{id}/runs", tag = "jobs",
    params(("id" = JobId, Path, description = "The job"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<JobRun>), Problems))]
pub(super) async fn list_job_runs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<JobId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<JobRun>>, Error> {
    Ok(Answer(runs::list(&app, &actor, &id, &query).await?))
}

/// Shows a run with the ends of what its program said (64 KiB of each output).
///
/// What programs write may hold secrets: it needs the right to use the project, as the application's logs do.
#[utoipa::path(get, path = "/v1/jobs/{id}/runs/{run}", tag = "jobs",
    params(
        ("id" = JobId, Path, description = "The job"),
        ("run" = JobRunId, Path, description = "The run"),
    ),
    security(("token" = ["use"])),
    responses((status = 200, description = "The run", body = JobRun), Problems))]
pub(super) async fn show_job_run(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, run)): Path<(JobId, JobRunId)>,
) -> Result<Answer<JobRun>, Error> {
    Ok(Answer(runs::show(&app, &actor, (&id, &run)).await?))
}
