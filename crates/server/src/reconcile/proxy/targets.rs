//! Whether what a route leads to is there: a container of this host, one of another node of the
//! swarm, or a service.

use std::collections::BTreeSet;

use portolan_types::Route;

use super::{super::swarm::managed, Scene};
use crate::{
    Error, db,
    db::route::Assigned,
    host::{ContainerDetail, HostContainer, HostNetwork, HostService, HostTask},
    servers,
    sighting::Sighting,
};

/// What is known of targets.
#[derive(Debug)]
pub(super) struct Targets<'a> {
    here: &'a Sighting,
    /// What was seen last on the team's other servers of the swarm, where it is asked for: a manager
    /// knows what is attached to an overlay elsewhere, and not by which name.
    elsewhere: Vec<Sighting>,
}

/// Why requests would not reach a target.
#[derive(Debug)]
pub(super) enum Why {
    /// The proxy is not where it could reach it: a difference of its own, or a moment.
    NoWay(String),
    /// The target is not there, or does not run.
    NoTarget(String),
}

impl<'a> Targets<'a> {
    pub(super) async fn seen(scene: &Scene<'a>, routes: &[Assigned]) -> Result<Self, Error> {
        let mut targets = Self { here: scene.seen, elsewhere: Vec::new() };
        let is_here = |row: &Assigned| targets.is_here(&row.route);
        if managed(&scene.server.server).is_some() && !routes.iter().all(is_here) {
            targets.elsewhere = of_companions(scene).await?;
        }
        Ok(targets)
    }

    fn is_here(&self, route: &Route) -> bool {
        self.network(route).is_none_or(|network| {
            let target = route.target.as_str();
            self.service(target, network).is_some() || named(self.here, target, network).is_some()
        })
    }

    fn network(&self, route: &Route) -> Option<&'a HostNetwork> {
        let name = route.network.as_str();
        self.here.networks.iter().find(|one| one.name == name)
    }

    fn service(&self, name: &str, network: &HostNetwork) -> Option<&'a HostService> {
        self.here.services.iter().find(|one| one.is_called(name, &network.docker_id))
    }

    /// Why requests would not reach the target.
    pub(super) fn why_dark(&self, proxy: &ContainerDetail, route: &Route) -> Option<Why> {
        let name = &route.network;
        let Some(network) = self.network(route) else {
            return Some(Why::NoWay(format!("there is no network `{name}`")));
        };
        if proxy.endpoint(&network.docker_id, &network.name).is_none() {
            return Some(Why::NoWay(format!("the proxy is not on network `{name}`")));
        }
        self.why_absent(route.target.as_str(), network).map(Why::NoTarget)
    }

    /// Why a target is not on a network, or does not run.
    fn why_absent(&self, target: &str, network: &HostNetwork) -> Option<String> {
        if let Some(service) = self.service(target, network) {
            return (!self.runs(service)).then(|| format!("no task of service `{target}` runs"));
        }
        let seen = std::iter::once(self.here).chain(&self.elsewhere);
        let found = seen.filter_map(|seen| named(seen, target, network));
        // Two hosts may have one of the same name.
        let found = found.max_by_key(|one| one.member.state == "running");
        match found {
            None => Some(self.nothing(target, network)),
            Some(found) if found.member.state != "running" => {
                Some(format!("container `{target}` is {}", found.member.state))
            }
            Some(_) => None,
        }
    }

    fn runs(&self, service: &HostService) -> bool {
        let is_its = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
        self.here.tasks.iter().filter(is_its).any(HostTask::is_running)
    }

    fn nothing(&self, target: &str, network: &HostNetwork) -> String {
        let nothing = format!("nothing called `{target}` is on network `{}`", network.name);
        let nodes: Vec<&str> = self.nodes_of_nameless(network).into_iter().collect();
        if nodes.is_empty() {
            return nothing;
        }
        let nodes = nodes.join(", ");
        format!("{nothing}, as far as is known: node {nodes} is no server, and tells no names")
    }

    /// Nodes with something on a network that no server has told the name of.
    fn nodes_of_nameless(&self, network: &HostNetwork) -> BTreeSet<&'a str> {
        let seen = || std::iter::once(self.here).chain(&self.elsewhere);
        let known = |id: &str| {
            seen().any(|seen| seen.containers.iter().any(|one| one.member.docker_id == id))
        };
        let nameless = |task: &&HostTask| {
            let by_hand = task.service_id.is_none() && task.is_on(&network.docker_id);
            by_hand && task.container_id.as_ref().is_some_and(|id| !known(id))
        };
        let node = |task: &'a HostTask| self.here.hostname(&task.node_id).unwrap_or(&task.node_id);
        self.here.tasks.iter().filter(nameless).map(node).collect()
    }
}

/// A container by its name or an alias.
fn named<'s>(seen: &'s Sighting, target: &str, network: &HostNetwork) -> Option<&'s HostContainer> {
    let is_it = |one: &&HostContainer| {
        let place = one.attachment(&network.docker_id, &network.name);
        let aliased = place.is_some_and(|place| place.aliases.iter().any(|one| one == target));
        one.member.name == target || aliased
    };
    seen.members(network).into_iter().find(is_it)
}

async fn of_companions(scene: &Scene<'_>) -> Result<Vec<Sighting>, Error> {
    let (team, server) = (&scene.row.team_id, &scene.server.server);
    let mut conn = scene.app.db.acquire().await?;
    let together = servers::companions(&mut conn, team, server).await?;
    let mut sightings = Vec::new();
    for other in together.iter().filter(|other| other.id != server.id) {
        sightings.extend(db::sighting::find(&mut conn, &other.id).await?.map(|seen| seen.sighting));
    }
    Ok(sightings)
}
