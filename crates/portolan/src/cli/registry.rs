//! `portolan registry` as it is typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{Name, RegistryHost, RegistryUser};

use super::shared::{ConsentArgs, ListArgs, WaitArgs};
use crate::find::Reference;

/// What can be done with logins of registries.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// List logins of registries.
    List(ListArgs),
    /// Show a login: never its password.
    Show {
        /// Id or name.
        registry: Reference,
    },
    /// Store a login of a registry.
    ///
    /// It is sent for images of that registry, and to no other one. Where the team has a single login
    /// of a registry, it is used without being named.
    #[command(after_help = "Examples:
  portolan registry add ghcr --host ghcr.io --user robot
  pass show registries/ghcr | portolan registry add ghcr --host ghcr.io --user robot --password-file -
  portolan registry add google --host eu.gcr.io --user _json_key --password-file key.json

The password is read from --password-file, or asked for. It is sealed where it is stored, and never
shown again.")]
    Add(AddRegistryArgs),
    /// Change a login. Another host wants its password too.
    #[command(after_help = "Examples:
  portolan registry edit ghcr --new-password
  portolan registry edit ghcr --user robot-2 --password-file new.txt
  portolan registry edit ghcr --rename github")]
    Edit(EditRegistryArgs),
    /// Let the Docker of a server try a login. Exit code 1 when the registry refuses it, or could not
    /// be asked.
    #[command(after_help = "Examples:
  portolan registry check ghcr --server web-1")]
    Check {
        /// Id or name.
        registry: Reference,
        /// From where to try it: id or name.
        #[arg(long, value_name = "SERVER")]
        server: Reference,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Remove a login.
    Remove {
        /// Id or name.
        registry: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// A new login.
#[derive(Debug, Args)]
pub(crate) struct AddRegistryArgs {
    /// What to call it.
    pub(crate) name: Name,
    /// Where the registry is, as in the names of its images: `docker.io` is Docker Hub.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) host: RegistryHost,
    /// Who logs in.
    #[arg(long, value_name = "USER")]
    pub(crate) user: RegistryUser,
    /// File with the password or token; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// What is to be otherwise.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true).args([
    "rename", "host", "user", "password_file", "new_password",
]))]
pub(crate) struct EditRegistryArgs {
    /// Id or name.
    pub(crate) registry: Reference,
    /// What to call it.
    #[arg(long, value_name = "NAME")]
    pub(crate) rename: Option<Name>,
    /// Where the registry is. Its password is asked for, unless it is in --password-file.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) host: Option<RegistryHost>,
    /// Who logs in.
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<RegistryUser>,
    /// File with the new password or token; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Ask for a new password.
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) new_password: bool,
}
