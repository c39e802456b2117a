//! `portolan secrets` as it is typed.

use clap::{Args, Subcommand};

use super::shared::HostArgs;

/// What can be done with what seals secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Show which data keys seal the stored secrets, and how many each; never a key.
    Show,
    /// Seal all stored secrets anew with a new data key; or replace the master key.
    #[command(
        after_help = "Without --master-key the control plane makes a new data key and seals everything anew in the
background, through restarts too; older data keys are dropped some minutes after it.

With --master-key it works on this host, while `portolan serve` is stopped: the file of the master
key gets a new one. Ended in the middle, it goes on when it is run again. Where PORTOLAN_MASTER_KEY
gives the master key, the next one is taken from PORTOLAN_NEW_MASTER_KEY, and the old one opens
everything until the control plane was started with the new one.

Backups that were made before hold the master key of their time.

Examples:
  portolan secrets rotate
  portolan secrets rotate --master-key --data-dir /var/lib/portolan"
    )]
    Rotate(RotateSecretsArgs),
}

/// Which keys are replaced.
#[derive(Debug, Args)]
pub(crate) struct RotateSecretsArgs {
    /// Replace the master key of the installation on this host.
    #[arg(long)]
    pub(crate) master_key: bool,
    /// Return as soon as the work is accepted.
    #[arg(long, conflicts_with = "master_key")]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}
