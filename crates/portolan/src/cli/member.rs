//! `portolan member` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::{Right, Role};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List who is in the team, with their roles and rights.
    List(ListArgs),
    /// Give a member another role.
    Role {
        /// Id or e-mail address.
        member: Reference,
        /// owner, admin or member.
        role: Role,
    },
    /// Give a member a right on a server, instead of the one that they had there.
    #[command(after_help = "Examples:
  portolan member grant dev@example.com --server web-1 use
  portolan member grant ops@example.com --server web-1 manage

Rights, each with the ones before it: view sees; use connects, disconnects and moves containers and
leads routes to them; operate makes, changes, verifies, repairs and removes destinations; manage is
the server itself. Admins and owners have all of them everywhere.")]
    Grant {
        #[command(flatten)]
        place: MemberOnServer,
        /// view, use, operate or manage.
        right: Right,
    },
    /// Take a member's right on a server back.
    Revoke(MemberOnServer),
    /// Remove a member; their tokens of this team end at once.
    Remove {
        /// Id or e-mail address.
        member: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// Whose right, and where.
#[derive(Debug, Args)]
pub(crate) struct MemberOnServer {
    /// Id or e-mail address.
    pub(crate) member: Reference,
    /// Id or name.
    #[arg(long)]
    pub(crate) server: Reference,
}
