//! `portolan identity` as it is typed.

use clap::Subcommand;

use super::shared::ListArgs;
use crate::find::Reference;

/// What can be done with what one is known by at providers.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// List what you are known by at providers.
    List(ListArgs),
    /// Forget one; the provider does not let you in any more.
    Remove {
        /// Id or issuer.
        identity: Reference,
    },
}
