//! Networks: list, find, create, remove.

use bollard::models::NetworkCreateRequest;
use tokio::time::{Instant, sleep, timeout};

use super::{
    super::{HostError, HostNetwork, NewNetwork, engine::Engine, limits},
    id::{self, DockerId},
    swarm::{self, Voice},
};

mod models;

/// Everything but the members, which the engine gathers for a single network only.
pub(super) async fn list(engine: &Engine) -> Result<Vec<HostNetwork>, HostError> {
    let found = engine.ask("list networks", engine.docker().list_networks(None)).await?;
    let found: Vec<HostNetwork> = found.into_iter().map(HostNetwork::from).collect();
    if found.iter().any(|network| network.name == OF_EVERY_NODE) {
        swarm::voice(engine).await?;
    }
    Ok(found)
}

/// The network that every node of a swarm has, and keeps after it left.
const OF_EVERY_NODE: &str = "docker_gwbridge";

pub(super) async fn find(
    engine: &Engine,
    id_or_name: &str,
) -> Result<Option<HostNetwork>, HostError> {
    if let Some(found) = find_now(engine, id_or_name).await? {
        return allocated(engine, found).await.map(Some);
    }
    if swarm::voice(engine).await? == Voice::Own {
        return Ok(None);
    }
    // The leader may have come between the two answers, so they are asked for in this order too.
    let found = find_now(engine, id_or_name).await?;
    swarm::voice(engine).await?;
    Ok(found)
}

/// A swarm answers before it has given a network its driver and its addresses. One that it can
/// give none is answered as it is, without a driver.
async fn allocated(engine: &Engine, mut network: HostNetwork) -> Result<HostNetwork, HostError> {
    let deadline = Instant::now() + limits::ALLOCATION;
    while network.is_unallocated() && Instant::now() < deadline {
        sleep(limits::LEAVING_PAUSE).await;
        match find_now(engine, &network.docker_id).await? {
            Some(found) => network = found,
            None => break,
        }
    }
    Ok(network)
}

/// Without a leader, a manager that has the network says that there is none.
async fn find_now(engine: &Engine, id_or_name: &str) -> Result<Option<HostNetwork>, HostError> {
    let is_it =
        |network: &HostNetwork| network.docker_id == id_or_name || network.name == id_or_name;
    if !id::is_plain(id_or_name) {
        // Old engines allowed any name. One that cannot stand in a path is looked for in the list.
        return Ok(list(engine).await?.into_iter().find(is_it));
    }
    let asking = engine.docker().inspect_network(id_or_name, None);
    let found = unless_missing(engine.ask("inspect network", asking).await)?;
    // The engine also answers with a network whose id only begins so.
    Ok(found.map(HostNetwork::from).filter(is_it))
}

/// An answer that does not come leaves open whether the network exists: the caller looks for it.
pub(super) async fn create(engine: &Engine, network: &NewNetwork) -> Result<String, HostError> {
    let creating = engine.docker().create_network(NetworkCreateRequest::from(network));
    let created = engine.ask_within(limits::CREATE_NETWORK, "create network", creating).await?;
    Ok(DockerId::parse(&created.id)?.to_string())
}

pub(super) async fn remove(engine: &Engine, docker_id: &str) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    // The engine would take the id of a swarm network as the name of another, were it gone.
    if !id.is_local()
        && find(engine, docker_id).await?.is_none_or(|found| found.docker_id != docker_id)
    {
        return Ok(());
    }
    let removing = engine.docker().remove_network(id.as_str());
    unless_missing(engine.ask("remove network", removing).await)?;
    if id.is_local() { Ok(()) } else { left(engine, docker_id).await }
}

/// A swarm forgets a network at once; its nodes keep theirs until the last container has left it,
/// and until then this node finds two of that name when it is made anew.
async fn left(engine: &Engine, docker_id: &str) -> Result<(), HostError> {
    let gone = async {
        while find_now(engine, docker_id).await?.is_some() {
            sleep(limits::LEAVING_PAUSE).await;
        }
        Ok(())
    };
    let action = "see the network leave the node";
    timeout(limits::LEAVING, gone).await.unwrap_or_else(|_| {
        let seconds = limits::LEAVING.as_secs();
        Err(HostError::Timeout { action: action.to_owned(), seconds })
    })
}

/// Not being there is an answer, not an error.
pub(super) fn unless_missing<T>(answer: Result<T, HostError>) -> Result<Option<T>, HostError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(HostError::Docker { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
