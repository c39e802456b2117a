//! `portolan reconcile` as it is typed.

use clap::Subcommand;

use crate::find::Reference;

/// What can be asked of the background work.
#[derive(Debug, Subcommand)]
pub(crate) enum ReconcileCommand {
    /// Show each background task: when it last ran and how long it took, when it runs again, what
    /// it failed with last, and how often.
    ///
    /// The numbers begin with the process. With a server, part by part.
    #[command(after_help = "Examples:
  portolan reconcile status
  portolan reconcile status --server web-1
  portolan reconcile status --json | jq '.tasks[] | select(.connected_since == null)'")]
    Status {
        /// Only the keeper of this server: id or name.
        #[arg(long)]
        server: Option<Reference>,
    },
}
