//! `portolan server` as it is typed.

use std::num::NonZeroU16;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{
    Description, Invalid, Name, ProxyKind, SubnetPool, TerminalSwitch,
    server::{Account, DEFAULT_SOCKET, Fingerprint, HostName},
};

use super::shared::{ConsentArgs, DryRunArgs, ListArgs, PageArgs, WaitArgs};
use crate::find::Reference;

/// What can be done with servers.
#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// List servers.
    List(ListArgs),
    /// Show a server and what was learned of it.
    Show {
        /// Id or name.
        server: Reference,
    },
    /// What happened to it and on it, the latest first.
    History {
        /// Id or name.
        server: Reference,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Add a Docker host and validate it.
    #[command(after_help = "Examples:
  portolan server add here --local
  portolan server add web-1 --host 192.0.2.10 --key deploy
  portolan server add db-1 --host db-1.example.com --user admin --key deploy \\
      --host-key SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM")]
    Add(Box<AddServerArgs>),
    /// Change a server; what is not named stays.
    #[command(after_help = "Examples:
  portolan server edit web-1 --name web-old --description 'to be retired'
  portolan server edit web-1 --host 192.0.2.11
  portolan server edit web-1 --pool 172.20.0.0/16:26

A changed connection is validated anew.")]
    Edit(Box<EditServerArgs>),
    /// Connect to a server and look at it again.
    Validate {
        /// Id or name.
        server: Reference,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// List the networks of a server as they are now, and which can be adopted.
    Scan {
        /// Id or name.
        server: Reference,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Accept another SSH host key, after checking it on the host itself.
    #[command(after_help = "Examples:
  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub    on the host itself
  portolan server repin web-1 --fingerprint SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM")]
    Repin {
        /// Id or name.
        server: Reference,
        /// What `ssh-keygen -lf` prints on the host.
        #[arg(long, value_name = "SHA256:...")]
        fingerprint: Fingerprint,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Open a shell on a server's host, in this terminal.
    #[command(
        after_help = "The shell is one of the account that Portolan logs in as. It takes an admin who signed in
(`portolan login --email`); no token opens one. It ends with `exit`, or at the beginning of a line
with ~ and a dot. The exit status is the shell's.

What the host sends reaches this terminal as it is, as with ssh: a host that means harm can do to
it what its control sequences can."
    )]
    Terminal {
        /// Id or name.
        server: Reference,
    },
    /// Remove a server that has no destinations.
    Remove {
        /// Id or name.
        server: Reference,
        /// Remove it with its destinations although its host does not answer; their networks stay
        /// on the host.
        #[arg(long)]
        forget: bool,
        #[command(flatten)]
        run: DryRunArgs,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// The proxy of a new server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) Option<ProxyKind>);

fn proxy(text: &str) -> Result<Wanted, Invalid> {
    if text == "none" { Ok(Wanted(None)) } else { text.parse().map(|kind| Wanted(Some(kind))) }
}

/// A server to add.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("way").args(["local", "host"]).required(true))]
pub(crate) struct AddServerArgs {
    /// What to call it.
    pub(crate) name: Name,
    /// The engine on the machine that the control plane runs on.
    #[arg(long)]
    pub(crate) local: bool,
    /// Path of its socket.
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET, conflicts_with = "host")]
    pub(crate) socket: String,
    /// DNS name or address of a host, reached over SSH.
    #[arg(long, requires = "key")]
    pub(crate) host: Option<HostName>,
    /// SSH port.
    #[arg(long, default_value = "22", conflicts_with = "local")]
    pub(crate) port: NonZeroU16,
    /// Account to log in as.
    #[arg(long, default_value = "root", conflicts_with = "local")]
    pub(crate) user: Account,
    /// Key to log in with: id or name.
    #[arg(long, conflicts_with = "local")]
    pub(crate) key: Option<Reference>,
    /// Fingerprint that the host must show; without it the first one seen is pinned.
    #[arg(long, value_name = "SHA256:...", conflicts_with = "local")]
    pub(crate) host_key: Option<Fingerprint>,
    /// A remark.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<Description>,
    /// Reserve it for builds: no destinations.
    #[arg(long)]
    pub(crate) build_server: bool,
    /// The proxy that it is to have: caddy, traefik or none.
    #[arg(long, value_name = "KIND", default_value = "none", value_parser = proxy)]
    pub(crate) proxy: Wanted,
    /// Whether terminals may be opened on it.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(crate) terminal: TerminalSwitch,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// What to change of a server.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true).args([
    "name", "description", "host", "port", "user", "key", "socket", "build_server", "pools",
    "default_pools", "terminal",
]))]
pub(crate) struct EditServerArgs {
    /// Id or name.
    pub(crate) server: Reference,
    /// What to call it.
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// A remark.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<Description>,
    /// DNS name or address.
    #[arg(long)]
    pub(crate) host: Option<HostName>,
    /// SSH port.
    #[arg(long)]
    pub(crate) port: Option<NonZeroU16>,
    /// Account to log in as.
    #[arg(long)]
    pub(crate) user: Option<Account>,
    /// Key to log in with: id or name.
    #[arg(long)]
    pub(crate) key: Option<Reference>,
    /// Path of the socket of a local engine.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["host", "port", "user", "key"])]
    pub(crate) socket: Option<String>,
    /// Reserve it for builds, or no longer.
    #[arg(long, value_name = "true|false")]
    pub(crate) build_server: Option<bool>,
    /// Take its subnets from this range instead of the team's pools, with this prefix length; may
    /// be given again.
    #[arg(long = "pool", value_name = "RANGE:SIZE")]
    pub(crate) pools: Vec<SubnetPool>,
    /// Take its subnets from the team's pools again.
    #[arg(long, conflicts_with = "pools")]
    pub(crate) default_pools: bool,
    /// Whether terminals may be opened on it.
    #[arg(long, value_name = "on|off")]
    pub(crate) terminal: Option<TerminalSwitch>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}
