//! `portolan project` and `portolan environment` as they are typed.

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{Description, Name};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// List projects.
    List(ListArgs),
    /// Show a project and its environments.
    Show {
        /// Id or name.
        project: Reference,
    },
    /// Make a project, with an environment `production`.
    Create {
        /// What to call it.
        name: Name,
        /// A remark.
        #[arg(long, value_name = "TEXT")]
        description: Option<Description>,
    },
    /// Give a project another name or description.
    Edit(EditProjectArgs),
    /// Delete a project with its environments, when nothing is in them.
    #[command(alias = "remove")]
    Delete {
        /// Id or name.
        project: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// What is to be other than it is.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true).args([
    "name", "description",
]))]
pub(crate) struct EditProjectArgs {
    /// Id or name.
    pub(crate) project: Reference,
    /// What to call it.
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// A remark.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<Description>,
}

/// What can be done with environments.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvironmentCommand {
    /// List environments.
    List {
        /// Only those of this project: id or name.
        #[arg(long)]
        project: Option<Reference>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show an environment.
    Show {
        /// Id, name, or PROJECT/NAME.
        environment: Reference,
    },
    /// Make an environment in a project.
    #[command(after_help = "Examples:
  portolan environment create staging --project shop
  portolan environment create staging --project shop --destination web-1-shop")]
    Create {
        /// What to call it.
        name: Name,
        /// In which project: id or name.
        #[arg(long)]
        project: Reference,
        /// Where what is put into it goes when nothing else is said: id, name or network.
        #[arg(long)]
        destination: Option<Reference>,
    },
    /// Give an environment another name or default destination.
    #[command(after_help = "Examples:
  portolan environment edit shop/staging --destination web-2-shop
  portolan environment edit shop/staging --no-destination")]
    Edit(EditEnvironmentArgs),
    /// Delete an environment, when nothing is in it.
    #[command(alias = "remove")]
    Delete {
        /// Id, name, or PROJECT/NAME.
        environment: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// What is to be other than it is.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true).args([
    "name", "destination", "no_destination",
]))]
pub(crate) struct EditEnvironmentArgs {
    /// Id, name, or PROJECT/NAME.
    pub(crate) environment: Reference,
    /// What to call it.
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// Where what is put into it goes when nothing else is said: id, name or network.
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    /// Have no default destination any more.
    #[arg(long, conflicts_with = "destination")]
    pub(crate) no_destination: bool,
}
