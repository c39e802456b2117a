//! `portolan key` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use portolan_types::Name;

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List keys.
    List(ListArgs),
    /// Show a key: never its private part.
    #[command(after_help = "Examples:
  portolan key show deploy
  portolan key show deploy --public | ssh root@web-1 'cat >> ~/.ssh/authorized_keys'")]
    Show {
        /// Id or name.
        key: Reference,
        /// Print only the line for `authorized_keys`.
        #[arg(long, conflicts_with = "json")]
        public: bool,
    },
    /// Store a private key, or make a new one.
    #[command(after_help = "Examples:
  portolan key create --name deploy
  portolan key create --from-file ~/.ssh/id_ed25519
  pass show ssh/deploy | portolan key create --name deploy --from-file -

Without --from-file a new ed25519 key is made. A passphrase is read from --passphrase-file, from
PORTOLAN_PASSPHRASE, or asked for; it is not kept.")]
    Create(CreateKeyArgs),
    /// Rename a key.
    Rename {
        /// Id or name.
        key: Reference,
        /// The new name.
        new: Name,
    },
    /// Remove a key that no server uses.
    Remove {
        /// Id or name.
        key: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// A key to store or to make.
#[derive(Debug, Args)]
pub(crate) struct CreateKeyArgs {
    /// What to call it [default: the file's name, or `key-` and the date].
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// Private key in OpenSSH or PEM form; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
    /// File with the passphrase of the private key; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "from_file")]
    pub(crate) passphrase_file: Option<PathBuf>,
}
