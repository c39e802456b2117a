//! Jobs whose time has come: each run is written down together with the time of the next one, so that the
//! end of a process between the two neither loses nor doubles one.

use portolan_types::{Job, JobCause, Timestamp};

use super::{Asked, runs};
use crate::{
    App, Error,
    db::{self, job::Kept},
    schedule,
};

/// Asks for what is due, and answers when there is more. What was missed is asked for once.
pub(crate) async fn begin_due(app: &App) -> Result<Option<Timestamp>, Error> {
    let now = Timestamp::now();
    let due = db::job::list_due(&mut *app.db.acquire().await?, now).await?;
    schedule::each(due, |one| begin_one(app, one, now)).await?;
    Ok(db::job::find_next(&mut *app.db.acquire().await?).await?)
}

async fn begin_one(app: &App, due: Kept, now: Timestamp) -> Result<(), Error> {
    let begins = app.jobs.place().await;
    let mut tx = app.db.begin().await?;
    // Before the job, as whoever changes that does.
    db::application::lock(&mut tx, &due.job.application_id).await?;
    let next = schedule::next(&due.job.expression, now)?;
    if !db::job::advance(&mut tx, &due.job, next).await? {
        return Ok(());
    }
    if db::job_run::is_at_work(&mut tx, &due.job.id).await? {
        let why = still_running(&due.job);
        runs::skip(&mut tx, &due, &why).await?;
        return Ok(tx.commit().await?);
    }
    let run = runs::begun(&due.job, JobCause::Schedule, None);
    db::job_run::insert(&mut tx, &run).await?;
    tx.commit().await?;
    if let Some(begins) = begins {
        begins.send(Asked { kept: due, run });
    }
    Ok(())
}

fn still_running(Job { within_seconds, .. }: &Job) -> String {
    format!("the run before had not ended; a run may take {within_seconds} s")
}
