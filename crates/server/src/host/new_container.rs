//! Containers as they are asked for: only what Portolan asks for, in words that cannot be misread.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use super::Endpoint;

/// A container to be made; it does not run until it is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContainer {
    pub name: String,
    /// A reference, or an image's id. It must be on the host.
    pub image: String,
    /// Instead of the image's own.
    pub entrypoint: Option<Vec<String>>,
    /// Arguments; none are the image's own.
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// Instead of the image's own: a name, or numbers (`1000:1000`).
    pub user: Option<String>,
    /// Instead of the image's own.
    pub working_dir: Option<String>,
    /// Instead of the beginning of its id.
    pub hostname: Option<String>,
    /// Whether the engine puts a process of its own before the program.
    pub init: bool,
    /// By which it is asked to end, instead of the image's own.
    pub stop_signal: Option<String>,
    pub network: NetworkMode,
    /// `options` of its resolv.conf: `timeout:1`, ...
    pub resolver_options: Vec<String>,
    pub ports: Vec<PublishedPort>,
    pub mounts: Vec<Mount>,
    pub restart: RestartPolicy,
    /// Instead of the image's own.
    pub health: Option<HealthProbe>,
    pub privileges: Privileges,
    pub limits: Limits,
    pub afterwards: Afterwards,
    /// How long it may take to end after it was asked to.
    pub stop_timeout: Option<Duration>,
}

/// What a container sees of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NetworkMode {
    /// The loopback interface alone.
    #[default]
    None,
    /// The host's own network.
    Host,
    /// The network of another container, by Docker id.
    Container(String),
    /// Networks of the engine: the first is the one that it is made with.
    Networks(Vec<Place>),
}

/// A place on a network, by its name or whole Docker id. A container that is told a name finds the
/// network again that was made anew under it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub network: String,
    pub endpoint: Endpoint,
}

/// A port of the host that leads into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedPort {
    pub protocol: Protocol,
    /// Inside.
    pub container: u16,
    /// Outside.
    pub host: u16,
    /// One address of the host; all of them without.
    pub address: Option<IpAddr>,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
}

impl Protocol {
    /// Docker's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Something from outside that is seen inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub source: MountSource,
    /// The path inside.
    pub target: String,
    pub access: MountAccess,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A volume by name: made where it is not there.
    Volume(String),
    /// A path of the host that is there.
    Bind(String),
    /// Memory, and nothing in it at first.
    Memory(Memory),
}

/// Memory that is mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// The most that is in it.
    pub bytes: Option<u64>,
    /// As `chmod` takes it.
    pub mode: Option<u32>,
}

impl Memory {
    /// At most so many bytes.
    pub const fn of(bytes: u64) -> Self {
        Self { bytes: Some(bytes), mode: None }
    }
}

/// What may be done with a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountAccess {
    ReadWrite,
    ReadOnly,
}

/// When the engine starts a container by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    #[default]
    Never,
    /// When its program ended with another code than 0.
    OnFailure,
    /// Whenever it ends, and with the engine, unless it was stopped on purpose.
    UnlessStopped,
}

/// A program that the engine runs in a container now and then, to see whether it is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthProbe {
    pub command: Vec<String>,
    pub interval: Duration,
    pub timeout: Duration,
    /// How long failures do not count after the start.
    pub start_period: Duration,
    /// How many failures in a row make it unhealthy.
    pub retries: u8,
}

/// What becomes of a container when its program has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Afterwards {
    #[default]
    Stays,
    /// The engine removes it by itself.
    Removed,
}

/// What a container may do to its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    pub capabilities: Capabilities,
    pub root: RootFilesystem,
    pub gaining: Gaining,
}

/// Whether a program can gain more than it was started with, as by `setuid`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gaining {
    #[default]
    Allowed,
    Never,
}

/// Kernel capabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Capabilities {
    /// Those that the engine gives to every container.
    #[default]
    OfEngine,
    /// These and no others: `NET_BIND_SERVICE`, ...
    Only(Vec<String>),
}

/// Whether programs in a container can write outside its mounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RootFilesystem {
    #[default]
    Writable,
    ReadOnly,
}

/// What a container may use; nothing is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: Option<u64>,
    /// Thousandths of a processor.
    pub millicpus: Option<u64>,
    pub processes: Option<u32>,
}
