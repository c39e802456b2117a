//! The jobs of a file: how they are written, and what differs from those that are there. Jobs that the
//! file does not name stay.

use portolan_types::{
    CreateJob, CronExpression, Job, JobCommand, JobId, JobState, JobTime, KeptRuns, Name, UpdateJob,
};
use serde::Deserialize;

/// `[jobs.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    cron: CronExpression,
    command: JobCommand,
    #[serde(default)]
    within: JobTime,
    #[serde(default)]
    keep: KeptRuns,
    #[serde(default)]
    paused: bool,
}

impl Written {
    pub(super) fn named(self, name: Name) -> CreateJob {
        let Self { cron, command, within, keep, paused } = self;
        let state = if paused { JobState::Paused } else { JobState::Active };
        CreateJob { name, command, expression: cron, within_seconds: within, keep, state }
    }
}

/// A job that is to be other than it is.
#[derive(Debug, Clone)]
pub(super) struct JobChange {
    /// Of the one that is there.
    pub(super) id: Option<JobId>,
    pub(super) wanted: CreateJob,
    /// As people read it.
    pub(super) from: Option<String>,
    pub(super) to: String,
}

/// Those that are missing or differ.
pub(super) fn changes(present: &[Job], wanted: &[CreateJob]) -> Vec<JobChange> {
    wanted.iter().filter_map(|one| change(present, one)).collect()
}

fn change(present: &[Job], wanted: &CreateJob) -> Option<JobChange> {
    let folded = |name: &Name| name.as_str().to_lowercase();
    let before = present.iter().find(|job| folded(&job.name) == folded(&wanted.name));
    let before = before.map(|job| (job.id.clone(), as_written(job)));
    if before.as_ref().is_some_and(|(_, before)| before == wanted) {
        return None;
    }
    let (id, from) = before.map(|(id, before)| (id, words(&before))).unzip();
    Some(JobChange { id, from, to: words(wanted), wanted: wanted.clone() })
}

fn as_written(job: &Job) -> CreateJob {
    CreateJob {
        name: job.name.clone(),
        command: job.command.clone(),
        expression: job.expression.clone(),
        within_seconds: job.within_seconds,
        keep: job.keep,
        state: job.state,
    }
}

/// `0 3 * * * /app/shop tidy (within 60 s, paused)`.
fn words(job: &CreateJob) -> String {
    let unusual = [
        (job.within_seconds != JobTime::default())
            .then(|| format!("within {} s", job.within_seconds)),
        (job.keep != KeptRuns::default()).then(|| format!("{} runs kept", job.keep)),
        (job.state == JobState::Paused).then(|| "paused".to_owned()),
    ];
    let unusual: Vec<String> = unusual.into_iter().flatten().collect();
    let besides = match unusual.as_slice() {
        [] => String::new(),
        some => format!(" ({})", some.join(", ")),
    };
    format!("{} {}{besides}", job.expression, job.command)
}

/// What is asked of the job that is there.
pub(super) fn update(wanted: CreateJob) -> UpdateJob {
    let CreateJob { name, command, expression, within_seconds, keep, state } = wanted;
    UpdateJob {
        name: Some(name),
        command: Some(command),
        expression: Some(expression),
        within_seconds: Some(within_seconds),
        keep: Some(keep),
        state: Some(state),
    }
}
