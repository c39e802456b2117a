//! The containers on a network.

use super::{
    super::{
        HostError, Member,
        engine::{Call, Engine},
    },
    id::{self, DockerId},
    networks,
    wire::Container,
};

/// Running or not: inspecting a network tells of the running ones only.
pub(super) async fn list(engine: &Engine, docker_id: &str) -> Result<Vec<Member>, HostError> {
    DockerId::parse(docker_id)?;
    let Some(network) = networks::find(engine, docker_id).await? else { return Ok(Vec::new()) };
    // A container that was never started knows its networks by the name it was given.
    let filter = id::filter("network", &[docker_id, &network.name]);
    let path = format!("/containers/json?all=1&filters={filter}");
    let found: Vec<Container> = engine.get(Call::new("list members of network", &path)).await?;
    let on_it = found.into_iter().filter(|container| container.is_on(docker_id, &network.name));
    Ok(on_it.map(Member::from).collect())
}
