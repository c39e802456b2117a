//! What became of runs, written down: in their rows, as events, and as the outcome of the work where a
//! person asked for one.

use std::time::Duration;

use portolan_types::{Failure, JobRun, JobRunState, OperationKind, OperationResult, Timestamp};

use super::{
    super::recorder::{OpenStep, Recorder, failure},
    cut_off,
};
use crate::{
    App, Error,
    db::{self, job_run::End},
    jobs::runs,
};

const KIND: OperationKind = OperationKind::RunJob;
/// Between tries to write one down: as long as it is not, its job does not run.
const AGAIN: Duration = Duration::from_secs(5);

/// The work of a run that a person asked for, with its only step.
pub(super) struct Work<'a> {
    recorder: Recorder<'a>,
    step: OpenStep,
}

impl<'a> Work<'a> {
    /// `None` where a schedule asked for the run.
    pub(super) async fn begin(app: &'a App, run: &JobRun) -> Result<Option<Self>, Error> {
        let Some(id) = &run.operation_id else { return Ok(None) };
        let Some(recorder) = Recorder::start(app, KIND, id).await? else { return Ok(None) };
        let step = recorder.begin("run").await?;
        Ok(Some(Self { recorder, step }))
    }

    async fn end(self, end: &End) -> Result<(), Error> {
        match outcome(end) {
            None => self.recorder.done(self.step, "exit code 0").await,
            Some(why) => self.recorder.fail(self.step, &why).await,
        }
    }
}

/// How the work ends, of which the run is.
fn outcome(end: &End) -> Option<Failure> {
    let (code, remedy) = match end.state {
        JobRunState::Succeeded => return None,
        JobRunState::Failed => ("job-failed", "see what it said (`list_job_runs`)"),
        JobRunState::TimedOut => ("too-slow", "give it more time (`update_job`)"),
        JobRunState::CutOff | JobRunState::Running => {
            ("interrupted", "look in the container, and run it again where that does no harm")
        }
        JobRunState::Skipped => ("not-run", "see how the application is (`show_application`)"),
    };
    Some(failure(code, end.reason.clone().unwrap_or_default(), remedy))
}

/// A run is over. It is tried until it is written down, or the process ends, after which the next one does
/// it.
pub(super) async fn ended(
    app: &App,
    (work, run): (Option<Work<'_>>, &JobRun),
    end: &End,
) -> Result<(), Error> {
    if let Some(work) = work
        && let Err(error) = work.end(end).await
    {
        tracing::warn!(job.id = %run.job_id, %error, "could not end the step of a run");
    }
    loop {
        let Err(error) = write_down(app, run, end).await else { return Ok(()) };
        let pause = tokio::time::sleep(AGAIN);
        if app.stopping.run_until_cancelled(pause).await.is_none() {
            return Err(error);
        }
        tracing::error!(job.id = %run.job_id, %error, "could not write down how a run ended; trying again");
    }
}

async fn write_down(app: &App, run: &JobRun, end: &End) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if let Some(kept) = db::job::find_kept(&mut tx, &run.job_id).await? {
        // Before its runs, as whoever changes the job does.
        db::application::lock(&mut tx, &kept.job.application_id).await?;
        runs::end(&mut tx, &kept, (run, end)).await?;
    }
    let recorder = run.operation_id.as_ref().map(|id| Recorder::going_on(app, KIND, id));
    if let Some(recorder) = &recorder {
        let (job_id, run_id) = (run.job_id.clone(), run.id.clone());
        let result = OperationResult::JobRun { job_id, run_id };
        db::operation::set_result(&mut tx, &recorder.id, &result).await?;
        recorder.finish(&mut tx, outcome(end).as_ref()).await?;
    }
    tx.commit().await?;
    if let Some(recorder) = recorder {
        recorder.tell();
    }
    Ok(())
}

/// What an earlier process began, or never came to, is over.
pub(super) async fn before(app: &App, moment: Timestamp) -> Result<(), Error> {
    let left = db::job_run::list_running(&mut *app.db.acquire().await?, moment).await?;
    for run in left {
        write_down(app, &run, &cut_off()).await?;
    }
    // Of jobs that were removed while they ran.
    let mut conn = app.db.acquire().await?;
    if let Some(why) = outcome(&cut_off()) {
        db::operation::fail_before(&mut conn, KIND, moment, &why).await?;
    }
    Ok(())
}
