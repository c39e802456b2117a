//! `portolan invite` as it is typed.

use std::str::FromStr;

use clap::{Args, Subcommand};
use portolan_types::{Email, Right, Role, Sees};

use super::shared::ListArgs;
use crate::find::Reference;

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// List the invitations that can still be used.
    List(ListArgs),
    /// Invite somebody and print the secret, once.
    #[command(after_help = "Examples:
  portolan invite create --role member --grant web-1=operate
  portolan invite create --grant web-1=use --sees granted
  portolan invite create --role admin --email ops@example.com --send

Only the secret goes to stdout. Whoever has it can use it, once; with --email only whoever has that
address. Nobody invites above their own role.")]
    Create(CreateInviteArgs),
    /// Take an invitation back.
    Revoke {
        /// Its id.
        invite: Reference,
    },
    /// Use an invitation: as whoever is logged in, or with --email as somebody new.
    #[command(after_help = "Examples:
  portolan invite accept -
  portolan --url https://portolan.example.com invite accept - --email me@example.com
  portolan invite accept - --email me@example.com --password-stdin < secret-and-password

At a terminal the secret and a password to sign in with are asked for. Otherwise they are a line of
stdin each, the password only with --password-stdin: without one the new account has its token alone.")]
    Accept {
        /// The secret; `-` is a line of stdin.
        secret: String,
        /// Makes an account with this address, and logs in with it.
        #[arg(long)]
        email: Option<Email>,
        /// Read the password to sign in with from now on from stdin.
        #[arg(long, requires = "email")]
        password_stdin: bool,
    },
}

/// Whom to invite.
#[derive(Debug, Args)]
pub(crate) struct CreateInviteArgs {
    /// owner, admin or member.
    #[arg(long, default_value = "member")]
    pub(crate) role: Role,
    /// For whom alone it is.
    #[arg(long)]
    pub(crate) email: Option<Email>,
    /// A right on a server that comes with it; may be repeated.
    #[arg(long = "grant", value_name = "SERVER=RIGHT")]
    pub(crate) grants: Vec<Granted>,
    /// A right in a project that comes with it; may be repeated.
    #[arg(long = "project-grant", value_name = "PROJECT=RIGHT")]
    pub(crate) project_grants: Vec<Granted>,
    /// What of the team they will see: team, or granted for the rights that come with it and later
    /// ones.
    #[arg(long, default_value = "team")]
    pub(crate) sees: Sees,
    /// Days until it ends [default: 7].
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=30))]
    pub(crate) expires_in_days: Option<u16>,
    /// Send it there, by the mail server of the control plane.
    #[arg(long, requires = "email")]
    pub(crate) send: bool,
}

/// `SERVER=RIGHT` or `PROJECT=RIGHT`.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub(crate) on: Reference,
    pub(crate) right: Right,
}

impl FromStr for Granted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (on, right) =
            text.rsplit_once('=').ok_or("a right is written `NAME=RIGHT`, as `web-1=use`")?;
        let right =
            right.parse().map_err(|invalid: portolan_types::Invalid| invalid.to_string())?;
        let Ok(on) = on.parse();
        Ok(Self { on, right })
    }
}
