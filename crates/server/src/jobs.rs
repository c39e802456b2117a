//! Jobs: programs that are run again and again in the container that serves an application.
//!
//! Owns what is allowed and what is written down. When the time of one comes is in `due`, what becomes of
//! its runs in `runs`; `reconcile::jobs` runs them over the connection that the server's keeper has
//! (decision 0055).

mod due;
pub mod runs;

use portolan_types::{
    Application, ApplicationId, CreateJob, Job, JobCommand, JobId, JobRun, JobState, Name, Page,
    PageQuery, Subject, Timestamp, UpdateJob,
};
use sqlx::AnyConnection;
use tokio::sync::{Notify, mpsc};

pub(crate) use self::due::begin_due;
use crate::{
    Actor, App, Error, applications,
    applications::work::check_stays,
    db::{self, Transaction, job::Kept},
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page, schedule,
};

/// Runs that wait to be begun; each is taken at once.
const WAITING: usize = 16;
/// Most jobs of an application: more than anybody reads on a page.
const MOST: i64 = 100;
/// How many times after the next one are shown.
const SHOWN: usize = 2;

/// The way to who runs them.
#[derive(Debug)]
pub(crate) struct Jobs {
    asked: mpsc::Sender<Asked>,
    /// Rung when a job was made or changed.
    pub(crate) scheduled: Notify,
}

impl Jobs {
    /// The other end goes to who runs them.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, taken) = mpsc::channel(WAITING);
        (Self { asked, scheduled: Notify::new() }, taken)
    }

    /// A place for a run that is about to be written down: from then on nobody is waited for. There is
    /// none only while the process stops: the next one says that it was not done.
    async fn place(&self) -> Option<mpsc::Permit<'_, Asked>> {
        self.asked.reserve().await.ok()
    }
}

/// A run that is to be.
#[derive(Debug)]
pub(crate) struct Asked {
    pub kept: Kept,
    pub run: JobRun,
}

/// A job of what the actor sees.
pub async fn show(app: &App, actor: &Actor, id: &JobId) -> Result<Job, Error> {
    let mut conn = app.db.acquire().await?;
    let job = find(&mut conn, actor, id).await?.job;
    let latest = db::job_run::find_latest(&mut conn, id).await?;
    Ok(Job { latest, ..shown(job) })
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &JobId) -> Result<Kept, Error> {
    db::job::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("job"))
}

fn shown(job: Job) -> Job {
    let following = job.next_at.map(|next| job.expression.following(next, SHOWN));
    Job { following: following.unwrap_or_default(), ..job }
}

/// The jobs of an application, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    application: &ApplicationId,
    query: &PageQuery,
) -> Result<Page<Job>, Error> {
    let mut conn = app.db.acquire().await?;
    applications::find(&mut conn, actor, application).await?;
    let jobs = db::job::list(&mut conn, actor.visible(), application, query).await?;
    let runs = db::job_run::list_latest(&mut conn, application).await?;
    let jobs = jobs.into_iter().map(|job| {
        let latest = runs.iter().find(|run| run.job_id == job.id).cloned();
        Job { latest, ..shown(job) }
    });
    Ok(page::of(jobs.collect(), query, |job| (job.created_at, job.id.as_str())))
}

/// Makes a job of an application.
pub async fn create(
    app: &App,
    actor: &Actor,
    application: &ApplicationId,
    input: CreateJob,
    repeat: Option<IdempotencyKey>,
) -> Result<Job, Error> {
    let (team, id) = (actor.team_id(), JobId::generate());
    let mut tx = app.db.begin().await?;
    let request = ("job", application, &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        return show(app, actor, &earlier.parse().map_err(|_| Error::NotFound("job"))?).await;
    }
    let application = held(&mut tx, actor, application).await?;
    if db::job::count(&mut tx, &application.id).await? >= MOST {
        return Err(too_many(&application));
    }
    let new = made(id, &application, input)?;
    db::job::insert(&mut tx, team, &new)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&new)))?;
    note(&mut tx, actor, &application, (None, Some(&new))).await?;
    tx.commit().await?;
    app.jobs.scheduled.notify_one();
    Ok(shown(new))
}

/// The application, held until the end of the transaction.
async fn held(
    tx: &mut Transaction,
    actor: &Actor,
    id: &ApplicationId,
) -> Result<Application, Error> {
    db::application::lock(tx, id).await?;
    let application = applications::find(tx, actor, id).await?.application;
    check_stays(&application)?;
    Ok(application)
}

fn made(id: JobId, application: &Application, input: CreateJob) -> Result<Job, Error> {
    let CreateJob { name, command, expression, within_seconds, keep, state } = input;
    let now = Timestamp::now();
    let next = schedule::next(&expression, now)?;
    Ok(Job {
        id,
        application_id: application.id.clone(),
        application_name: application.name.clone(),
        name,
        command,
        expression,
        within_seconds,
        keep,
        state,
        next_at: (state == JobState::Active).then_some(next),
        following: Vec::new(),
        latest: None,
        created_at: now,
        updated_at: now,
    })
}

fn too_many(Application { name, .. }: &Application) -> Error {
    Error::refused(
        "too-many-jobs",
        format!("`{name}` has {MOST} jobs already"),
        "remove one that nobody needs (`delete_job`)",
    )
}

fn taken(Job { application_name, name, .. }: &Job) -> Error {
    Error::refused(
        "job-exists",
        format!("`{application_name}` has a job named `{name}` already"),
        "change that one (`update_job`), or choose another name",
    )
}

/// Changes a job. What is due already stays so where its times stay.
pub async fn update(app: &App, actor: &Actor, id: &JobId, input: UpdateJob) -> Result<Job, Error> {
    let mut tx = app.db.begin().await?;
    let application = find(&mut tx, actor, id).await?.job.application_id;
    let application = held(&mut tx, actor, &application).await?;
    let Kept { job: before, .. } = find(&mut tx, actor, id).await?;
    let after = changed(&before, input)?;
    let latest = db::job_run::find_latest(&mut tx, id).await?;
    if after == before {
        return Ok(Job { latest, ..shown(before) });
    }
    let after = Job { updated_at: Timestamp::now(), ..after };
    let done = db::job::update(&mut tx, &after).await;
    if !done.map_err(|error| Error::on_unique(error, || taken(&after)))? {
        return Err(Error::NotFound("job"));
    }
    db::job_run::drop_beyond(&mut tx, id, after.keep).await?;
    note(&mut tx, actor, &application, (Some(&before), Some(&after))).await?;
    tx.commit().await?;
    app.jobs.scheduled.notify_one();
    Ok(Job { latest, ..shown(after) })
}

fn changed(before: &Job, input: UpdateJob) -> Result<Job, Error> {
    let UpdateJob { name, command, expression, within_seconds, keep, state } = input;
    let after = Job {
        name: name.unwrap_or_else(|| before.name.clone()),
        command: command.unwrap_or_else(|| before.command.clone()),
        expression: expression.unwrap_or_else(|| before.expression.clone()),
        within_seconds: within_seconds.unwrap_or(before.within_seconds),
        keep: keep.unwrap_or(before.keep),
        state: state.unwrap_or(before.state),
        ..before.clone()
    };
    let same = before.next_at.filter(|_| after.expression == before.expression);
    let next_at = match (after.state, same) {
        (JobState::Paused, _) => None,
        (JobState::Active, Some(at)) => Some(at),
        (JobState::Active, None) => Some(schedule::next(&after.expression, Timestamp::now())?),
    };
    Ok(Job { next_at, ..after })
}

/// Removes a job with what is kept of its runs. A program of it that runs goes on, unheard.
pub async fn delete(app: &App, actor: &Actor, id: &JobId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let Kept { job, .. } = find(&mut tx, actor, id).await?;
    let application = applications::find(&mut tx, actor, &job.application_id).await?.application;
    if !db::job::delete(&mut tx, id).await? {
        return Err(Error::NotFound("job"));
    }
    note(&mut tx, actor, &application, (Some(&job), None)).await?;
    Ok(tx.commit().await?)
}

/// Gives a clone the jobs of its original. They are paused: what is right for the one may do harm twice.
pub(crate) async fn copy(
    tx: &mut Transaction,
    actor: &Actor,
    (original, new): (&ApplicationId, &Application),
) -> Result<(), Error> {
    let (visible, all) = (actor.visible(), PageQuery::largest());
    for job in db::job::list(tx, visible, original, &all).await? {
        let Job { name, command, expression, within_seconds, keep, .. } = job;
        let state = JobState::Paused;
        let input = CreateJob { name, command, expression, within_seconds, keep, state };
        let copy = made(JobId::generate(), new, input)?;
        db::job::insert(tx, actor.team_id(), &copy).await?;
    }
    Ok(())
}

/// What somebody did with a job.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    application: &Application,
    (before, after): (Option<&Job>, Option<&Job>),
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("job.added", "added"),
        (Some(_), None) => ("job.removed", "removed"),
        (Some(before), Some(after)) => match (before.state, after.state) {
            (JobState::Active, JobState::Paused) => ("job.paused", "paused"),
            (JobState::Paused, JobState::Active) => ("job.resumed", "resumed"),
            (JobState::Active, JobState::Active) | (JobState::Paused, JobState::Paused) => {
                ("job.edited", "edited")
            }
        },
    };
    let Some(job) = after.or(before) else { return Ok(()) };
    let by = &actor.user.email;
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        message: format!("{} was {what} by {by}", named(job)),
    };
    let entry = happened.by(actor.author()).of(&application.destination_id);
    let (before, after) = (before.map(told), after.map(told));
    Ok(events::record(tx, entry.change(&before, &after), Timestamp::now()).await?)
}

/// As people call it.
pub(crate) fn named(Job { name, application_name, .. }: &Job) -> String {
    format!("job `{name}` of `{application_name}`")
}

/// What an event shows of one.
#[derive(serde::Serialize)]
struct Told<'a> {
    job_id: &'a JobId,
    name: &'a Name,
    command: &'a JobCommand,
    expression: &'a str,
    within_seconds: u32,
    keep: u32,
    state: JobState,
}

fn told(job: &Job) -> Told<'_> {
    Told {
        job_id: &job.id,
        name: &job.name,
        command: &job.command,
        expression: job.expression.as_str(),
        within_seconds: job.within_seconds.into(),
        keep: job.keep.into(),
        state: job.state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(next_at: Option<i64>) -> Job {
        let state = if next_at.is_some() { JobState::Active } else { JobState::Paused };
        let now = Timestamp::from_millis(0);
        Job {
            id: JobId::generate(),
            application_id: ApplicationId::generate(),
            application_name: "shop".parse().expect("a name"),
            name: "tidy".parse().expect("a name"),
            command: vec!["true".parse().expect("a program")].try_into().expect("a command"),
            expression: "0 3 * * *".parse().expect("times"),
            within_seconds: portolan_types::JobTime::default(),
            keep: portolan_types::KeptRuns::default(),
            state,
            next_at: next_at.map(Timestamp::from_millis),
            following: Vec::new(),
            latest: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn what_is_due_stays_so_where_the_times_stay() {
        let before = job(Some(7));
        let edit = |input| changed(&before, input).expect("a job");
        let renamed = UpdateJob { name: "clean".parse().ok(), ..UpdateJob::default() };
        assert_eq!(edit(renamed).next_at, before.next_at);
        let other = UpdateJob { expression: "0 4 * * *".parse().ok(), ..UpdateJob::default() };
        assert!(edit(other).next_at > Some(Timestamp::now()));
        let paused = UpdateJob { state: Some(JobState::Paused), ..UpdateJob::default() };
        assert_eq!(edit(paused).next_at, None);
    }

    #[test]
    fn what_was_missed_while_it_was_paused_is_not_made_up_for() {
        let resumed = UpdateJob { state: Some(JobState::Active), ..UpdateJob::default() };
        let resumed = changed(&job(None), resumed).expect("a job");
        assert!(resumed.next_at > Some(Timestamp::now()));
    }
}
