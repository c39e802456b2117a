//! `portolan app hook` as it is typed.

use clap::Subcommand;

use crate::{cli::shared::ConsentArgs, find::Reference};

/// What can be done with the hook of an application.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Show where it is called, and what came of the latest call.
    Show {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
    },
    /// Make one, in the place of the one before; its secret is shown once.
    #[command(
        after_help = "Give address and secret to the repository's host as a webhook for pushes, \
with JSON as the
content: GitHub, GitLab, Gitea and Forgejo are understood. It deploys with a token of yours.

A program of your own shows the secret:
  curl -X POST -H \"Authorization: Bearer $SECRET\" https://portolan.example.com/v1/hooks/ID"
    )]
    Create {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
    },
    /// Remove it: pushes deploy no more.
    Remove {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME of an application.
        app: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}
