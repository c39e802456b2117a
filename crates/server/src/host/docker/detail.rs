//! One container, read in full.

use std::collections::HashMap;

use bollard::models::{
    ContainerConfig, ContainerInspectResponse, ContainerState, EndpointSettings, NetworkSettings,
    PortBinding,
};
use futures_util::FutureExt;

use super::{
    super::{
        ContainerDetail, ContainerEndpoint, Endpoint, HostError, Member, Protocol, PublishedPort,
        engine::Engine,
    },
    id,
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
    let state = container.state.unwrap_or_default();
    let settings = container.network_settings.unwrap_or_default();
    let config = container.config.unwrap_or_default();
    let network_mode = container.host_config.and_then(|host| host.network_mode);
    let (image, labels) = told(config);
    ContainerDetail {
        endpoints: endpoints(&settings, &docker_id),
        ports: ports(settings),
        member: Member {
            name: name.strip_prefix('/').unwrap_or(&name).to_owned(),
            state: state.status.map(|state| state.to_string()).or(odd_state).unwrap_or_default(),
            docker_id,
        },
        network_mode: network_mode.unwrap_or_default(),
        image,
        labels,
        image_id: container.image.unwrap_or_default(),
        restarts: container.restart_count.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        ..condition(state)
    }
}

/// How it is, of its state.
fn condition(state: ContainerState) -> ContainerDetail {
    let health = state.health.and_then(|health| health.status).map(|status| status.to_string());
    ContainerDetail {
        exit_code: state.exit_code.unwrap_or_default(),
        health: health.filter(|health| !matches!(health.as_str(), "" | "none")),
        error: said(state.error.as_ref()),
        started_at: started_at(state.started_at.as_deref()),
        ..ContainerDetail::default()
    }
}

/// Docker writes the year 1 for one that was never started.
fn started_at(text: Option<&str>) -> Option<portolan_types::Timestamp> {
    let text = text.filter(|text| !text.starts_with("0001-"))?;
    serde_json::from_value(text.into()).ok()
}

/// The image and the labels that it was made with.
fn told(config: ContainerConfig) -> (String, std::collections::BTreeMap<String, String>) {
    let labels = config.labels.unwrap_or_default();
    (config.image.unwrap_or_default(), labels.into_iter().collect())
}

fn endpoints(settings: &NetworkSettings, docker_id: &str) -> Vec<ContainerEndpoint> {
    let endpoint = |(key, settings): (&String, &EndpointSettings)| ContainerEndpoint {
        attachment: attachment(key, settings),
        endpoint: asked(settings, docker_id),
    };
    let networks = settings.networks.iter().flatten();
    let mut endpoints: Vec<ContainerEndpoint> = networks.map(endpoint).collect();
    endpoints.sort_by(|a, b| a.attachment.key.cmp(&b.attachment.key));
    endpoints
}

/// Engines report a port once for each family of addresses.
fn ports(settings: NetworkSettings) -> Vec<PublishedPort> {
    let all: HashMap<String, Option<Vec<PortBinding>>> = settings.ports.unwrap_or_default();
    let of_one = |(inside, bindings): (String, Option<Vec<PortBinding>>)| {
        let bindings = bindings.into_iter().flatten();
        bindings.filter_map(|binding| port(&inside, &binding)).collect::<Vec<_>>()
    };
    let mut ports: Vec<PublishedPort> = all.into_iter().flat_map(of_one).collect();
    ports.sort();
    ports.dedup();
    ports
}

fn port(inside: &str, binding: &PortBinding) -> Option<PublishedPort> {
    let (container, protocol) = inside.split_once('/')?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let address = binding.host_ip.as_ref().and_then(|address| address.parse().ok());
    Some(PublishedPort {
        protocol,
        container: container.parse().ok()?,
        host: binding.host_port.as_ref()?.parse().ok()?,
        address: address.filter(|address: &std::net::IpAddr| !address.is_unspecified()),
    })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "f0ede96e22116d280483f13c594aa30085495c3f881d3a48a99a5aa6d0ff06e1";

    /// The answer of an engine 20.10.
    fn inspected() -> ContainerDetail {
        let container = json!({
            "Id": ID, "Name": "/shop-web-1", "RestartCount": 3, "Image": "sha256:0af",
            "State": {
                "Status": "running", "Running": true, "ExitCode": 0, "Error": "",
                "StartedAt": "2026-01-31T12:00:00.123456789Z", "Health": {"Status": "starting"},
            },
            "Config": {"Image": "shop:1", "Labels": {"a": "b"}},
            "HostConfig": {"NetworkMode": "shop"},
            "NetworkSettings": {"Ports": {
                "80/tcp": [
                    {"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"},
                ],
                "53/udp": [{"HostIp": "10.0.0.1", "HostPort": "53"}], "9000/tcp": null,
            }, "Networks": {
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
    fn a_container_tells_how_it_is() {
        let detail = inspected();
        assert!(detail.is_running());
        assert_eq!((&*detail.image, &*detail.image_id), ("shop:1", "sha256:0af"));
        assert_eq!(detail.labels["a"], "b");
        assert_eq!((detail.restarts, detail.health.as_deref()), (3, Some("starting")));
        assert_eq!(detail.error, None);
        let started = detail.started_at.expect("a time").to_string();
        assert_eq!(started, "2026-01-31T12:00:00.123Z");
        let port = |protocol, container, host, address: Option<&str>| PublishedPort {
            protocol,
            container,
            host,
            address: address.map(|address| address.parse().expect("an address")),
        };
        let (web, dns) =
            (port(Protocol::Tcp, 80, 8080, None), port(Protocol::Udp, 53, 53, Some("10.0.0.1")));
        assert_eq!(detail.ports, [web, dns]);
    }

    #[test]
    fn one_that_never_ran_has_no_time() {
        assert_eq!(started_at(Some("0001-01-01T00:00:00Z")), None);
    }
}
