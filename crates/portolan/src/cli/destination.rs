//! `portolan destination` as it is typed.

use std::net::Ipv4Addr;

use clap::{Args, Subcommand};
use ipnet::{Ipv4Net, Ipv6Net};
use portolan_types::{
    DestinationKind, Invalid, Name, NetworkName, NetworkOptions, ProxyAttachment,
};

use super::shared::{ConsentArgs, DryRunArgs, ListArgs, MannerArgs, PageArgs, WaitArgs};
use crate::{commands::destination::Members, find::Reference};

mod container;
mod edit;

pub(crate) use self::{
    container::{ConnectArgs, DisconnectArgs, MoveArgs},
    edit::EditDestinationArgs,
};

/// What can be done with destinations.
#[derive(Debug, Subcommand)]
pub(crate) enum DestinationCommand {
    /// List destinations.
    #[command(after_help = "Examples:
  portolan destination list --server web-1
  portolan destination list --all --json | jq -r '.items[].network'")]
    List {
        /// Only those on this server: id or name.
        #[arg(long)]
        server: Option<Reference>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a destination and what Docker made of it.
    Show {
        /// Id, name or network.
        destination: Reference,
    },
    /// What happened to it and on it, the latest first.
    History {
        /// Id, name or network.
        destination: Reference,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Create a Docker network on a server.
    #[command(after_help = "Examples:
  portolan destination create --server web-1
  portolan destination create --server web-1 --name shop --network shop
  portolan destination create --server web-1 --network lab --subnet 10.20.0.0/24 \\
      --gateway 10.20.0.1 --range 10.20.0.128/25 --label team=lab
  portolan destination create --server web-1 --ipv6 --internal --mtu 1450")]
    Create(Box<CreateDestinationArgs>),
    /// Take networks that are there already as destinations; they are not altered.
    #[command(after_help = "Examples:
  portolan server scan web-1                         what can be adopted
  portolan destination adopt --server web-1 shop_default lab
  portolan destination adopt --server web-1 --all")]
    Adopt {
        /// Where: id or name of a server.
        #[arg(long)]
        server: Reference,
        /// Docker names of the networks.
        #[arg(value_name = "NETWORK", required_unless_present = "all", conflicts_with = "all")]
        networks: Vec<String>,
        /// Every network that can be adopted.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        run: DryRunArgs,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Make an adopted destination Portolan's own: it may then be repaired, changed and removed.
    TakeOver {
        /// Id, name or network.
        destination: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Change the label that people see; the network keeps its name.
    Rename {
        /// Id, name or network.
        destination: Reference,
        /// The new label.
        new: Name,
    },
    /// Change the options of a network in place; what is not named stays.
    #[command(after_help = "Examples:
  portolan destination edit shop --subnet 10.30.0.0/24 --mtu 1400
  portolan destination edit shop --ipv6 true --label team=blue --unlabel old

Docker cannot change a network, so another one takes its place under its name. The containers go
over with their aliases and share a network at all times; if Docker refuses a step, all of it is
taken back.")]
    Edit(Box<EditDestinationArgs>),
    /// List the containers on a destination.
    Containers {
        /// Id, name or network.
        destination: Reference,
    },
    /// Connect a container of the host to a destination.
    #[command(after_help = "Examples:
  portolan destination connect shop legacy-db --alias db
  portolan destination connect shop legacy-db --address 10.20.0.10")]
    Connect(ConnectArgs),
    /// Disconnect a container from a destination.
    Disconnect(DisconnectArgs),
    /// Move a container to another destination of its host, with its aliases.
    #[command(after_help = "Example:
  portolan destination move web --from shop --to blog")]
    Move(MoveArgs),
    /// Prove with probes on the host that a destination is what it should be.
    #[command(
        after_help = "Short-lived containers try what the destination promises: names and connections inside,
no way in from or out to foreign networks, the way out of the host, the proxy and what routes
lead to; in a swarm the way to other nodes, and whether packets are encrypted on it. They need no
image from a registry, and are removed however it ends. Exit code 1 when a check failed.

Of several destinations the outcomes are told in one table, with what failed.

Examples:
  portolan destination verify shop
  portolan destination verify --all --wait 600
  portolan destination verify --all --server web-1
  portolan destination verify shop --json | jq '.result.checks[] | {name, outcome, reason}'"
    )]
    Verify {
        /// Id, name or network; several may be named.
        #[arg(value_name = "DESTINATION", required_unless_present = "all", conflicts_with = "all")]
        destinations: Vec<Reference>,
        /// Every destination.
        #[arg(long)]
        all: bool,
        /// With --all: only those on this server, by id or name.
        #[arg(long, requires = "all")]
        server: Option<Reference>,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// List what was proved of a destination, newest first.
    Verifications {
        /// Id, name or network.
        destination: Reference,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Try again what failed.
    Retry {
        /// Id, name or network.
        destination: Reference,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Remove a destination, and its network if it was created here; an adopted one stays in Docker.
    #[command(after_help = "Examples:
  portolan destination remove shop --dry-run       who is on it, which routes go dark
  portolan destination remove shop --detach        disconnects them first
  portolan destination remove shop --forget        its server is gone for good")]
    Remove(RemoveDestinationArgs),
}

/// A destination to remove.
#[derive(Debug, Args)]
pub(crate) struct RemoveDestinationArgs {
    /// Id, name or network.
    pub(crate) destination: Reference,
    /// Disconnect the containers on it first; they are named before you agree.
    #[arg(long, conflicts_with = "forget")]
    detach: bool,
    /// Only forget it, because its server does not answer: the network stays there.
    #[arg(long)]
    forget: bool,
    #[command(flatten)]
    pub(crate) manner: MannerArgs,
}

impl RemoveDestinationArgs {
    pub(crate) fn members(&self) -> Members {
        match (self.detach, self.forget) {
            (_, true) => Members::Forget,
            (true, false) => Members::Detach,
            (false, false) => Members::IfUnused,
        }
    }
}

/// A destination to create.
#[derive(Debug, Args)]
pub(crate) struct CreateDestinationArgs {
    /// Where: id or name of a server.
    #[arg(long)]
    pub(crate) server: Reference,
    /// The label that people see [default: the server's name and the network's].
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// Name of the Docker network, forever [default: a new random one].
    #[arg(long)]
    pub(crate) network: Option<NetworkName>,
    /// Not a choice: refused when the server implies another.
    #[arg(long, value_name = "standalone|swarm")]
    pub(crate) kind: Option<DestinationKind>,
    /// Whether the server's proxy is to be on it: `never` for networks of databases.
    #[arg(long, value_name = "attach|never", default_value = "attach")]
    pub(crate) proxy: ProxyAttachment,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
    #[command(flatten)]
    options: OptionArgs,
}

/// How the network is made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network options")]
struct OptionArgs {
    /// IPv4 addresses [default: Portolan takes free ones from the address plan, see `portolan
    /// addresses show`].
    #[arg(long, value_name = "CIDR")]
    subnet: Option<Ipv4Net>,
    /// The host's own address in the subnet.
    #[arg(long, value_name = "ADDRESS", requires = "subnet")]
    gateway: Option<Ipv4Addr>,
    /// The part of the subnet from which containers get addresses.
    #[arg(long, value_name = "CIDR", requires = "subnet")]
    range: Option<Ipv4Net>,
    /// Give containers IPv6 addresses too.
    #[arg(long)]
    ipv6: bool,
    /// IPv6 addresses; implies --ipv6 [default: Portolan takes a free /64 of
    /// the team's own range].
    #[arg(long, value_name = "CIDR")]
    ipv6_subnet: Option<Ipv6Net>,
    /// No way in or out, except between members.
    #[arg(long)]
    internal: bool,
    /// Encrypt what travels between the hosts of a swarm.
    #[arg(long)]
    encrypted: bool,
    /// Bytes in the largest packet.
    #[arg(long, value_name = "BYTES")]
    mtu: Option<u16>,
    /// Label on the Docker network; may be given again.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

impl CreateDestinationArgs {
    /// The options of the network, checked against each other.
    pub(crate) fn network_options(&self) -> Result<NetworkOptions, Invalid> {
        let args = &self.options;
        let options = NetworkOptions {
            subnet: args.subnet,
            gateway: args.gateway,
            range: args.range,
            ipv6: args.ipv6 || args.ipv6_subnet.is_some(),
            ipv6_subnet: args.ipv6_subnet,
            internal: args.internal,
            encrypted: args.encrypted,
            mtu: args.mtu,
            labels: args.labels.iter().cloned().collect(),
        };
        options.check().map(|()| options)
    }
}

/// `key=value`; Docker takes `key` alone for an empty value.
fn label(text: &str) -> Result<(String, String), Invalid> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if key.is_empty() {
        return Err(Invalid::new("a label is written `key=value`"));
    }
    Ok((key.to_owned(), value.to_owned()))
}
