//! `portolan audit` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::{AuditHash, AuditOutcome, KindPrefix, UserId, id::SubjectId};

use super::{
    event::Moment,
    shared::{HostArgs, PageArgs},
};

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what people did, the latest first.
    #[command(after_help = "Examples:
  portolan audit list --since 2h
  portolan audit list --outcome refused
  portolan audit list --kind token. --all --json")]
    List {
        #[command(flatten)]
        filter: AuditFilterArgs,
        /// Only those with this text in their subject, kind, message or address.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print all of it, oldest first, one JSON object a line.
    #[command(after_help = "Examples:
  portolan audit export > audit.ndjson
  portolan audit export --since 30d --kind key.")]
    Export(AuditFilterArgs),
    /// Tell whether nobody altered it.
    #[command(
        after_help = "Follows the chain from its beginning and names the first place at which it does not hold.
Who cuts off its end can be found only by what was noted earlier: keep the count and the hash that
this prints where whoever can write to the database cannot reach them.

With --data-dir, --database-url or --config it reads the database of this host itself, whether
`portolan serve` runs or not. Exit code 1 when the chain does not hold.

Examples:
  portolan audit verify
  portolan audit verify --count 1204 --head 5e88...42d8
  portolan audit verify --data-dir /var/lib/portolan"
    )]
    Verify(VerifyAuditArgs),
}

/// Which entries are wanted.
#[derive(Debug, Args)]
pub(crate) struct AuditFilterArgs {
    /// Only what this person did: the id of a user.
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<UserId>,
    /// Only those about this thing: an id, of removed things too.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<SubjectId>,
    /// Only kinds that begin so, like `server.` or `token.created`.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) kind: Option<KindPrefix>,
    /// Only what ended so.
    #[arg(long, value_name = "done|refused")]
    pub(crate) outcome: Option<AuditOutcome>,
    /// Not before: a moment (RFC 3339), or how long ago (30s, 5m, 2h, 3d).
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<Moment>,
    /// Before: a moment, or how long ago.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<Moment>,
}

/// What is known of the chain, and where it is.
#[derive(Debug, Args)]
pub(crate) struct VerifyAuditArgs {
    /// How many entries there were.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// The hash of the last of them.
    #[arg(long, value_name = "HASH", requires = "count")]
    pub(crate) head: Option<AuditHash>,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}
