//! A container's places on networks: made, taken away.

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, NetworkConnectRequest, NetworkDisconnectRequest,
};

use super::{
    super::{Endpoint, HostError, engine::Engine, limits},
    id::{DockerId, is_plain},
};

pub(super) async fn connect(
    engine: &Engine,
    network: &str,
    container: &str,
    endpoint: &Endpoint,
) -> Result<(), HostError> {
    let network = named(network)?;
    let request = NetworkConnectRequest {
        container: DockerId::parse(container)?.to_string(),
        endpoint_config: Some(settings(endpoint)),
    };
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let connecting = engine.docker().connect_network(network, request.clone());
        match engine.ask_within(limits::ENDPOINT, "connect container", connecting).await {
            Err(error) if error.is_slow_swarm() && tries > 0 => {
                tracing::warn!(network, container, "the swarm was slow to give out a place");
            }
            answer => return answer,
        }
    }
}

/// How often a place is asked for. An engine waits 20 s for the swarm to give one out on an overlay,
/// and takes its request back then; a swarm that was busy has it at hand for the next.
const TRIES: usize = 3;

/// A container that is made is told its networks as it likes; others are put on one by its id.
fn named(network: &str) -> Result<&str, HostError> {
    if is_plain(network) { Ok(network) } else { DockerId::parse(network).map(DockerId::as_str) }
}

pub(super) fn settings(endpoint: &Endpoint) -> EndpointSettings {
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

    #[test]
    fn what_was_asked_for_is_asked_for_again() {
        let body = |endpoint: &Endpoint| serde_json::to_value(settings(endpoint)).expect("JSON");
        assert_eq!(body(&Endpoint::default()), json!({}));
        let shop = Endpoint {
            aliases: vec!["web".into()],
            address: Some("10.77.1.9".into()),
            ..Endpoint::default()
        };
        let expected = json!({"IPAMConfig": {"IPv4Address": "10.77.1.9"}, "Aliases": ["web"]});
        assert_eq!(body(&shop), expected);
    }
}
