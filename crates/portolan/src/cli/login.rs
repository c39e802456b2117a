//! `portolan login` as it is typed.

use std::path::PathBuf;

use clap::Args;
use portolan_types::Name;

pub(super) const EXAMPLES: &str = "Examples:
  portolan login --setup-token-file /var/lib/portolan/setup-token --email you@example.com
  portolan login --url https://portolan.example.com --token - < token

The first form makes the first owner, once. `-` reads a secret from stdin, which other programs
cannot see. The login is stored in ~/.config/portolan/client.toml, readable by you alone.";

/// How to log in: with the setup token, or with an API token (--token).
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The one-time token that `portolan serve` printed at its first start.
    #[arg(long, value_name = "TOKEN", requires = "email", conflicts_with = "setup_token_file")]
    pub(crate) setup_token: Option<String>,
    /// File with the setup token; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "email")]
    pub(crate) setup_token_file: Option<PathBuf>,
    /// Email address of the first owner.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Name of the first team.
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Option<Name>,
}
