//! `portolan drift` as it is typed.

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{DriftId, DriftKind, DriftPolicyChoice};

use super::shared::{ListArgs, WaitArgs};
use crate::find::Reference;

/// What can be done with differences.
#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// List found differences, the latest first.
    #[command(after_help = "Examples:
  portolan drift list --open
  portolan drift list --server web-1 --kind missing
  portolan drift list --json --all | jq '[.items[].duration_ms] | max'")]
    List(ListDriftsArgs),
    /// Show a difference: what was there, what was found, why, and what became of it.
    Show {
        /// Id.
        id: DriftId,
    },
    /// Repair a difference, whatever its policy.
    ///
    /// What was repaired too often, and is left to people since, is repaired by itself again from
    /// then on.
    Heal {
        /// Id.
        id: DriftId,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Leave a difference as it is; it is not told again while it stays the same.
    Dismiss {
        /// Id.
        id: DriftId,
    },
    /// What is done about differences: heal, ask or tell.
    #[command(subcommand)]
    Policy(DriftPolicyCommand),
}

/// Which differences.
#[derive(Debug, Args)]
pub(crate) struct ListDriftsArgs {
    /// Only those that stand, and that nobody dismissed.
    #[arg(long)]
    pub(crate) open: bool,
    /// Only those on this server: id or name.
    #[arg(long)]
    pub(crate) server: Option<Reference>,
    /// Only those of this destination: id, name or network.
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    /// Only those of this kind: missing, recreated, options-differ, label-lost, ...
    #[arg(long)]
    pub(crate) kind: Option<DriftKind>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum DriftPolicyCommand {
    /// Show what is done about each kind of difference, and where that is said.
    #[command(after_help = "Examples:
  portolan drift policy show
  portolan drift policy show --destination shop")]
    Show {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Say what is done: for the team, a server or a destination. The narrowest counts.
    #[command(after_help = "Examples:
  portolan drift policy set --all ask
  portolan drift policy set --server web-1 --kind recreated=ask
  portolan drift policy set --destination shop --all inherit --kind missing=heal
  portolan drift policy set --destination shop-db --kind unexpected-member=ask

Who joins a destination without being connected through Portolan is looked for only where
unexpected-member is named; it alone can be `ignore`. A route-dark is only told: what people run is
not Portolan's to start.

What waits for a person there is decided anew.")]
    Set(SetDriftPolicyArgs),
}

/// For what a policy is said.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// For this server: id or name.
    #[arg(long, conflicts_with = "destination")]
    pub(crate) server: Option<Reference>,
    /// For this destination: id, name or network.
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
}

/// What is said.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("said").multiple(true).required(true).args(["all", "kinds"]))]
pub(crate) struct SetDriftPolicyArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// For every kind that is not named, but for unexpected-member: heal, ask, tell or inherit.
    #[arg(long, value_name = "POLICY")]
    pub(crate) all: Option<DriftPolicyChoice>,
    /// For one kind; may be given again. Kinds: missing, recreated, options-differ, label-lost,
    /// attachment-lost, proxy-down, unexpected-member, route-dark.
    #[arg(long = "kind", value_name = "KIND=POLICY", value_parser = rule)]
    pub(crate) kinds: Vec<(DriftKind, DriftPolicyChoice)>,
}

fn rule(text: &str) -> Result<(DriftKind, DriftPolicyChoice), String> {
    let (kind, policy) = text.split_once('=').ok_or("write it as KIND=POLICY")?;
    let kind = kind.parse().map_err(|invalid: portolan_types::Invalid| invalid.to_string())?;
    let policy = policy.parse().map_err(|invalid: portolan_types::Invalid| invalid.to_string())?;
    Ok((kind, policy))
}
