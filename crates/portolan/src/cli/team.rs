//! `portolan team` as it is typed.

use clap::Subcommand;
use portolan_types::Name;

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with teams.
#[derive(Debug, Subcommand)]
pub(crate) enum TeamCommand {
    /// List the teams that you are in.
    List(ListArgs),
    /// Show the team that you act in.
    Show,
    /// Make a team that you own.
    Create {
        /// What to call it.
        name: Name,
    },
    /// Give the team that you act in another name.
    Rename {
        /// The new name.
        new: Name,
    },
    /// Act in another of your teams from now on.
    ///
    /// A token is of one team: this needs a login with a password.
    Switch {
        /// Id or name.
        team: Reference,
    },
    /// End your membership in the team that you act in.
    Leave {
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Delete a team that you own and that is empty.
    ///
    /// There must be no server, destination, key, certificate, notifier, project or other member left
    /// in it. Its settings, invitations, tokens and events go with it.
    Delete {
        /// Id or name.
        team: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Make a member the owner; you become an admin.
    Transfer {
        /// Id or e-mail address.
        member: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}
