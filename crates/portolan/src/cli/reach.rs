//! `portolan reach` as it is typed.

use std::num::NonZeroU16;

use clap::Args;
use portolan_types::ReachName;

use super::shared::WaitArgs;

/// Two ends, and whether the way between them is to be tried.
#[derive(Debug, Args)]
pub(crate) struct ReachArgs {
    /// `SERVER:CONTAINER`, a container's name or id, or a destination.
    pub(crate) from: ReachName,
    /// The same.
    pub(crate) to: ReachName,
    /// Try it with a probe on the host.
    #[arg(long)]
    pub(crate) prove: bool,
    /// The TCP port to try [default: the lowest one at which the other end listens].
    #[arg(long, requires = "prove")]
    pub(crate) port: Option<NonZeroU16>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}
