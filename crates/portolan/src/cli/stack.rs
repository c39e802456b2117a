//! `portolan stack` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use portolan_types::{
    ApplicationName, GitReference, RepositoryPath, RepositoryUrl, VariableName, server::Fingerprint,
};

use super::{
    application::{Assignment, DeployWaitArgs},
    shared::{ConsentArgs, DryRunArgs, ListArgs, WaitArgs},
};
use crate::find::Reference;

/// What can be done with stacks.
#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// List stacks.
    List {
        /// Only those of this environment: id, name, or PROJECT/NAME.
        #[arg(long)]
        environment: Option<Reference>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a stack with its services and networks, and what of its file was left out.
    Show {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        stack: Reference,
        /// Print the file that it was applied from.
        #[arg(long)]
        file: bool,
    },
    /// Make a stack of a Compose file or apply one to it again, and show each step.
    #[command(after_help = "Examples:
  portolan stack apply shop --environment shop/production --destination backend --dry-run
  portolan stack apply shop --environment shop/production --destination backend
  portolan stack apply shop --set TAG=1.5                          the file anew, with another value
  portolan stack apply shop --secret-file secrets.env --yes
  portolan route add shop.example.com --app shop-web               who asks for the host is led to it

Files that the file names (`env_file`, `configs`, `secrets`) are sent along from its folder, and kept
sealed. What of the file is not done is refused by line, and nothing is left out silently. Values for ${NAME}
that are not given anew stay. The application of a service is called NAME-SERVICE.")]
    Apply(Box<ApplyStackArgs>),
    /// Remove a stack with its services and networks; volumes stay unless it is said that they go.
    Remove(RemoveStackArgs),
}

/// A stack to apply.
#[derive(Debug, Args)]
pub(crate) struct ApplyStackArgs {
    /// What the stack is called.
    pub(crate) name: ApplicationName,
    /// The Compose file; `-` is stdin [default: compose.yaml, or one of the other names that Compose
    /// looks for].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Where a new one belongs: id, name, or PROJECT/NAME of an environment.
    #[arg(long)]
    pub(crate) environment: Option<Reference>,
    /// Where a new one runs: id, name or network [default: the environment's].
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    /// A value for ${NAME} in the file; it can be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<Assignment>,
    /// A value to take away; it can be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<VariableName>,
    /// File with a value a line (`.env`).
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// The same with values that never come back; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The Git repository of the file: folders that `build` names are in it.
    #[arg(long, value_name = "URL")]
    pub(crate) git: Option<RepositoryUrl>,
    /// Its branch or tag [default: the repository's own branch].
    #[arg(long, value_name = "BRANCH", requires = "git")]
    pub(crate) git_ref: Option<GitReference>,
    /// The key that logs in to a repository by SSH: id or name. Its host has to know the public side
    /// (`portolan key show NAME --public`).
    #[arg(long, value_name = "KEY", requires = "git")]
    pub(crate) git_key: Option<Reference>,
    /// What the host of a repository by SSH shows; without, it is refused and told.
    #[arg(long, value_name = "SHA256:...", requires = "git")]
    pub(crate) git_host_key: Option<Fingerprint>,
    /// The folder of the file in it [default: the repository itself].
    #[arg(long, value_name = "PATH", requires = "git")]
    pub(crate) git_folder: Option<RepositoryPath>,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
}

/// A stack to remove.
#[derive(Debug, Args)]
pub(crate) struct RemoveStackArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) stack: Reference,
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
