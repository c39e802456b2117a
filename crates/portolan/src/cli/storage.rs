//! `portolan storage` as it is typed.

use clap::Subcommand;
use portolan_types::{Invalid, Name, StorageKind};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with storages.
#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// List storages.
    List(ListArgs),
    /// Show a storage, and how much is in it.
    Show {
        /// Id or name.
        storage: Reference,
    },
    /// Make a storage for backups of databases.
    #[command(after_help = "Examples:
  portolan storage add cellar --kind disk         a folder of the control plane's data directory")]
    Add {
        /// What to call it.
        name: Name,
        /// What it is: `disk`.
        #[arg(long, value_parser = kind)]
        kind: StorageKind,
    },
    /// Give a storage another name.
    Edit {
        /// Id or name.
        storage: Reference,
        /// What to call it.
        #[arg(long, value_name = "NAME")]
        rename: Name,
    },
    /// Remove a storage in which there are no backups.
    Remove {
        /// Id or name.
        storage: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

fn kind(text: &str) -> Result<StorageKind, Invalid> {
    text.parse()
}
