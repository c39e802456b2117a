//! The containers on a network.

use super::{
    super::{
        HostError, Member,
        engine::{Call, Engine},
    },
    id::DockerId,
    wire::Container,
};

/// Running or not: inspecting a network tells of the running ones only.
pub(super) async fn list(engine: &Engine, docker_id: &str) -> Result<Vec<Member>, HostError> {
    let id = DockerId::parse(docker_id)?;
    // {"network":["ID"]}
    let path = format!("/containers/json?all=1&filters=%7B%22network%22%3A%5B%22{id}%22%5D%7D");
    let found: Vec<Container> = engine.get(Call::new("list members of network", &path)).await?;
    Ok(found.into_iter().map(Member::from).collect())
}
