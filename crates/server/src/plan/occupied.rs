//! What a subnet has to keep clear of, and why.

use std::fmt;

use ipnet::IpNet;
use portolan_types::RangeKind;

/// A range that is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupied {
    pub range: IpNet,
    pub by: By,
}

/// By what. The names are free text, a host's or a user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    Destination {
        name: String,
        network: String,
    },
    Network {
        name: String,
    },
    OtherServer {
        server: String,
        destination: String,
    },
    /// By a destination of a server that whoever asks does not see.
    Unseen,
    Reserved {
        note: String,
    },
    Route,
    EnginePool,
    Refused,
}

impl By {
    /// The kind, for programs.
    pub const fn kind(&self) -> RangeKind {
        match self {
            Self::Destination { .. } => RangeKind::Destination,
            Self::Network { .. } => RangeKind::Network,
            Self::OtherServer { .. } | Self::Unseen => RangeKind::OtherServer,
            Self::Reserved { .. } => RangeKind::Reserved,
            Self::Route => RangeKind::Route,
            Self::EnginePool => RangeKind::EnginePool,
            Self::Refused => RangeKind::Refused,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destination { name, network } if name == network => {
                write!(f, "destination `{name}`")
            }
            Self::Destination { name, network } => {
                write!(f, "destination `{name}` (network `{network}`)")
            }
            Self::Network { name } => write!(f, "network `{name}`"),
            Self::OtherServer { server, destination } => {
                write!(f, "destination `{destination}` of server `{server}`")
            }
            Self::Unseen => f.write_str("a destination of another server"),
            Self::Reserved { note } => write!(f, "the reserved range `{note}`"),
            Self::Route => f.write_str("a route of the host"),
            Self::EnginePool => f.write_str("a pool of the engine"),
            Self::Refused => f.write_str("something that Docker did not name"),
        }
    }
}

impl fmt::Display for Occupied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.by, self.range)
    }
}
