//! `portolan addresses` as it is typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{ReservedRange, SubnetPool};

use crate::find::Reference;

/// What can be done with addresses.
#[derive(Debug, Subcommand)]
pub(crate) enum AddressesCommand {
    /// Show the plan and what is left of it; of one server, network by network.
    #[command(after_help = "Examples:
  portolan addresses show
  portolan addresses show --server web-1
  portolan addresses show --json | jq -r '.servers[] | select(.ipv4.free < 100).server_name'")]
    Show {
        /// Only this server: id or name.
        #[arg(long)]
        server: Option<Reference>,
    },
    /// Change the plan; what is not named stays, and so do networks that are there already.
    #[command(after_help = "Examples:
  portolan addresses set --pool 10.64.0.0/12:24
  portolan addresses set --pool 10.64.0.0/14:24 --pool 172.20.0.0/16:26
  portolan addresses set --reserve 10.8.0.0/16=vpn --reserve 192.168.1.0/24=office
  portolan addresses set --across-fleet true")]
    Set(SetAddressesArgs),
    /// Draw a map of the addresses (SVG).
    #[command(after_help = "Examples:
  portolan addresses chart --output plan.svg
  portolan addresses chart --server web-1 > web-1.svg")]
    Chart {
        /// Only this server: id or name.
        #[arg(long)]
        server: Option<Reference>,
        /// File to write, instead of printing.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// What to change of the plan.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("plan").multiple(true).required(true).args([
    "pools", "default_pools", "reserved", "no_reserved", "across_fleet",
]))]
pub(crate) struct SetAddressesArgs {
    /// Range from which subnets are taken, and their prefix length; may be given again, and takes
    /// the place of all pools before.
    #[arg(long = "pool", value_name = "RANGE:SIZE")]
    pub(crate) pools: Vec<SubnetPool>,
    /// Go back to the pool that Portolan comes with.
    #[arg(long, conflicts_with = "pools")]
    pub(crate) default_pools: bool,
    /// Range that no subnet may overlap, and what it is for; may be given again, and takes the
    /// place of all before.
    #[arg(long = "reserve", value_name = "RANGE=NOTE")]
    pub(crate) reserved: Vec<ReservedRange>,
    /// Reserve nothing any more.
    #[arg(long, conflicts_with = "reserved")]
    pub(crate) no_reserved: bool,
    /// Use each subnet once in the fleet, rather than once on each server.
    #[arg(long, value_name = "true|false")]
    pub(crate) across_fleet: Option<bool>,
}
