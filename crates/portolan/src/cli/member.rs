//! `portolan member` as it is typed.

use clap::{ArgGroup, Args, Subcommand};
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
    /// Give a member a right on a server or in a project, instead of the one that they had there.
    #[command(after_help = "Examples:
  portolan member grant dev@example.com --server web-1 use
  portolan member grant ops@example.com --server web-1 manage
  portolan member grant dev@example.com --project shop manage

Rights, each with the ones before it: view sees; use connects, disconnects and moves containers and
leads routes to them; operate makes, changes, verifies, repairs and removes destinations; manage is
the server itself. In a project, manage is its name and its environments. Admins and owners have
all of them everywhere.")]
    Grant {
        #[command(flatten)]
        place: MemberPlace,
        /// view, use, operate or manage.
        right: Right,
    },
    /// Take a member's right on a server or in a project back.
    Revoke(MemberPlace),
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
#[command(group = ArgGroup::new("place").args(["server", "project"]).required(true))]
pub(crate) struct MemberPlace {
    /// Id or e-mail address.
    pub(crate) member: Reference,
    /// A server: id or name.
    #[arg(long)]
    pub(crate) server: Option<Reference>,
    /// A project: id or name.
    #[arg(long)]
    pub(crate) project: Option<Reference>,
}
