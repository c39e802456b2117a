//! `portolan operation` as it is typed.

use clap::Subcommand;
use portolan_types::OperationId;

use super::shared::PageArgs;
use crate::find::Reference;

/// What can be done with operations.
#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// List operations, the latest first.
    List {
        /// Only those on this server: id or name.
        #[arg(long, conflicts_with = "destination")]
        server: Option<Reference>,
        /// Only those on this destination: id, name or network.
        #[arg(long)]
        destination: Option<Reference>,
        /// Only those on this application: id, name, or PROJECT/ENVIRONMENT/NAME.
        #[arg(long, conflicts_with_all = ["server", "destination"])]
        app: Option<Reference>,
        /// Only those on this database: id, name, or PROJECT/ENVIRONMENT/NAME.
        #[arg(long, conflicts_with_all = ["server", "destination", "app"])]
        database: Option<Reference>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show an operation and its steps.
    Show {
        /// Id.
        id: OperationId,
    },
    /// Wait until an operation is over, showing its steps.
    #[command(after_help = "Exit code 0 when it succeeded, 1 when it failed or time was up.")]
    Wait {
        /// Id.
        id: OperationId,
        /// Wait so long.
        #[arg(long, value_name = "SECONDS", default_value_t = 120)]
        wait: u32,
    },
}
