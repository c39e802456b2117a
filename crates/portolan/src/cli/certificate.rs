//! `portolan certificate` as it is typed.

use std::path::PathBuf;

use clap::Subcommand;
use portolan_types::Name;

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// List certificates, and when they end.
    List(ListArgs),
    /// Show a certificate: never its private key.
    Show {
        /// Id or name.
        certificate: Reference,
    },
    /// Store a certificate; it serves every route whose host it names.
    #[command(after_help = "Examples:
  portolan certificate add wildcard --chain fullchain.pem --key privkey.pem
  pass show tls/wildcard | portolan certificate add wildcard --chain fullchain.pem --key -

To renew one, add the new one under another name, then remove the old one.")]
    Add {
        /// What to call it.
        name: Name,
        /// PEM: the certificate first, then those between it and its authority.
        #[arg(long, value_name = "FILE")]
        chain: PathBuf,
        /// PEM of its private key, without passphrase; `-` is stdin.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Remove a certificate; routes it served take theirs from where their proxy takes them.
    Remove {
        /// Id or name.
        certificate: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}
