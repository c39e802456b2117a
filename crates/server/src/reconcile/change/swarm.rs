//! Whether the members of a swarm's network can go over: asked before anything is touched, by the
//! change itself and by its preview, and of strangers at each look.

use portolan_types::{Destination, Failure};

use super::{super::recorder::failure, scene::Reach};
use crate::{
    host::{HostNetwork, HostService, HostTask, ServiceUpdate, short_id},
    sighting::Sighting,
};

/// What is against a change of a swarm's network, before it has begun.
pub(crate) fn obstacle(
    destination: &Destination,
    network: &HostNetwork,
    seen: &Sighting,
    reach: &Reach,
) -> Option<Failure> {
    let ids = [network.docker_id.clone()];
    stranger(destination, &ids, seen, reach)
        .or_else(|| reach.away().first().map(|name| away(destination, name)))
        .or_else(|| seen.services_on(network).find_map(|one| immovable(seen, network, one)))
}

/// A container that was attached by hand on a node that is no server of the team: nobody could
/// move it.
pub(super) fn stranger(
    destination: &Destination,
    network_ids: &[String],
    seen: &Sighting,
    reach: &Reach,
) -> Option<Failure> {
    let is_seen = |id: &str| seen.containers.iter().any(|one| one.member.docker_id == id);
    let is_strange = |task: &&HostTask| {
        task.service_id.is_none()
            && network_ids.iter().any(|id| task.is_on(id))
            && !reach.has(&task.node_id)
            && task.container_id.as_ref().is_some_and(|id| !is_seen(id))
    };
    let task = seen.tasks.iter().find(is_strange)?;
    let id = task.container_id.as_deref().map(short_id).unwrap_or_default();
    let node = seen.hostname(&task.node_id).unwrap_or(&task.node_id);
    Some(failure(
        "node-is-no-server",
        format!(
            "container {id} on node `{node}` is on network `{}`, and that node is no server of \
             the team: it cannot be moved",
            destination.network
        ),
        format!("add node `{node}` as a server, or disconnect the container there"),
    ))
}

fn away(destination: &Destination, server: &str) -> Failure {
    failure(
        "server-unreachable",
        format!(
            "server `{server}` of the swarm cannot be reached: containers on it may be on network \
             `{}`",
            destination.network
        ),
        "bring it back, or take the node out of the swarm (`docker node rm`), then try again",
    )
}

/// A service that would be harmed by another definition, or has not come to its present one.
fn immovable(seen: &Sighting, network: &HostNetwork, service: &HostService) -> Option<Failure> {
    let name = &service.name;
    if service.is_job {
        return Some(failure(
            "service-is-a-job",
            format!(
                "service `{name}` on network `{}` is a job: moving it would run it again",
                network.name
            ),
            format!("remove it (`docker service rm {name}`), then try again"),
        ));
    }
    let runs = |task: &&HostTask| task.state == "running" && task.is_on(&network.docker_id);
    let mut tasks =
        seen.tasks.iter().filter(|one| one.service_id.as_ref() == Some(&service.docker_id));
    let is_under_way = service.update.as_ref().is_some_and(ServiceUpdate::is_under_way);
    (is_under_way || !tasks.all(|task| runs(&task))).then(|| {
        failure(
            "service-not-settled",
            format!(
                "service `{name}` on network `{}` is not at rest: not all of its tasks run as it \
                 is defined",
                network.name
            ),
            format!("see `docker service ps {name}`, and try again once all its tasks run"),
        )
    })
}

/// Docker gave a service up on the way.
pub(super) fn halted(service: &HostService, how: &str) -> Failure {
    let name = &service.name;
    let update = service.update.as_ref();
    let why = update.map(|one| format!("{}: {}", one.state, one.message)).unwrap_or_default();
    failure(
        "service-not-moved",
        format!("{how}; Docker no longer replaces them ({why})"),
        format!("see `docker service ps --no-trunc {name}` for why its tasks do not start"),
    )
}

/// What a service was told before, and is not so. After a crash it may never have been told.
pub(super) fn went_back(service: &HostService, told: usize) -> Option<Failure> {
    let update = service.update.as_ref();
    let taken_back = update.is_some_and(|update| update.state.starts_with("rollback"));
    let how = format!("service `{}` has its old networks again", service.name);
    ((told > 0 && taken_back) || told >= MOST_TOLD).then(|| halted(service, &how))
}

/// How often a service is told the same: something else tells it otherwise.
const MOST_TOLD: usize = 3;
