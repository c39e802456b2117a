//! `portolan token` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::{Abilities, Name, TokenAddresses};

use super::shared::ListArgs;
use crate::find::Reference;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List tokens; their secrets cannot be shown again.
    List(ListArgs),
    /// Create a token and print its secret, once.
    #[command(after_help = "Examples:
  portolan token create ci --abilities read,deploy --expires-in-days 30
  portolan token create laptop --abilities owner | pass insert -e portolan

Abilities: read, write, deploy, owner. Only the secret goes to stdout.")]
    Create(CreateTokenArgs),
    /// Rename a token, or narrow it: it never gets more than it has.
    #[command(after_help = "Examples:
  portolan token edit ci --abilities read
  portolan token edit ci --address 192.0.2.0/24,2001:db8::/32")]
    Edit(EditTokenArgs),
    /// End a token; whatever uses it is locked out at once.
    Revoke {
        /// Id or name.
        // `token` is the global flag's.
        #[arg(value_name = "TOKEN")]
        wanted: Reference,
    },
}

/// A token to create.
#[derive(Debug, Args)]
pub(crate) struct CreateTokenArgs {
    /// What it is for.
    pub(crate) name: Name,
    /// What it may be used for, with commas between.
    #[arg(long, value_name = "read,write,deploy,owner")]
    pub(crate) abilities: Abilities,
    /// Days until it ends [default: 90].
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) expires_in_days: Option<u16>,
    /// From where it may be used [default: anywhere].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    pub(crate) address: Option<TokenAddresses>,
}

/// What a token is to be.
#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["name", "abilities", "expires_in_days", "address"])]
pub(crate) struct EditTokenArgs {
    /// Id or name.
    // `token` is the global flag's.
    #[arg(value_name = "TOKEN")]
    pub(crate) wanted: Reference,
    /// Its new name.
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// What it may be used for: some of what it may.
    #[arg(long, value_name = "read,write,deploy,owner")]
    pub(crate) abilities: Option<Abilities>,
    /// Days from now until it ends: sooner than it would.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) expires_in_days: Option<u16>,
    /// From where it may be used: within what it has.
    #[arg(long, value_name = "CIDR[,CIDR]")]
    pub(crate) address: Option<TokenAddresses>,
}
