//! Containers on destinations, as they are typed.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;
use portolan_types::{Alias, ContainerName};

use crate::{
    cli::shared::{MannerArgs, WaitArgs},
    find::Reference,
};

/// A container to connect.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Id, name or network of the destination.
    pub(crate) destination: Reference,
    /// Name or whole id of the container.
    pub(crate) container: ContainerName,
    /// Further name on the network; may be given again.
    #[arg(long = "alias", value_name = "NAME")]
    pub(crate) aliases: Vec<Alias>,
    /// IPv4 address that it keeps [default: any free one].
    #[arg(long)]
    pub(crate) address: Option<Ipv4Addr>,
    /// IPv6 address that it keeps [default: any free one].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ipv6_address: Option<Ipv6Addr>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// A container to disconnect.
#[derive(Debug, Args)]
pub(crate) struct DisconnectArgs {
    /// Id, name or network of the destination.
    pub(crate) destination: Reference,
    /// Name or whole id of the container.
    pub(crate) container: ContainerName,
    #[command(flatten)]
    pub(crate) manner: MannerArgs,
}

/// A container to move.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// Name or whole id of the container.
    pub(crate) container: ContainerName,
    /// The destination that it leaves: id, name or network.
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) from: Reference,
    /// The destination on the same server that it joins: id, name or network.
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) to: Reference,
    #[command(flatten)]
    pub(crate) manner: MannerArgs,
}
