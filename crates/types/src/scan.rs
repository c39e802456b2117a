//! Scanning a server for networks, and adopting what was found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationMoved, Blocker, Check, CommandResult, DestinationId, JobId, JobRunId,
    MovedContainer, MovedService, NetworkName, Reach, ReachProof, Timestamp, text::words,
};

words! {
    /// Who made a network, as far as its labels and its name tell.
    pub enum MakerKind ("maker of a network") {
        /// The engine itself.
        Docker = "docker",
        Portolan = "portolan",
        Compose = "compose",
        SwarmStack = "swarm-stack",
        Coolify = "coolify",
        Dokploy = "dokploy",
        Portainer = "portainer",
        Unknown = "unknown",
    }
}

/// Who made a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Maker {
    pub kind: MakerKind,
    /// The Compose project, the stack or the Portainer resource. Reported by the host: show it as text.
    pub detail: Option<String>,
}

/// Whether a network can become a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Adoptability {
    /// It is one already.
    Destination {
        destination_id: DestinationId,
    },
    Adoptable,
    /// It cannot, and why.
    Refused {
        reason: String,
    },
}

/// A network of a server, as it was at the time of the scan. Its texts come from the host: show
/// them as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Docker's flags, independent of each other"
)]
pub struct ScannedNetwork {
    pub docker_id: String,
    pub name: String,
    pub driver: String,
    /// Docker's word: `local`, `swarm` or `global`.
    pub scope: String,
    /// In CIDR form.
    pub subnets: Vec<String>,
    pub internal: bool,
    pub ipv6: bool,
    pub attachable: bool,
    pub created_at: Option<Timestamp>,
    /// Containers on it, running or not, and services of the swarm.
    pub members: Vec<Blocker>,
    /// Whether a proxy is on it.
    pub proxy: bool,
    pub maker: Maker,
    pub adoptability: Adoptability,
}

/// What `adopt_networks` takes: names, or all that can be adopted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptNetworks {
    /// Docker names of the networks, 100 at most.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub networks: Vec<String>,
    /// Every network that can be adopted.
    #[serde(default)]
    pub all: bool,
}

/// What became of one network that was to be adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptedNetwork {
    pub name: String,
    /// The new destination.
    pub destination_id: Option<DestinationId>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// What an operation found or made, besides its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OperationResult {
    Scan {
        networks: Vec<ScannedNetwork>,
    },
    Adoption {
        networks: Vec<AdoptedNetwork>,
    },
    /// A destination that was forgotten, and what stays on its host.
    Forgotten {
        left_behind: LeftBehind,
    },
    /// A change in place, made or taken back.
    Change {
        containers: Vec<MovedContainer>,
        /// Those of a swarm.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        services: Vec<MovedService>,
    },
    /// What was tried of a destination, and what came of it.
    Verification {
        checks: Vec<Check>,
    },
    /// Whether one end reaches another: the answer from what was seen, and what a probe found.
    Reach {
        reach: Box<Reach>,
        proof: ReachProof,
    },
    /// What a proxy said. Its words: show them as text.
    ProxyLogs {
        text: String,
    },
    /// What a program in a container did; for who may run one there.
    Command(CommandResult),
    /// The run of a job, which has what came of it.
    JobRun {
        job_id: JobId,
        run_id: JobRunId,
    },
    /// An application on another destination.
    Move(ApplicationMoved),
}

/// What a forgotten destination leaves on its host, as far as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftBehind {
    /// When the host was last looked at.
    pub as_of: Option<Timestamp>,
    /// The Docker network.
    pub network: NetworkName,
    /// Names of the containers on it. Reported by the host: show them as text.
    pub containers: Vec<String>,
    /// Addresses of its routes: Portolan no longer keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
}
