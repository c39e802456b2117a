//! `portolan backup` and `portolan restore` as they are typed.

use std::path::PathBuf;

use clap::Args;

use super::serve::ConfigArgs;

pub(super) const BACKUP_EXAMPLES: &str = "Everything that Portolan knows goes into one file that \
only the passphrase opens, the master key
included. It is read at one moment while `portolan serve` goes on, and proved: the file is opened,
restored into a database that is thrown away, and compared. Takes the settings of `portolan serve`.

Examples:
  portolan backup --to portolan-monday.backup --passphrase-file /root/backup-passphrase
  pass show portolan | portolan backup --to /mnt/backups/monday.backup --passphrase-file -";

pub(super) const RESTORE_EXAMPLES: &str =
    "Restores into an installation that is not there yet, on \
SQLite or PostgreSQL, whichever the
backup was made of. A backup of an older Portolan is brought up to date.

Examples:
  portolan restore portolan-monday.backup --data-dir /srv/portolan
  portolan restore monday.backup --database-url postgres://portolan@db/portolan";

/// What goes into a backup, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; one that is there already is left alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// The passphrase, at least 12 characters, in a file or from stdin (-); asked for otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Leave the master key out: without it the stored keys cannot be opened again.
    #[arg(long)]
    pub(crate) without_master_key: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// What is restored, and where.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// The passphrase, in a file or from stdin (-); asked for otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
