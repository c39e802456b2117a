//! `portolan passkey` as it is typed.

use clap::Subcommand;
use portolan_types::Name;

use super::shared::ListArgs;
use crate::find::Reference;

/// What can be done with one's own passkeys.
#[derive(Debug, Subcommand)]
pub(crate) enum PasskeyCommand {
    /// List your passkeys.
    List(ListArgs),
    /// Give one another name.
    Rename {
        /// Id or name.
        passkey: Reference,
        /// Its new name.
        new: Name,
    },
    /// Remove one; whoever holds it is not let in by it any more.
    Remove {
        /// Id or name.
        passkey: Reference,
    },
}
