//! Networks: list, find, create, remove.

use bollard::models::NetworkCreateRequest;

use super::{
    super::{HostError, HostNetwork, NewNetwork, engine::Engine, limits},
    id::{self, DockerId},
};

mod models;

/// Everything but the members, which the engine gathers for a single network only.
pub(super) async fn list(engine: &Engine) -> Result<Vec<HostNetwork>, HostError> {
    let found = engine.ask("list networks", engine.docker().list_networks(None)).await?;
    Ok(found.into_iter().map(HostNetwork::from).collect())
}

pub(super) async fn find(
    engine: &Engine,
    id_or_name: &str,
) -> Result<Option<HostNetwork>, HostError> {
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
    unless_missing(engine.ask("remove network", removing).await).map(drop)
}

/// Not being there is an answer, not an error.
pub(super) fn unless_missing<T>(answer: Result<T, HostError>) -> Result<Option<T>, HostError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(HostError::Docker { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
