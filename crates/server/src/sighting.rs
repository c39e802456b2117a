//! What was last seen on a host. Owns its shape and how a request gets a fresh one; looking is the
//! keeper's affair (`reconcile::sight`).
//!
//! Requests speak to no host. A question about one (who is on this network? what would a delete
//! do?) rings its keeper, waits for the look that follows, and reads what that wrote down.

use std::{collections::BTreeSet, time::Duration};

use portolan_types::{
    Blocker, MemberKind, NetworkName, Reachability, Server, ServerId, ServerState, Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, timeout_at},
};

use crate::{
    App, Error, db,
    host::{HostContainer, HostNetwork, HostNode, HostService, HostTask, short_id},
};

/// How long a request waits for a look. A host that takes longer is told of with the age of what
/// was seen before.
const PATIENCE: Duration = Duration::from_secs(5);

/// A host's networks and who is on them. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub networks: Vec<HostNetwork>,
    pub containers: Vec<HostContainer>,
    /// Where the host sends packets, in CIDR form; empty where that could not be read.
    #[serde(default)]
    pub routes: Vec<String>,
    /// What a manager sees of its swarm; empty on other servers.
    #[serde(default)]
    pub nodes: Vec<HostNode>,
    #[serde(default)]
    pub services: Vec<HostService>,
    #[serde(default)]
    pub tasks: Vec<HostTask>,
}

/// A sighting and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub at: Timestamp,
    pub sighting: Sighting,
}

/// Docker's words for tasks that will not run again.
const OVER: [&str; 6] = ["complete", "shutdown", "failed", "rejected", "remove", "orphaned"];

impl Sighting {
    /// The network with this Docker id.
    pub fn network(&self, docker_id: &str) -> Option<&HostNetwork> {
        self.networks.iter().find(|network| network.docker_id == docker_id)
    }

    /// The networks of this name: Docker's names are not unique.
    pub fn networks_named(&self, name: &NetworkName) -> impl Iterator<Item = &HostNetwork> {
        self.networks.iter().filter(move |network| network.name == name.as_str())
    }

    /// Containers on a network, running or not, proxies last: they are let go of last.
    pub fn members(&self, network: &HostNetwork) -> Vec<&HostContainer> {
        members(&self.containers, network)
    }

    /// The same without those that a service of the swarm stands for: how they are connected is the
    /// service's affair.
    pub(crate) fn loners(&self, network: &HostNetwork) -> Vec<&HostContainer> {
        self.members(network).into_iter().filter(|one| !self.is_of_service(one)).collect()
    }

    /// Services whose tasks are to be on a network.
    pub(crate) fn services_on(&self, network: &HostNetwork) -> impl Iterator<Item = &HostService> {
        let id = network.docker_id.clone();
        self.services.iter().filter(move |one| one.networks.contains(&id))
    }

    fn is_of_service(&self, container: &HostContainer) -> bool {
        let service = container.service_id.as_ref();
        service.is_some_and(|id| self.services.iter().any(|service| service.docker_id == *id))
    }

    /// All that is on a network: containers of this host, services of the swarm in place of their
    /// containers, and containers of other nodes. The swarm tells of the latter only while they
    /// run. Proxies last.
    pub fn occupants(&self, network: &HostNetwork) -> Vec<Blocker> {
        let here = self.loners(network).into_iter();
        let mut occupants: Vec<Blocker> = here.map(HostContainer::as_blocker).collect();
        occupants.extend(self.beyond(network));
        occupants.sort_by_key(|one| one.kind == MemberKind::Proxy);
        occupants
    }

    /// The same without the proxy that Portolan keeps: it is let go by itself, last of all.
    pub fn in_the_way(&self, network: &HostNetwork) -> Vec<Blocker> {
        let ours = |one: &Blocker| {
            let container = self.containers.iter().find(|other| other.member.docker_id == one.id);
            container.is_some_and(HostContainer::is_our_proxy)
        };
        let occupants = self.occupants(network).into_iter();
        occupants.filter(|one| !ours(one)).collect()
    }

    /// Those of the swarm that are not this host's to disconnect.
    pub fn beyond(&self, network: &HostNetwork) -> Vec<Blocker> {
        let id = network.docker_id.as_str();
        let services = self.services.iter().filter(|service| service.is_on(id));
        services.map(HostService::as_blocker).chain(self.elsewhere(id)).collect()
    }

    /// Containers that were attached by hand on other nodes: the swarm knows their ids only.
    fn elsewhere(&self, network_id: &str) -> impl Iterator<Item = Blocker> {
        let by_hand = |task: &&HostTask| task.service_id.is_none() && task.is_on(network_id);
        let here = |id: &str| self.containers.iter().any(|one| one.member.docker_id == id);
        self.tasks.iter().filter(by_hand).filter_map(move |task| {
            let id = task.container_id.clone().filter(|id| !here(id))?;
            let node = self.hostname(&task.node_id).unwrap_or(&task.node_id);
            let name = format!("{} on node {node}", short_id(&id));
            Some(Blocker { id, name, state: task.state.clone(), kind: MemberKind::Container })
        })
    }

    /// The nodes of the swarm with a task on a network that runs or is about to: a manager is told
    /// of it while it still starts.
    pub fn live_nodes(&self, network_id: &str) -> BTreeSet<&str> {
        let placed = |task: &&HostTask| !task.node_id.is_empty() && task.is_on(network_id);
        let live = self.tasks.iter().filter(|task| !is_over(task)).filter(placed);
        live.map(|task| task.node_id.as_str()).collect()
    }

    /// What the swarm has given out on a network beside the addresses of this host's containers:
    /// those of services, and of tasks on other nodes.
    pub(crate) fn endpoints_on<'a>(&'a self, network_id: &'a str) -> impl Iterator<Item = &'a str> {
        let here = |task: &HostTask| {
            let is_it =
                |one: &HostContainer| task.container_id.as_ref() == Some(&one.member.docker_id);
            self.containers.iter().any(is_it)
        };
        let tasks = self.tasks.iter().filter(move |task| !is_over(task) && !here(task));
        let of_tasks = tasks.flat_map(|task| &task.endpoints);
        let of_services = self.services.iter().flat_map(|service| &service.endpoints);
        let all = of_services.chain(of_tasks).filter(move |one| one.network_id == network_id);
        all.filter_map(|one| one.address.as_deref())
    }

    /// What a node calls itself.
    pub fn hostname(&self, node_id: &str) -> Option<&str> {
        let node = self.nodes.iter().find(|node| node.node_id == node_id);
        node.map(|node| node.hostname.as_str())
    }
}

fn is_over(task: &HostTask) -> bool {
    OVER.contains(&task.state.as_str())
}

/// The same, of containers that were just listed.
pub(crate) fn members<'a>(
    containers: &'a [HostContainer],
    network: &HostNetwork,
) -> Vec<&'a HostContainer> {
    let on_it = |one: &&HostContainer| one.is_on(&network.docker_id, &network.name);
    let mut members: Vec<&HostContainer> = containers.iter().filter(on_it).collect();
    members.sort_by(|a, b| {
        let key = |one: &HostContainer| (one.kind() == MemberKind::Proxy, one.member.name.clone());
        key(a).cmp(&key(b))
    });
    members
}

/// What is on the host now, or what was last seen when it does not answer; `None` where nobody
/// ever looked.
pub(crate) async fn fresh(app: &App, server: &Server) -> Result<Option<Seen>, Error> {
    if server.state == ServerState::Ready && server.reachability == Reachability::Reachable {
        wait_for_look(app, &server.id).await;
    }
    let mut conn = app.db.acquire().await?;
    Ok(db::sighting::find(&mut conn, &server.id).await?)
}

async fn wait_for_look(app: &App, server: &ServerId) {
    // Listening begins before ringing, or the look could be over before anybody listens.
    let mut looks = app.looks();
    let asked = Instant::now();
    app.wake(server);
    let look = async {
        loop {
            match looks.recv().await {
                Ok((of, began)) if of == *server && began >= asked => return,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    let until = async { drop(timeout_at(asked + PATIENCE, look).await) };
    app.stopping.run_until_cancelled(until).await;
}
