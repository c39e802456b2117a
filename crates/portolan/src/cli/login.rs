//! `portolan login` as it is typed.

use std::path::PathBuf;

use clap::Args;
use portolan_types::{Name, ProviderName};

pub(super) const EXAMPLES: &str = "Examples:
  portolan login --email you@example.com
  pass show portolan | portolan login --email you@example.com --password-stdin
  portolan login --setup-token-file /var/lib/portolan/setup-token --email you@example.com
  portolan login --url https://portolan.example.com --sso
  portolan login --url https://portolan.example.com --token - < token

The password is asked for, and the code of an authenticator when one is set up. With --sso a browser
asks the provider who you are, and you paste the address at which it ends. A setup token makes the
first owner, once. `-` reads a secret from stdin, which other programs cannot see. The login is
stored in ~/.config/portolan/client.toml, readable by you alone.";

/// How to log in: with a password, through a provider, with the setup token, or with an API token
/// (--token).
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The one-time token that `portolan serve` printed at its first start.
    #[arg(long, value_name = "TOKEN", requires = "email", conflicts_with = "setup_token_file")]
    pub(crate) setup_token: Option<String>,
    /// File with the setup token; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "email")]
    pub(crate) setup_token_file: Option<PathBuf>,
    /// Log in through a provider of OpenID Connect: the one of this name, or the only one.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["email", "setup_token", "setup_token_file"]
    )]
    #[expect(clippy::option_option, reason = "a flag that may have a value")]
    pub(crate) sso: Option<Option<ProviderName>>,
    /// Your email address; with a setup token, that of the first owner.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Name of the first team.
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Option<Name>,
    /// Read the password from stdin. With a setup token it is the one to sign in with from now on.
    #[arg(long, requires = "email")]
    pub(crate) password_stdin: bool,
    /// Six digits of your authenticator, or a recovery code; asked for when it is needed.
    ///
    /// Other programs of this machine can read flags: codes are good once, so it does little harm.
    #[arg(long, value_name = "CODE", requires = "email")]
    pub(crate) code: Option<String>,
}
