//! `portolan member` as it is typed.

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{Right, Role, Sees};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List who is in the team, with their roles and rights, and what they see.
    List(ListArgs),
    /// Give a member another role.
    Role {
        /// Id or e-mail address.
        member: Reference,
        /// owner, admin or member.
        role: Role,
    },
    /// Say what of the team a member sees.
    #[command(after_help = "Examples:
  portolan member sees dev@example.com granted
  portolan member sees dev@example.com team

team is everything; granted is the servers and projects on which they have a right, and what is on
those. For somebody who sees only those, the rest does not exist, nor do keys, certificates and
notifiers. Admins and owners see everything.")]
    Sees {
        /// Id or e-mail address.
        member: Reference,
        /// team or granted.
        sees: Sees,
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
