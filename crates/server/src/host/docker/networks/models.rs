//! Networks in bollard's models and in ours.

use std::collections::HashMap;

use bollard::models::{Ipam, IpamConfig, Network, NetworkCreateRequest, NetworkInspect};
use portolan_types::DestinationKind;

use super::super::super::{HostNetwork, HostSubnet, NewNetwork};

/// Driver options of the networks that Portolan makes.
const ICC: &str = "com.docker.network.bridge.enable_icc";
const ENCRYPTED: &str = "encrypted";
const MTU: &str = "com.docker.network.driver.mtu";

impl From<Network> for HostNetwork {
    fn from(network: Network) -> Self {
        let subnets = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        Self {
            docker_id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            driver: network.driver.unwrap_or_default(),
            scope: network.scope.unwrap_or_default(),
            subnets: subnets.into_iter().map(HostSubnet::from).collect(),
            ipv6: network.enable_ipv6.unwrap_or_default(),
            internal: network.internal.unwrap_or_default(),
            attachable: network.attachable.unwrap_or_default(),
            ingress: network.ingress.unwrap_or_default(),
            created_at: network.created.and_then(|text| text.parse().ok()),
            labels: network.labels.unwrap_or_default().into_iter().collect(),
            options: network.options.unwrap_or_default().into_iter().collect(),
        }
    }
}

/// The same fields as in a list, and the members, which are asked for elsewhere.
impl From<NetworkInspect> for HostNetwork {
    fn from(network: NetworkInspect) -> Self {
        Self::from(Network {
            id: network.id,
            name: network.name,
            driver: network.driver,
            scope: network.scope,
            ipam: network.ipam,
            enable_ipv6: network.enable_ipv6,
            internal: network.internal,
            attachable: network.attachable,
            ingress: network.ingress,
            created: network.created,
            labels: network.labels,
            options: network.options,
            ..Network::default()
        })
    }
}

impl From<IpamConfig> for HostSubnet {
    fn from(config: IpamConfig) -> Self {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            subnet: config.subnet.unwrap_or_default(),
            gateway: said(config.gateway),
            range: said(config.ip_range),
        }
    }
}

/// `Attachable` is left out of a bridge, which any container may join.
impl From<&NewNetwork> for NetworkCreateRequest {
    fn from(network: &NewNetwork) -> Self {
        let wanted = &network.options;
        let (driver, attachable, option) = match network.kind {
            DestinationKind::Standalone => ("bridge", None, Some(ICC)),
            DestinationKind::Swarm => {
                ("overlay", Some(true), wanted.encrypted.then_some(ENCRYPTED))
            }
        };
        let flag = |name: &str| (name.to_owned(), "true".to_owned());
        let mut options: HashMap<String, String> = option.map(flag).into_iter().collect();
        options.extend(wanted.mtu.map(|mtu| (MTU.to_owned(), mtu.to_string())));
        Self {
            name: network.name.to_string(),
            driver: Some(driver.into()),
            attachable,
            internal: Some(wanted.internal),
            enable_ipv6: Some(wanted.ipv6),
            ipam: Some(ipam(network)),
            options: Some(options),
            labels: Some(network.labels.clone().into_iter().collect()),
            ..Self::default()
        }
    }
}

fn ipam(network: &NewNetwork) -> Ipam {
    let wanted = &network.options;
    let v4 = wanted.subnet.map(|subnet| IpamConfig {
        subnet: Some(subnet.to_string()),
        gateway: wanted.gateway.map(|gateway| gateway.to_string()),
        ip_range: wanted.range.map(|range| range.to_string()),
        ..IpamConfig::default()
    });
    let v6 = wanted
        .ipv6_subnet
        .map(|subnet| IpamConfig { subnet: Some(subnet.to_string()), ..IpamConfig::default() });
    let config = v4.into_iter().chain(v6).collect();
    Ipam { driver: Some("default".into()), config: Some(config), options: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{super::super::super::engine::refusing_duplicates, *};

    #[test]
    fn nulls_and_gaps_are_empty() {
        let network: Network = serde_json::from_value(json!({
            "Name": "web", "Id": "1", "Labels": null, "Options": null, "New": {"x": 1},
            "IPAM": {"Driver": "default", "Options": null, "Config": null},
        }))
        .expect("a network");
        let network = HostNetwork::from(network);
        assert_eq!(network.name, "web");
        assert!(network.labels.is_empty() && network.subnets.is_empty());
    }

    #[test]
    fn a_network_is_asked_for_in_full() {
        let network = NewNetwork {
            kind: DestinationKind::Standalone,
            name: "web".parse().expect("a name"),
            options: serde_json::from_value(json!({
                "subnet": "10.20.0.0/24", "gateway": "10.20.0.1", "range": "10.20.0.128/25",
                "ipv6_subnet": "fd12:3456:789a:1::/64", "internal": true, "mtu": 1450,
            }))
            .expect("options"),
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        let body = serde_json::to_vec(&NetworkCreateRequest::from(&network)).expect("JSON");
        let body = refusing_duplicates(&body).expect("JSON");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let expected = json!({
            "Name": "web", "CheckDuplicate": true, "Driver": "bridge", "Internal": true,
            "EnableIPv6": true, "Labels": {"a": "b"},
            "IPAM": {"Driver": "default", "Config": [
                {"Subnet": "10.20.0.0/24", "Gateway": "10.20.0.1", "IPRange": "10.20.0.128/25"},
                {"Subnet": "fd12:3456:789a:1::/64"},
            ]},
            "Options": {
                "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.driver.mtu": "1450",
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_overlay_can_be_joined_by_containers() {
        let network = NewNetwork {
            kind: DestinationKind::Swarm,
            name: "sea".parse().expect("a name"),
            options: serde_json::from_value(json!({ "encrypted": true })).expect("options"),
            labels: BTreeMap::new(),
        };
        let body = serde_json::to_value(NetworkCreateRequest::from(&network)).expect("JSON");
        assert_eq!((&body["Driver"], &body["Attachable"]), (&json!("overlay"), &json!(true)));
        assert_eq!(body["Options"], json!({ "encrypted": "true" }));
    }
}
