//! `portolan deploy` as it is typed.

use std::path::PathBuf;

use clap::Args;
use portolan_types::{Image, Name};

use super::{application::DeployWaitArgs, shared::DryRunArgs};

pub(super) const EXAMPLES: &str =
    "The file says what the application is (see docs/portolan-toml.md). What is missing is
made, what differs is changed, and then it is deployed. Variables, routes and jobs that the file
does not name stay. A Compose file is deployed with `portolan stack apply`.

Examples:
  portolan deploy --dry-run
  portolan deploy --image \"ghcr.io/example/shop:$TAG\"
  portolan deploy --env staging --file deploy/portolan.toml";

/// What is deployed, and how.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// The description of the application; `-` is stdin.
    #[arg(long, value_name = "FILE", default_value = "portolan.toml")]
    pub(crate) file: PathBuf,
    /// An image in the place of the file's.
    #[arg(long)]
    pub(crate) image: Option<Image>,
    /// Another environment of the project than the file's.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<Name>,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
}
