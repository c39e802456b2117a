//! `portolan app job` as it is typed.

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{Argument, CronExpression, JobRunId, JobState, JobTime, KeptRuns, Name};

use crate::{
    cli::shared::{ConsentArgs, ListArgs, PageArgs},
    find::Reference,
};

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List the jobs of an application or a database.
    List {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Add a job: a program that is run again and again in the container that serves.
    #[command(
        override_usage = "portolan app job add [OPTIONS] --cron <EXPRESSION> <APP> <NAME> -- <PROGRAM>...",
        after_help = "One run at a time: a moment that comes while one goes on is skipped. What was missed while
the control plane was away is run once. Whoever reads a job reads its arguments: no place for
secrets, which are variables of the application.

Examples:
  portolan app job add web tidy --cron '0 3 * * *' -- /app/shop tidy
  portolan app job add web report --cron '*/15 8-17 * * MON-FRI' --within 600 -- \\
      sh -c 'report > /data/now'
  portolan app job add orders-db vacuum --cron '0 4 * * SUN' -- vacuumdb --all"
    )]
    Add(AddJobArgs),
    /// Change a job, pause it or resume it; what is not named stays.
    #[command(
        override_usage = "portolan app job edit [OPTIONS] <APP> <JOB> [-- <PROGRAM>...]",
        after_help = "Examples:
  portolan app job edit web tidy --pause
  portolan app job edit web tidy --cron '30 2 * * *' --within 7200"
    )]
    Edit(EditJobArgs),
    /// Remove a job with what is kept of its runs.
    Remove {
        #[command(flatten)]
        job: JobArgs,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Run a job now, and print what it said. The exit code is its program's.
    Run {
        #[command(flatten)]
        job: JobArgs,
        /// Return as soon as the run is accepted.
        #[arg(long)]
        no_wait: bool,
    },
    /// List the runs of a job that are kept, the latest first; or print what one said.
    #[command(after_help = "Examples:
  portolan app job runs web tidy
  portolan app job runs web tidy --show tz4a98xxat96iws9zmbrgj3a
  portolan app job runs web tidy --json | jq '.items[] | select(.state != \"succeeded\")'")]
    Runs {
        #[command(flatten)]
        job: JobArgs,
        /// Print what this run said, and how it ended.
        #[arg(long, value_name = "RUN", conflicts_with_all = ["limit", "all", "cursor"])]
        show: Option<JobRunId>,
        #[command(flatten)]
        page: PageArgs,
    },
}

/// A job that there is.
#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application or a database.
    pub(crate) app: Reference,
    /// Id or name of the job.
    pub(crate) job: Name,
}

/// A job to add.
#[derive(Debug, Args)]
pub(crate) struct AddJobArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application or a database.
    pub(crate) app: Reference,
    /// What to call it.
    pub(crate) name: Name,
    /// When, in UTC: minute, hour, day of the month, month and day of the week.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) cron: CronExpression,
    /// End a run that takes more seconds than this [default: 3600].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) within: Option<JobTime>,
    /// How many runs are kept; older ones go [default: 20].
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<KeptRuns>,
    /// Let it wait until it is resumed.
    #[arg(long)]
    pub(crate) paused: bool,
    /// The program and its arguments. No shell reads them.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<Argument>,
}

/// What is to be other than it is.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("edit").multiple(true).required(true)
    .args(["rename", "cron", "within", "keep", "pause", "resume", "command"]))]
pub(crate) struct EditJobArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// What to call it.
    #[arg(long, value_name = "NAME")]
    pub(crate) rename: Option<Name>,
    /// When, in UTC: minute, hour, day of the month, month and day of the week.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) cron: Option<CronExpression>,
    /// End a run that takes more seconds than this.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) within: Option<JobTime>,
    /// How many runs are kept; older ones go.
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<KeptRuns>,
    /// Run it no more by itself.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) pause: bool,
    /// Run it by itself again.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Another program and its arguments. No shell reads them.
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<Argument>,
}

impl EditJobArgs {
    /// What becomes of its times.
    pub(crate) const fn state(&self) -> Option<JobState> {
        match (self.pause, self.resume) {
            (true, _) => Some(JobState::Paused),
            (false, true) => Some(JobState::Active),
            (false, false) => None,
        }
    }
}
