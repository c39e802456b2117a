//! What the host has of a change: the network under the name, the interim one, who is on them.

use portolan_types::{Destination, Failure};

use super::super::{compare, make};
use crate::{
    destinations::change::{Course, Memo},
    host::{HostContainer, HostNetwork},
};

/// One look at the host.
#[derive(Debug)]
pub(super) struct Scene {
    pub standing: Option<Standing>,
    pub interim: Option<HostNetwork>,
    pub networks: Vec<HostNetwork>,
    pub containers: Vec<HostContainer>,
}

/// The network under the destination's name.
#[derive(Debug)]
pub(super) enum Standing {
    /// The one that the course leads to.
    Goal(HostNetwork),
    /// Another one of ours, which has to leave.
    Leaving(HostNetwork),
}

impl Standing {
    pub(super) const fn network(&self) -> &HostNetwork {
        match self {
            Self::Goal(network) | Self::Leaving(network) => network,
        }
    }
}

impl Scene {
    /// Sorts what was found. A stranger's network under the name is in the way.
    pub(super) fn of(
        destination: &Destination,
        memo: &Memo,
        networks: Vec<HostNetwork>,
        containers: Vec<HostContainer>,
    ) -> Result<Self, Failure> {
        let is_interim = |network: &&HostNetwork| {
            network.name == memo.interim.as_str() && compare::is_ours(destination, network)
        };
        let interim = networks.iter().find(is_interim).cloned();
        let standing: Vec<Option<Standing>> = networks
            .iter()
            .filter(|network| network.name == destination.network.as_str())
            .map(|network| standing(destination, memo, network))
            .collect();
        let taken = standing.iter().any(Option::is_none);
        let standing = standing.into_iter().flatten().next();
        if taken && standing.is_none() {
            return Err(make::taken(destination));
        }
        Ok(Self { standing, interim, networks, containers })
    }

    pub(super) fn leaving(&self) -> Option<&HostNetwork> {
        match &self.standing {
            Some(Standing::Leaving(network)) => Some(network),
            Some(Standing::Goal(_)) | None => None,
        }
    }

    /// Docker's ids of the containers on a network, running or not.
    pub(super) fn members(&self, network: &HostNetwork) -> Vec<&str> {
        let on_it = |one: &&HostContainer| one.is_on(&network.docker_id, &network.name);
        self.containers.iter().filter(on_it).map(|one| one.member.docker_id.as_str()).collect()
    }
}

/// `None` for a network that is not ours.
fn standing(destination: &Destination, memo: &Memo, network: &HostNetwork) -> Option<Standing> {
    let revision = compare::revision(destination, network);
    let is_old = memo.old_docker_id.as_ref() == Some(&network.docker_id);
    let wants_old = memo.course != Course::Forward;
    let is_goal = revision == Some(memo.goal().revision) || (wants_old && is_old);
    match (is_goal, revision.is_some() || is_old) {
        (true, _) => Some(Standing::Goal(network.clone())),
        (false, true) => Some(Standing::Leaving(network.clone())),
        (false, false) => None,
    }
}
