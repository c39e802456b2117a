//! The containers on a network.

use std::collections::HashMap;

use bollard::{
    models::{ContainerSummary, EndpointSettings},
    query_parameters::ListContainersOptionsBuilder,
};

use futures_util::FutureExt;

use super::{
    super::{HostError, Member, engine::Engine},
    id::{self, DockerId},
    networks,
};

/// Running or not: inspecting a network tells of the running ones only.
pub(super) async fn list(engine: &Engine, docker_id: &str) -> Result<Vec<Member>, HostError> {
    DockerId::parse(docker_id)?;
    let Some(network) = networks::find(engine, docker_id).await? else { return Ok(Vec::new()) };
    // A container that was never started knows its networks by the name it was given.
    let either = [docker_id, &network.name];
    let filters = HashMap::from([("network", either.to_vec())]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let asking = engine.docker().list_containers(Some(options)).boxed();
    let path = format!("/containers/json?all=1&filters={}", id::filter("network", &either));
    let (found, mut odd) =
        engine.ask_forgiving::<Vec<_>>("list members of network", &path, asking).await?;
    let members = found.into_iter().enumerate().filter_map(|(index, container)| {
        let odd_state = odd.remove(&format!("[{index}].State"));
        is_on(&container, docker_id, &network.name).then(|| member(container, odd_state))
    });
    Ok(members.collect())
}

/// Whether it is on this network, or will be once started. The id is empty until it was started
/// for the first time.
fn is_on(container: &ContainerSummary, docker_id: &str, name: &str) -> bool {
    let networks = container.network_settings.as_ref().and_then(|all| all.networks.as_ref());
    networks.into_iter().flatten().any(|(key, endpoint): (&String, &EndpointSettings)| {
        let network_id = endpoint.network_id.as_deref().unwrap_or_default();
        let by_key = key == name || key == docker_id;
        network_id == docker_id || (network_id.is_empty() && by_key)
    })
}

/// A state that is new to bollard comes beside.
fn member(container: ContainerSummary, odd_state: Option<String>) -> Member {
    let docker_id = container.id.unwrap_or_default();
    let names = container.names.unwrap_or_default();
    // Links add names such as `/other/alias`; its own has one slash.
    let own = names.iter().filter_map(|name| name.strip_prefix('/'));
    let name = own.clone().find(|name| !name.contains('/')).or_else(|| own.clone().next());
    let state = container.state.map(|state| state.to_string()).or(odd_state);
    Member {
        name: name.unwrap_or(&docker_id).to_owned(),
        docker_id,
        state: state.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_member_has_its_own_name() {
        let name = |names: Value| {
            let container = json!({"Id": "0af", "Names": names, "State": "exited"});
            member(serde_json::from_value(container).expect("a container"), None).name
        };
        assert_eq!(name(json!(["/other/alias", "/web-1"])), "web-1");
        assert_eq!(name(json!(["/other/alias"])), "other/alias");
        assert_eq!(name(json!(null)), "0af");
    }
}
