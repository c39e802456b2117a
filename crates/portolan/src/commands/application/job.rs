//! `portolan app job`.

use std::time::Duration;

use portolan_types::{
    CreateJob, Job, JobRun, JobRunId, JobRunState, JobState, Name, Operation, OperationResult,
    UpdateJob,
};

use super::link::resource;
use crate::{
    ask::{Consent, confirm},
    client::Client,
    commands::{
        container_exec::{self, Said},
        operation::accompany,
    },
    failure::{Failure, Outcome},
    find::Reference,
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Style, Table},
    watch::{Ending, Wait, conclude, follow},
    words::{since, until},
};

/// Beyond the program's own time: it has to have its turn, and to be heard of.
const BESIDES: Duration = Duration::from_mins(2);

/// A job as it was typed: of which application, and which.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) app: Reference,
    pub(crate) job: Name,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    app: &Reference,
    listing: Listing,
) -> anyhow::Result<()> {
    let (id, name) = resource(client, app).await?;
    let page = collect(client, &format!("/v1/applications/{id}/jobs"), &[], listing).await?;
    let when_empty = format!("`{name}` has no jobs: add one with `portolan app job add`");
    printer.page(&page, table, &when_empty)?;
    Ok(())
}

fn table(jobs: &[Job]) -> Table {
    let header = &["NAME", "TIMES", "NEXT", "LATEST", "PROGRAM", "ID"];
    Table::new(header).yielding(&["PROGRAM"]).with(jobs.iter().map(|job| {
        vec![
            Span::plain(job.name.as_str()),
            Span::plain(job.expression.as_str()),
            next(job),
            job.latest.as_ref().map_or_else(|| Span::dim("-"), |run| state(run.state)),
            Span::plain(job.command.program()),
            Span::plain(job.id.as_str()),
        ]
    }))
}

fn next(job: &Job) -> Span {
    match (job.state, job.next_at) {
        (JobState::Active, Some(at)) => Span::plain(until(at)),
        (JobState::Paused, _) | (JobState::Active, None) => Span::dim(job.state.as_str()),
    }
}

fn state(state: JobRunState) -> Span {
    let style = match state {
        JobRunState::Succeeded => Style::Good,
        JobRunState::Running | JobRunState::Skipped => Style::Dim,
        JobRunState::Failed | JobRunState::TimedOut | JobRunState::CutOff => Style::Bad,
    };
    Span::new(style, state.as_str())
}

fn details(job: &Job) -> Details {
    let details = Details::default()
        .row("name", job.name.as_str())
        .row("id", job.id.as_str())
        .row("application", job.application_name.as_str())
        .row("command", job.command.to_string())
        .row("times", format!("{} (UTC)", job.expression))
        .row("state", job.state.as_str())
        .maybe("next", job.next_at.map(|at| at.to_string()));
    let following = job.following.iter();
    let details = following.fold(details, |details, at| details.row("then", at.to_string()));
    details
        .row("within", format!("{} s", job.within_seconds))
        .row("runs kept", job.keep.to_string())
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    app: &Reference,
    request: &CreateJob,
) -> anyhow::Result<()> {
    let (id, _) = resource(client, app).await?;
    let job: Job = client.create(&format!("/v1/applications/{id}/jobs"), request).await?;
    printer.one(&job, details)?;
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    named: &Named,
    change: &UpdateJob,
) -> anyhow::Result<()> {
    let job = find(client, named).await?;
    let job: Job = client.change(&path(&job), change).await?;
    printer.one(&job, details)?;
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    named: &Named,
    consent: Consent,
) -> anyhow::Result<()> {
    let job = find(client, named).await?;
    let Job { name, application_name, .. } = &job;
    let question = format!("remove job `{name}` of `{application_name}` with its runs?");
    confirm(printer, consent, &question)?;
    let () = client.remove(&path(&job), &[]).await?;
    printer.say(&Line::plain(format!("removed job `{name}` of `{application_name}`")));
    Ok(())
}

/// Whether to stay until a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    ToTheEnd,
    No,
}

/// The exit code is the program's.
pub(crate) async fn run(
    client: &Client,
    printer: &Printer,
    named: &Named,
    stay: Stay,
) -> anyhow::Result<Outcome> {
    let job = find(client, named).await?;
    let operation: Operation = client.act(&format!("{}/run", path(&job))).await?;
    if stay == Stay::No {
        return accompany(client, printer, operation, Wait::No).await;
    }
    let limit = job.within_seconds.duration() + BESIDES;
    let ending = follow(client, printer, &operation.id, limit).await?;
    let ended = conclude(printer, &ending, limit);
    let (Ending::Over(operation) | Ending::Unfinished(operation)) = ending;
    let Some(OperationResult::JobRun { run_id, .. }) = &operation.result else { return Ok(ended) };
    let run = read(client, &job, run_id).await?;
    say(printer, &run)?;
    Ok(run.exit_code.map_or(ended, container_exec::exit))
}

/// The runs of a job.
pub(crate) async fn runs(
    client: &Client,
    printer: &Printer,
    named: &Named,
    listing: Listing,
) -> anyhow::Result<()> {
    let job = find(client, named).await?;
    let page = collect(client, &format!("{}/runs", path(&job)), &[], listing).await?;
    let when_empty = format!("job `{}` has not run yet", job.name);
    printer.page(&page, runs_table, &when_empty)?;
    Ok(())
}

fn runs_table(runs: &[JobRun]) -> Table {
    let header = &["STATE", "WHEN", "BY", "CODE", "REASON", "ID"];
    Table::new(header).yielding(&["REASON", "BY"]).with(runs.iter().map(|run| {
        vec![
            state(run.state),
            Span::plain(since(run.created_at)),
            Span::plain(run.cause.as_str()),
            Span::or_dash(run.exit_code.map(|code| code.to_string())),
            Span::or_dash(reason(run)),
            Span::plain(run.id.as_str()),
        ]
    }))
}

/// Why it did not succeed, and how often in a row.
fn reason(run: &JobRun) -> Option<String> {
    let reason = run.reason.as_ref()?;
    Some(match run.times {
        0 | 1 => reason.clone(),
        times => format!("{times} times: {reason}"),
    })
}

/// What one run said, and how it ended.
pub(crate) async fn show_run(
    client: &Client,
    printer: &Printer,
    named: &Named,
    id: &JobRunId,
) -> anyhow::Result<Outcome> {
    let job = find(client, named).await?;
    let run = read(client, &job, id).await?;
    say(printer, &run)?;
    if printer.format() == Format::Text {
        let ended = reason(&run).map_or_else(String::new, |reason| format!(": {reason}"));
        let words = format!("{} {}{ended}", run.state, since(run.created_at));
        printer.say(&Line::styled(Style::Dim, words));
    }
    Ok(Outcome::Done)
}

async fn read(client: &Client, job: &Job, id: &JobRunId) -> anyhow::Result<JobRun> {
    Ok(client.get(&format!("{}/runs/{id}", path(job)), &[]).await?)
}

fn say(printer: &Printer, run: &JobRun) -> anyhow::Result<()> {
    if printer.format() == Format::Json {
        printer.json(run)?;
    } else if let Some(output) = &run.output {
        let said =
            Said { stdout: &output.stdout, stderr: &output.stderr, truncated: output.truncated };
        container_exec::say(printer, &said)?;
    }
    Ok(())
}

fn path(job: &Job) -> String {
    format!("/v1/jobs/{}", job.id)
}

/// The job of an application that has this id or name.
async fn find(client: &Client, Named { app, job: wanted }: &Named) -> anyhow::Result<Job> {
    let (id, name) = resource(client, app).await?;
    let path = format!("/v1/applications/{id}/jobs");
    let jobs = collect::<Job>(client, &path, &[], Listing::all(None)).await?.items;
    let by_name = jobs.iter().position(|job| job.name == *wanted);
    let at = by_name.or_else(|| jobs.iter().position(|job| job.id.as_str() == wanted.as_str()));
    at.and_then(|at| jobs.into_iter().nth(at)).ok_or_else(|| {
        let words = format!("`{name}` has no job with the id or name `{wanted}`");
        Failure::advised(words, format!("see `portolan app job list {name}`")).into()
    })
}
