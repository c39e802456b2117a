//! "Can A reach B, and why not?": the question for any two containers or destinations, and its
//! answer.

use std::{num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    DestinationId, Evidence, Invalid, ServerId, Timestamp,
    text::{text_newtype, words},
};

/// One end of the question: `SERVER:CONTAINER`, a container's name or whole id, or a destination by
/// name, network or id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "db-1:shop-web-1")]
pub struct ReachName(String);

impl ReachName {
    /// Longer than any server's name and container's name together.
    const MAX: usize = 400;
}

impl FromStr for ReachName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::MAX || text.chars().any(char::is_control) {
            return Err(Invalid::new(
                "name a container (`SERVER:CONTAINER` or `CONTAINER`) or a destination",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(ReachName);

/// What `reach` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskReach {
    pub from: ReachName,
    pub to: ReachName,
}

/// What `prove_reach` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveReach {
    pub from: ReachName,
    pub to: ReachName,
    /// The TCP port to try. Default: the lowest one at which the other end listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1, example = 5432)]
    pub port: Option<NonZeroU16>,
}

words! {
    /// Whether there is a way, as far as the hosts were seen.
    pub enum ReachVerdict ("verdict") {
        Yes = "yes",
        No = "no",
        /// What was seen does not tell.
        Unknown = "unknown",
    }
}

words! {
    /// What sort of way it is.
    pub enum PathKind ("kind of path") {
        /// Both are on one network of one host.
        Network = "network",
        /// Both are on one network that spans their swarm.
        Overlay = "overlay",
        /// One of them has the host's own network.
        Host = "host",
        /// They share one network namespace.
        Namespace = "namespace",
        /// From outside, through the server's proxy.
        Route = "route",
    }
}

/// A place on a network. Reported by the host: show it as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachPlace {
    pub network: String,
    /// Absent while the container does not run.
    pub address: Option<String>,
    /// The destination that the network is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
}

/// One end, as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachEnd {
    /// The container's or the destination's name.
    pub name: String,
    pub server_id: ServerId,
    pub server_name: String,
    /// Docker's whole id; absent for a destination, which stands for any container on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_id: Option<String>,
    /// The destination that it is; absent for a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// Docker's word: `running`, `exited`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    pub places: Vec<ReachPlace>,
    /// When its host was last looked at.
    pub as_of: Timestamp,
}

/// A way from one end to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachPath {
    pub kind: PathKind,
    /// The network that it leads over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Where the other end is met: an address, or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In words.
    pub detail: String,
}

/// Something that is in the way, or that makes a way uncertain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Obstacle {
    pub reason: String,
    pub remedy: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reach {
    pub verdict: ReachVerdict,
    pub from: ReachEnd,
    pub to: ReachEnd,
    pub paths: Vec<ReachPath>,
    pub obstacles: Vec<Obstacle>,
}

words! {
    /// What came of a connection that was really tried.
    pub enum ReachOutcome ("outcome of a connection") {
        Connected = "connected",
        /// The machine is there, and says no.
        Refused = "refused",
        /// Nothing came back.
        TimedOut = "timed-out",
        /// A router, or the kernel, says that there is no way.
        Unreachable = "unreachable",
        /// The other end's name has no address there, although both are on one network.
        NameNotFound = "name-not-found",
        /// Somebody else answers at its address.
        Stranger = "stranger",
        /// It could not be tried: nothing is proved.
        Untried = "untried",
    }
}

/// What a probe found, from where the one end is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachProof {
    pub outcome: ReachOutcome,
    /// The port that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What was tried, in the order in which it was tried.
    pub evidence: Vec<Evidence>,
    /// Whether it is other than the answer from what was seen.
    pub contradicts: bool,
    /// The likely cause, where no connection came about or the answer is contradicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Obstacle>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_a_name() {
        for text in ["web", "db-1:web", " shop "] {
            assert!(text.parse::<ReachName>().is_ok(), "{text}");
        }
        for text in ["", "  ", "a\nb", &"a".repeat(401)] {
            assert!(text.parse::<ReachName>().is_err(), "{text}");
        }
    }
}
