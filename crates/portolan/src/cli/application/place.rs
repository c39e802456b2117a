//! `portolan app place` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::ApplicationName;

use super::DeployWaitArgs;
use crate::{cli::shared::MannerArgs, find::Reference};

/// What can be done with the further places of an application.
#[derive(Debug, Subcommand)]
pub(crate) enum PlaceCommand {
    /// List the other servers on which an application is.
    List {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
    },
    /// Add a place on a destination of another server; what serves is deployed there.
    #[command(after_help = "Examples:
  portolan app place add web backend
  portolan app place add web backend --routes  the proxy there answers for its domains too
  portolan app logs web-server-2               each place is an application that follows

From then on a deployment or a rollback of the application is followed there when it serves. A place has
volumes of its own, which begin empty. `portolan app deploy PLACE` deploys it anew by itself.")]
    Add(AddPlaceArgs),
    /// Remove a place with its container; its volumes stay.
    #[command(alias = "delete")]
    Remove {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        /// Where the place is: id, name or network.
        destination: Reference,
        /// Remove its volumes too, with what is in them: that cannot be undone.
        #[arg(long)]
        volumes: bool,
        #[command(flatten)]
        manner: MannerArgs,
    },
}

/// A place to add.
#[derive(Debug, Args)]
pub(crate) struct AddPlaceArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
    pub(crate) app: Reference,
    /// Where it is to be too: id, name or network of a destination of another server.
    pub(crate) destination: Reference,
    /// What to call the place [default: the application's name and the server's].
    #[arg(long)]
    pub(crate) name: Option<ApplicationName>,
    /// Let the proxy there answer for its domains too.
    #[arg(long)]
    pub(crate) routes: bool,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
}
