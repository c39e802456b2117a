//! What there is of a change: the network under the name, the interim one, who is on them.

use std::collections::BTreeSet;

use portolan_types::{Destination, Failure, Server};

use super::{
    super::{compare, make},
    nodes::Whereabouts,
};
use crate::{
    destinations::{
        change::{Course, Memo},
        swarm::is_able,
    },
    host::{HostContainer, HostNetwork, HostService, HostTask, ServiceUpdate},
    sighting::Sighting,
};

/// One look at the host, and at all nodes of a swarm that can be looked at.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub standing: Option<Standing>,
    pub interim: Option<HostNetwork>,
    pub seen: Sighting,
    pub whereabouts: Whereabouts,
    pub reach: Reach,
}

/// Which nodes of a swarm are the team's servers, and which of those do not answer. A node that the
/// swarm holds for down is not waited for: nothing of the swarm is on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    nodes: BTreeSet<String>,
    /// Names of servers.
    away: Vec<String>,
    /// The same of servers that were not found away: just after a start nobody is connected yet.
    late: Vec<String>,
    /// Names of servers whose engines have not yet let go of a network that the swarm has removed:
    /// nobody there could join one of the same name.
    lingering: Vec<String>,
    /// Networks of nodes that the acting host does not have.
    elsewhere: Vec<HostNetwork>,
}

impl Reach {
    /// Of the servers of a swarm, each with whether it answers.
    pub(crate) fn of<'a>(
        seen: &Sighting,
        servers: impl IntoIterator<Item = (&'a Server, bool)>,
    ) -> Self {
        let mut reach = Self::default();
        for (server, answers) in servers {
            let Some(swarm) = &server.swarm else { continue };
            let is_ready = seen
                .nodes
                .iter()
                .any(|node| node.node_id == swarm.node_id && node.state == "ready");
            if is_ready && !answers {
                let missing = if is_able(server) { &mut reach.late } else { &mut reach.away };
                missing.push(server.name.to_string());
            }
            reach.nodes.insert(swarm.node_id.clone());
        }
        reach
    }

    pub(super) fn away(&self) -> &[String] {
        &self.away
    }

    /// Who is certain to answer or to be found away soon.
    pub(super) fn late(&self) -> Vec<String> {
        self.late.iter().map(|name| does_not_answer(name)).collect()
    }

    pub(super) fn keeps_the_old(&mut self, server: &Server) {
        self.lingering.push(server.name.to_string());
    }

    pub(super) fn has_elsewhere(&mut self, network: HostNetwork) {
        self.elsewhere.push(network);
    }

    pub(super) fn elsewhere(&self) -> &[HostNetwork] {
        &self.elsewhere
    }

    pub(super) fn has(&self, node_id: &str) -> bool {
        self.nodes.contains(node_id)
    }
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
        (seen, whereabouts, reach): (Sighting, Whereabouts, Reach),
    ) -> Result<Self, Failure> {
        let is_interim = |network: &&HostNetwork| {
            network.name == memo.interim.as_str() && compare::is_ours(destination, network)
        };
        let interim = seen.networks.iter().find(is_interim).cloned();
        let standing: Vec<Option<Standing>> = seen
            .networks
            .iter()
            .filter(|network| network.name == destination.network.as_str())
            .map(|network| standing(destination, memo, network))
            .collect();
        let taken = standing.iter().any(Option::is_none);
        let standing = standing.into_iter().flatten().next();
        if taken && standing.is_none() {
            return Err(make::taken(destination));
        }
        Ok(Self { standing, interim, seen, whereabouts, reach })
    }

    pub(super) fn leaving(&self) -> Option<&HostNetwork> {
        match &self.standing {
            Some(Standing::Leaving(network)) => Some(network),
            Some(Standing::Goal(_)) | None => None,
        }
    }

    /// Docker's ids of the containers on a network, running or not, and of its services, which
    /// stand for their own containers.
    pub(super) fn members(&self, network: &HostNetwork) -> Vec<&str> {
        let containers = self.seen.loners(network);
        let containers = containers.into_iter().map(|one: &HostContainer| &one.member.docker_id);
        let services = self.seen.services_on(network).map(|one| &one.docker_id);
        containers.chain(services).map(String::as_str).collect()
    }

    /// The service with this id, where it is one.
    pub(super) fn service(&self, id: &str) -> Option<&HostService> {
        self.seen.services.iter().find(|one| one.docker_id == id)
    }

    /// What has to come to rest before the next act, in words.
    pub(super) fn restless(&self) -> Vec<String> {
        let away = self.reach.away.iter().chain(&self.reach.late).map(|name| does_not_answer(name));
        let lingering = self.reach.lingering.iter().filter(|_| self.standing.is_none());
        let lingering =
            lingering.map(|name| format!("server `{name}` still has the network that was removed"));
        let services = self.involved().filter(|one| !is_halted(one));
        away.chain(lingering).chain(services.filter_map(|one| self.lags(one))).collect()
    }

    /// A service whose tasks Docker no longer replaces, and how that stands.
    pub(super) fn halted(&self) -> Option<(&HostService, String)> {
        let mut halted = self.involved().filter(|one| is_halted(one));
        halted.find_map(|one| self.lags(one).map(|words| (one, words)))
    }

    /// Services on the networks that it is about.
    fn involved(&self) -> impl Iterator<Item = &HostService> {
        let ids = self.network_ids();
        let on_one = move |one: &&HostService| ids.iter().any(|id| one.networks.contains(id));
        self.seen.services.iter().filter(on_one)
    }

    pub(super) fn network_ids(&self) -> Vec<String> {
        let standing = self.standing.as_ref().map(Standing::network);
        standing.into_iter().chain(&self.interim).map(|one| one.docker_id.clone()).collect()
    }

    /// How far the tasks of a service are from its definition; `None` when they have come to it.
    pub(super) fn lags(&self, service: &HostService) -> Option<String> {
        let ids = self.network_ids();
        let (mut there, mut all) = (0, 0);
        let is_mine = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
        for task in self.seen.tasks.iter().filter(is_mine) {
            let as_defined = |id: &String| task.is_on(id) == service.networks.contains(id);
            all += 1;
            there += usize::from(task.state == "running" && ids.iter().all(as_defined));
        }
        let lags = there < all || is_under_way(service);
        let name = &service.name;
        lags.then(|| format!("service `{name}`: {there} of {all} tasks run as it is defined now"))
    }
}

fn is_under_way(service: &HostService) -> bool {
    service.update.as_ref().is_some_and(ServiceUpdate::is_under_way)
}

fn does_not_answer(server: &str) -> String {
    format!("server `{server}` does not answer")
}

/// Docker waits for a person, or took back what it was told.
fn is_halted(service: &HostService) -> bool {
    let state = service.update.as_ref().map_or("", |update| update.state.as_str());
    matches!(state, "paused" | "rollback_paused" | "rollback_completed")
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
