//! `portolan app` as it is typed.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{ApplicationName, Image};

use super::{
    container::{ExecArgs, LogsArgs, StatsArgs, TerminalArgs},
    shared::{ConsentArgs, DryRunArgs, ListArgs, PageArgs, WaitArgs},
};
use crate::find::Reference;

mod build;
mod hook;
mod job;
mod place;
mod process;
mod spec;
mod variable;

pub(crate) use self::{
    build::BuildArgs,
    hook::HookCommand,
    job::{AddJobArgs, EditJobArgs, JobArgs, JobCommand},
    place::{AddPlaceArgs, PlaceCommand},
    spec::{SpecArgs, Unset},
    variable::{Assignment, SetVariablesArgs, VariableCommand},
};

/// What can be done with applications.
#[derive(Debug, Subcommand)]
pub(crate) enum ApplicationCommand {
    /// List applications.
    #[command(after_help = "Examples:
  portolan app list --project shop
  portolan app list --environment shop/production
  portolan app list --all --json | jq -r '.items[] | select(.state != \"running\") | .name'")]
    List(ListApplicationsArgs),
    /// Show an application, what its next deployment makes, and its routes.
    Show {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
    },
    /// Add an application to an environment; nothing runs until it is deployed.
    #[command(after_help = "Examples:
  portolan app add web --environment shop/production --image ghcr.io/example/shop:1.4 --port 8080 \\
      --deploy
  portolan app add db --environment shop/production --image postgres:17 --port 5432 \\
      --volume data:/var/lib/postgresql/data --health-command 'pg_isready -U postgres'
  portolan app add api --environment shop/production --port 8080 \\
      --git https://git.example.com/shop/api.git --git-ref main --deploy
  portolan app add worker --environment shop/production --image ghcr.io/example/shop:1.4 \\
      --command 'work --queue mail' --memory 512M --cpus 0.5
  portolan route add shop.example.com --app web      who asks for the host is led to it")]
    Add(Box<AddApplicationArgs>),
    /// Change what the next deployment makes; what is not named stays.
    #[command(
        override_usage = "portolan app edit [OPTIONS] <APP>",
        after_help = "Examples:
  portolan app edit web --memory 1G --deploy
  portolan app edit web --unset memory --unset cpus

A list that is given (--alias, --volume, --bind, --publish, --label) is all of it from now on."
    )]
    Edit(Box<EditApplicationArgs>),
    /// Deploy an application, and show each step.
    #[command(after_help = "Examples:
  portolan app deploy web
  portolan app deploy shop/production/web --image ghcr.io/example/shop:1.5

A deployment that is under way for it is given up.")]
    Deploy {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        /// An image from now on, in the place of the present one.
        #[arg(long)]
        image: Option<Image>,
        /// Build it without anything of earlier builds, on images as they are in their registries.
        #[arg(long)]
        no_cache: bool,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Run so many of an application on its swarm, and show each step; those that run go on.
    #[command(after_help = "Examples:
  portolan app scale web 3

What else was changed since it was deployed is deployed too.")]
    Scale {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        /// How many run beside each other.
        replicas: NonZeroU32,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// List what a swarm runs of an application: its replicas, where, and why one does not run.
    Tasks {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
    },
    /// Deploy what an earlier deployment was: its image, settings and variables.
    #[command(visible_alias = "roll-back")]
    Rollback {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        /// The number of a deployment that served [default: the one before].
        #[arg(long, value_name = "NUMBER")]
        to: Option<NonZeroU32>,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Give up the deployment that is under way, as long as it does not serve.
    Cancel {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
    },
    /// Start an application that was stopped, or that ended.
    Start(WorkArgs),
    /// Stop an application until somebody starts it.
    Stop(WorkArgs),
    /// Stop an application and start it again.
    Restart(WorkArgs),
    /// Make another application of what one is wanted to be: its settings and its variables.
    #[command(after_help = "Examples:
  portolan app clone web web-next
  portolan app clone shop/production/web web --environment shop/staging

A clone has volumes of its own, which are empty, and no routes. What only one can have does not come
along: published ports on the same server, further names on the same destination. Nothing of it runs
until it is deployed.")]
    Clone(CloneApplicationArgs),
    /// Move an application to another destination, with its routes and what is in its volumes.
    #[command(after_help = "Examples:
  portolan app move web backend --dry-run
  portolan app move shop/production/web backend
  portolan app confirm-move web              what is left on the other server goes

On one server what serves goes on until the other is ready; one that writes to volumes is stopped first,
and started again should the other not become ready. To another server volumes are copied and compared,
and what is left is kept, stopped, until the move is confirmed or taken back.")]
    Move(MoveApplicationArgs),
    /// Remove what a move to another server left where an application was: that cannot be undone.
    ConfirmMove(DecideArgs),
    /// Bring an application back to the server that it was moved from; what was written since is lost.
    TakeBack(DecideArgs),
    /// List the deployments of an application, the latest first; or show one.
    Deployments {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        /// Show the one with this number.
        #[arg(long, conflicts_with_all = ["limit", "all", "cursor"])]
        number: Option<NonZeroU32>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print what the container said that serves an application.
    #[command(after_help = "As `portolan container logs`; it needs the right to use the project.

Examples:
  portolan app logs web --follow
  portolan app logs shop/production/web --since 10m --search error")]
    Logs {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        #[command(flatten)]
        logs: LogsArgs,
    },
    /// Show what the container uses that serves an application.
    Stats {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        #[command(flatten)]
        stats: StatsArgs,
    },
    /// Run a program in the container that serves an application, once.
    #[command(
        after_help = "As `portolan container exec`; it needs the right to operate the project.

Examples:
  portolan app exec web -- /app/shop migrate
  portolan app exec web --within 600 -- sh -c 'echo $DATABASE_URL'"
    )]
    Exec {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        #[command(flatten)]
        exec: ExecArgs,
    },
    /// Open a terminal in the container that serves an application, here.
    #[command(
        after_help = "As `portolan container terminal`; it needs the right to operate the project.

Examples:
  portolan app terminal web
  portolan app terminal web -- python manage.py shell"
    )]
    Terminal {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        #[command(flatten)]
        terminal: TerminalArgs,
    },
    /// Read what the build of a deployment said.
    #[command(after_help = "Examples:
  portolan app build-log web                 of the latest deployment
  portolan app build-log web --follow
  portolan app build-log web --number 12")]
    BuildLog {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
        /// Of the deployment with this number [default: the latest].
        #[arg(long)]
        number: Option<NonZeroU32>,
        /// Go on until the image is there.
        #[arg(long)]
        follow: bool,
        /// Begin each line with its time.
        #[arg(long)]
        timestamps: bool,
    },
    /// The hook by which a push to its repository deploys an application.
    #[command(subcommand)]
    Hook(HookCommand),
    /// Programs that are run again and again in the container that serves an application.
    #[command(subcommand)]
    Job(JobCommand),
    /// List the links of an application or a database.
    Links {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        app: Reference,
    },
    /// Let an application reach one resource of another destination by its names.
    #[command(
        after_help = "Resources of different environments share no network. The two get one of their own, now and
after each deployment; both have to be on one server.

Examples:
  portolan app link web orders-db
  portolan app link shop/production/web auth/production/login"
    )]
    Link {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        /// The application or the database to be reached.
        to: Reference,
    },
    /// Take a link away again.
    Unlink {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        /// What it no longer reaches.
        to: Reference,
    },
    /// The other servers on which an application is too.
    #[command(subcommand)]
    Place(PlaceCommand),
    /// Environment variables of an application.
    #[command(subcommand)]
    Env(VariableCommand),
    /// Remove an application with its container and routes; its volumes stay.
    #[command(alias = "delete")]
    Remove(RemoveApplicationArgs),
}

/// Which applications are listed.
#[derive(Debug, Args)]
pub(crate) struct ListApplicationsArgs {
    /// Only those of this project, all of them: id or name.
    #[arg(long, conflicts_with_all = ["environment", "limit", "cursor"])]
    pub(crate) project: Option<Reference>,
    /// Only those of this environment: id, name, or PROJECT/NAME.
    #[arg(long)]
    pub(crate) environment: Option<Reference>,
    /// Only those on this destination: id, name or network.
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// An application to add.
#[derive(Debug, Args)]
pub(crate) struct AddApplicationArgs {
    /// What to call it: the first name by which others on the network find it.
    pub(crate) name: ApplicationName,
    /// Where it belongs: id, name, or PROJECT/NAME of an environment.
    #[arg(long)]
    pub(crate) environment: Reference,
    /// Where it runs: id, name or network [default: the environment's].
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    /// What it runs, as `ghcr.io/example/shop:1.4`; of one that is built how the result is called
    /// [default: localhost/REPOSITORY].
    #[arg(long, required_unless_present = "git")]
    pub(crate) image: Option<Image>,
    /// Deploy it at once.
    #[arg(long)]
    pub(crate) deploy: bool,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) spec: SpecArgs,
}

/// What is to be other than it is.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("edit").multiple(true).required(true)
    .args(["image", "unset"]).args(spec::FLAGS).args(process::FLAGS).args(build::FLAGS))]
pub(crate) struct EditApplicationArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    /// What it runs, as `ghcr.io/example/shop:1.4`.
    #[arg(long)]
    pub(crate) image: Option<Image>,
    /// Take away what was set; may be given again.
    #[arg(long, value_name = "WHAT")]
    pub(crate) unset: Vec<Unset>,
    /// Deploy it at once.
    #[arg(long)]
    pub(crate) deploy: bool,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) spec: SpecArgs,
}

/// An application that something is done with.
#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// Where a clone goes.
#[derive(Debug, Args)]
pub(crate) struct CloneToArgs {
    /// Where it belongs: id, name, or PROJECT/NAME of an environment [default: that of the original].
    #[arg(long)]
    pub(crate) environment: Option<Reference>,
    /// Where it runs: id, name or network [default: that of the original, or the other environment's].
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
}

/// An application of which another is made.
#[derive(Debug, Args)]
pub(crate) struct CloneApplicationArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    /// What to call the clone.
    pub(crate) name: ApplicationName,
    #[command(flatten)]
    pub(crate) to: CloneToArgs,
    /// Begin without the variables of the original.
    #[arg(long)]
    pub(crate) without_variables: bool,
    /// Fill its volumes with what is in those of the original when it is deployed for the first time. The
    /// original has to be stopped then.
    #[arg(long)]
    pub(crate) with_volumes: bool,
}

/// An application to move.
#[derive(Debug, Args)]
pub(crate) struct MoveApplicationArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    #[command(flatten)]
    pub(crate) to: ToDestinationArgs,
}

/// An application that was moved.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// Where something is moved, and how.
#[derive(Debug, Args)]
pub(crate) struct ToDestinationArgs {
    /// Where it goes: id, name or network.
    pub(crate) destination: Reference,
    /// Move it although a database is then not found by its name.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
}

/// An application to remove.
#[derive(Debug, Args)]
pub(crate) struct RemoveApplicationArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) app: Reference,
    /// Remove its volumes too, with what is in them: that cannot be undone.
    #[arg(long)]
    pub(crate) volumes: bool,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// Whether to stay until a deployment is over: images may be large.
#[derive(Debug, Args)]
pub(crate) struct DeployWaitArgs {
    /// Wait so long for the outcome.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub(super) wait: u32,
    /// Return as soon as the work is accepted.
    #[arg(long, conflicts_with = "wait")]
    pub(super) no_wait: bool,
}
