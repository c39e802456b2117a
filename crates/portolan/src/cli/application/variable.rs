//! `portolan app env` as it is typed.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use portolan_types::{DatabasePart, Invalid, VariableName, VariableValue};

use crate::find::Reference;

/// What can be done with the environment variables of an application.
#[derive(Debug, Subcommand)]
pub(crate) enum VariableCommand {
    /// List variables; secret ones without their values.
    List {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
    },
    /// Set variables of the next deployment; those that are not named stay.
    #[command(after_help = "Examples:
  portolan app env set web LOG_LEVEL=info WORKERS=4
  portolan app env set web --secret DATABASE_URL     asks for the value
  portolan app env set web --secret TLS_KEY < key.pem
  portolan app env set web --from-file .env
  portolan app env set web --secret --from-file - < secrets.env

Other programs of this machine can read arguments: the value of a secret is none. Without a terminal
the value of one secret is stdin as it is, and of several a line each.")]
    Set(SetVariablesArgs),
    /// Take a variable from a database on the same destination, whenever the application is deployed.
    #[command(after_help = "Examples:
  portolan app env refer web DATABASE_URL --database orders
  portolan app env refer web REDIS_PASSWORD --database cache --part password

Nobody has to see the password.")]
    Refer {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        /// The variable.
        name: VariableName,
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of the database.
        #[arg(long)]
        database: Reference,
        /// What of it.
        #[arg(long, value_name = "url|host|port|user|password|database", default_value_t)]
        part: DatabasePart,
    },
    /// Remove variables from the next deployment.
    Unset {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        /// The variables.
        #[arg(required = true)]
        names: Vec<VariableName>,
    },
}

/// Variables to set.
#[derive(Debug, Args)]
pub(crate) struct SetVariablesArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
    pub(crate) app: Reference,
    /// The variables; of secret ones the names alone.
    #[arg(value_name = "NAME=VALUE", required_unless_present = "from_file")]
    pub(crate) variables: Vec<Assignment>,
    /// Keep the values secret: they never come back.
    #[arg(long)]
    pub(crate) secret: bool,
    /// For builds alone: an argument of the Dockerfile (`ARG`), which the program does not get. A
    /// secret one is no argument: single steps read it (`RUN --mount=type=secret,id=NAME`), or it is for
    /// the login of a repository.
    #[arg(long)]
    pub(crate) build: bool,
    /// File with a variable a line (`.env`); `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
}

/// A variable, and its value where that was typed too.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) name: VariableName,
    pub(crate) value: Option<VariableValue>,
}

impl FromStr for Assignment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.parse()?)),
            None => (text, None),
        };
        Ok(Self { name: name.parse()?, value })
    }
}
