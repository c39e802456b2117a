//! `portolan session` as it is typed.

use clap::Subcommand;
use portolan_types::SessionId;

use super::shared::ListArgs;

/// What can be done with one's own sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List where you are signed in.
    List(ListArgs),
    /// End a session; whatever uses it is locked out at once.
    #[command(after_help = "Examples:
  portolan session revoke kz4a98xxat96iws9zmbrgj3d
  portolan session revoke --others")]
    Revoke {
        /// Id of the session.
        #[arg(required_unless_present = "others", conflicts_with = "others")]
        id: Option<SessionId>,
        /// End all but the one that asks.
        #[arg(long)]
        others: bool,
    },
}
