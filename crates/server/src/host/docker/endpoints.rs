//! A container's places on networks: read in full, made, taken away.

use bollard::models::{
    ContainerInspectResponse, ContainerState, EndpointIpamConfig, EndpointSettings,
    NetworkConnectRequest, NetworkDisconnectRequest,
};
use futures_util::FutureExt;

use super::{
    super::{
        ContainerDetail, ContainerEndpoint, Endpoint, HostError, Member, engine::Engine, limits,
    },
    id::{self, DockerId},
    members::{attachment, said},
    networks::unless_missing,
};

/// Where an odd word is expected: the state of a container.
const STATE: &str = "State.Status";

/// The engine also finds a container by the beginning of its id: only a whole one counts.
pub(super) async fn find(
    engine: &Engine,
    id_or_name: &str,
) -> Result<Option<ContainerDetail>, HostError> {
    if !id::is_plain(id_or_name) {
        return Ok(None);
    }
    let path = format!("/containers/{id_or_name}/json");
    let asking = engine.docker().inspect_container(id_or_name, None).boxed();
    let answer = engine.ask_forgiving("inspect container", &path, asking).await;
    let Some((found, mut odd)) = unless_missing(answer)? else { return Ok(None) };
    let detail = describe(found, odd.remove(STATE));
    let is_it = detail.member.docker_id == id_or_name || detail.member.name == id_or_name;
    Ok(Some(detail).filter(|_| is_it))
}

fn describe(container: ContainerInspectResponse, odd_state: Option<String>) -> ContainerDetail {
    let docker_id = container.id.unwrap_or_default();
    let name = container.name.unwrap_or_default();
    let state = container.state.and_then(|ContainerState { status, .. }| status);
    let settings = container.network_settings.and_then(|all| all.networks).unwrap_or_default();
    let endpoint = |(key, settings): (&String, &EndpointSettings)| ContainerEndpoint {
        attachment: attachment(key, settings),
        endpoint: asked(settings, &docker_id),
    };
    let mut endpoints: Vec<ContainerEndpoint> = settings.iter().map(endpoint).collect();
    endpoints.sort_by(|a, b| a.attachment.key.cmp(&b.attachment.key));
    let network_mode = container.host_config.and_then(|host| host.network_mode);
    ContainerDetail {
        member: Member {
            name: name.strip_prefix('/').unwrap_or(&name).to_owned(),
            state: state.map(|state| state.to_string()).or(odd_state).unwrap_or_default(),
            docker_id,
        },
        network_mode: network_mode.unwrap_or_default(),
        endpoints,
    }
}

/// What was asked for of an endpoint. Engines before 25 add the beginning of the container's id to
/// the aliases; each network adds its own again.
fn asked(settings: &EndpointSettings, container: &str) -> Endpoint {
    let aliases = settings.aliases.iter().flatten();
    let own = |alias: &&String| alias.len() != 12 || !container.starts_with(alias.as_str());
    let fixed = settings.ipam_config.as_ref();
    let options = settings.driver_opts.clone().unwrap_or_default();
    Endpoint {
        aliases: aliases.filter(own).cloned().collect(),
        links: settings.links.clone().unwrap_or_default(),
        address: fixed.and_then(|fixed| said(fixed.ipv4_address.as_ref())),
        ipv6_address: fixed.and_then(|fixed| said(fixed.ipv6_address.as_ref())),
        driver_options: options.into_iter().collect(),
        gateway_priority: settings.gw_priority.unwrap_or_default(),
    }
}

pub(super) async fn connect(
    engine: &Engine,
    network: &str,
    container: &str,
    endpoint: &Endpoint,
) -> Result<(), HostError> {
    let network = DockerId::parse(network)?;
    let request = NetworkConnectRequest {
        container: DockerId::parse(container)?.to_string(),
        endpoint_config: Some(settings(endpoint)),
    };
    let connecting = engine.docker().connect_network(network.as_str(), request);
    engine.ask_within(limits::ENDPOINT, "connect container", connecting).await
}

fn settings(endpoint: &Endpoint) -> EndpointSettings {
    let fixed = endpoint.address.is_some() || endpoint.ipv6_address.is_some();
    let some = |texts: &Vec<String>| Some(texts.clone()).filter(|texts| !texts.is_empty());
    let options = endpoint.driver_options.clone();
    EndpointSettings {
        ipam_config: fixed.then(|| EndpointIpamConfig {
            ipv4_address: endpoint.address.clone(),
            ipv6_address: endpoint.ipv6_address.clone(),
            link_local_ips: None,
        }),
        links: some(&endpoint.links),
        aliases: some(&endpoint.aliases),
        driver_opts: Some(options.into_iter().collect::<std::collections::HashMap<_, _>>())
            .filter(|options| !options.is_empty()),
        gw_priority: Some(endpoint.gateway_priority).filter(|priority| *priority != 0),
        ..EndpointSettings::default()
    }
}

/// By force, so that one whose network is half gone is let go of too.
pub(super) async fn disconnect(
    engine: &Engine,
    network: &str,
    container: &str,
) -> Result<(), HostError> {
    let network = DockerId::parse(network)?;
    let request = NetworkDisconnectRequest {
        container: DockerId::parse(container)?.to_string(),
        force: Some(true),
    };
    let disconnecting = engine.docker().disconnect_network(network.as_str(), request);
    engine.ask_within(limits::ENDPOINT, "disconnect container", disconnecting).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "f0ede96e22116d280483f13c594aa30085495c3f881d3a48a99a5aa6d0ff06e1";

    /// The answer of an engine 20.10.
    fn inspected() -> ContainerDetail {
        let container = json!({
            "Id": ID, "Name": "/shop-web-1", "State": {"Status": "running", "Running": true},
            "HostConfig": {"NetworkMode": "shop"},
            "NetworkSettings": {"Networks": {
                "shop": {
                    "IPAMConfig": {"IPv4Address": "10.77.1.9"}, "Links": null,
                    "Aliases": ["web", "f0ede96e2211"], "NetworkID": "89f4", "EndpointID": "ff40",
                    "IPAddress": "10.77.1.9", "GlobalIPv6Address": "", "DriverOpts": null,
                },
                "later": {"IPAMConfig": null, "Aliases": null, "NetworkID": "", "IPAddress": ""},
            }},
        });
        describe(serde_json::from_value(container).expect("a container"), None)
    }

    #[test]
    fn an_endpoint_is_what_was_asked_for() {
        let detail = inspected();
        assert_eq!(detail.member.name, "shop-web-1");
        assert_eq!((&*detail.member.state, &*detail.network_mode), ("running", "shop"));
        let shop = detail.endpoint("89f4", "shop").expect("an endpoint");
        assert_eq!(shop.endpoint.aliases, ["web"]);
        assert_eq!(shop.endpoint.address.as_deref(), Some("10.77.1.9"));
        assert_eq!(shop.attachment.address.as_deref(), Some("10.77.1.9"));
        let later = detail.endpoint("0000", "later").expect("known by its key until it is started");
        assert_eq!(later.endpoint, Endpoint::default());
        assert!(detail.endpoint("0000", "shop").is_none(), "another network of that name");
    }

    #[test]
    fn what_was_asked_for_is_asked_for_again() {
        let body = |endpoint: &Endpoint| serde_json::to_value(settings(endpoint)).expect("JSON");
        assert_eq!(body(&Endpoint::default()), json!({}));
        let detail = inspected();
        let shop = detail.endpoint("89f4", "shop").expect("an endpoint");
        let expected = json!({"IPAMConfig": {"IPv4Address": "10.77.1.9"}, "Aliases": ["web"]});
        assert_eq!(body(&shop.endpoint), expected);
    }
}
