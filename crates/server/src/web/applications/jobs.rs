//! The jobs of an application: all of them, one with its runs, and what one run said.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    Application, ApplicationId, Argument, Job, JobCause, JobId, JobRun, JobRunId, JobRunState,
    JobState, JobTime, KeptRuns, Page, PageQuery,
};

use super::head::{Head, Tab};
use crate::{
    amount::span,
    api::AppState,
    jobs::{self, runs},
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
    },
};

/// What stands in the fields of a job.
#[derive(Debug, Default)]
struct Form {
    name: String,
    /// An argument a line; `None` where lines cannot say it.
    command: Option<String>,
    expression: String,
    within: JobTime,
    keep: KeptRuns,
}

impl Form {
    fn of(job: &Job) -> Self {
        Self {
            name: job.name.to_string(),
            command: lines(job),
            expression: job.expression.to_string(),
            within: job.within_seconds,
            keep: job.keep,
        }
    }

    fn empty() -> Self {
        Self { command: Some(String::new()), ..Self::default() }
    }
}

fn lines(job: &Job) -> Option<String> {
    let arguments = job.command.arguments();
    let is_line = |one: &Argument| {
        let text = one.as_str();
        !text.trim().is_empty() && !text.contains(['\n', '\r'])
    };
    let words: Vec<&str> = arguments.iter().map(Argument::as_str).collect();
    arguments.iter().all(is_line).then(|| words.join("\n"))
}

/// How long the program of a run that has ended ran.
fn took(run: &JobRun) -> Option<String> {
    let (began, ended) = (run.started_at?, run.finished_at?);
    Some(span(began.seconds_until(ended)))
}

/// Jobs of a database are changed here too: it has no pages of its own for them.
fn may_operate(chrome: &Chrome, application: &Application, head: &Head) -> bool {
    chrome.may_operate_project(&application.project_id) && !head.is_removing()
}

#[derive(Template)]
#[template(path = "applications/jobs.html")]
struct List {
    chrome: Chrome,
    head: Head,
    page: Page<Job>,
    form: Form,
    may_operate: bool,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Jobs).await?;
    let page = jobs::list(&app, &chrome.actor, &id, &query).await?;
    let may_operate = may_operate(&chrome, &head.application, &head);
    Ok(shown::page(&List { chrome, head, page, form: Form::empty(), may_operate }))
}

#[derive(Template)]
#[template(path = "jobs/show.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    job: Job,
    form: Form,
    page: Page<JobRun>,
    may_operate: bool,
    may_use: bool,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<JobId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let job = jobs::show(&app, &chrome.actor, &id).await?;
    let head = Head::read(&app, &chrome, &job.application_id, Tab::Jobs).await?;
    let page = runs::list(&app, &chrome.actor, &id, &query).await?;
    let may_operate = may_operate(&chrome, &head.application, &head);
    let may_use = chrome.may_use_project(&head.application.project_id);
    let form = Form::of(&job);
    Ok(shown::page(&Show { chrome, head, job, form, page, may_operate, may_use }))
}

#[derive(Template)]
#[template(path = "jobs/run.html")]
struct ShowRun {
    chrome: Chrome,
    head: Head,
    job: Job,
    run: JobRun,
}

pub(super) async fn show_run(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, run)): Path<(JobId, JobRunId)>,
) -> Shown {
    let job = jobs::show(&app, &chrome.actor, &id).await?;
    let head = Head::read(&app, &chrome, &job.application_id, Tab::Jobs).await?;
    let run = runs::show(&app, &chrome.actor, (&id, &run)).await?;
    Ok(shown::page(&ShowRun { chrome, head, job, run }))
}
