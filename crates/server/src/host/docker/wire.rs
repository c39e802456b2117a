//! The parts of Docker's answers that Portolan reads, as they are on the wire.
//!
//! Lenient on purpose: what is missing or null is empty, what is unknown is skipped, so that one
//! odd network does not hide the others. Go writes empty maps and lists as `null`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::super::{HostEvent, HostNetwork, HostSubnet, Member, NewNetwork};

/// Driver options of every bridge that Portolan makes.
const ICC: &str = "com.docker.network.bridge.enable_icc";
const MTU: &str = "com.docker.network.driver.mtu";

fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}

/// An item of `GET /networks`, and the answer of `GET /networks/ID`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Network {
    id: String,
    name: String,
    driver: String,
    scope: String,
    #[serde(rename = "EnableIPv6", deserialize_with = "or_default")]
    ipv6: bool,
    #[serde(deserialize_with = "or_default")]
    internal: bool,
    #[serde(rename = "IPAM", deserialize_with = "or_default")]
    ipam: Ipam,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    options: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ipam {
    #[serde(deserialize_with = "or_default")]
    config: Vec<IpamConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct IpamConfig {
    subnet: String,
    gateway: String,
    #[serde(rename = "IPRange")]
    range: String,
}

impl From<Network> for HostNetwork {
    fn from(network: Network) -> Self {
        Self {
            docker_id: network.id,
            name: network.name,
            driver: network.driver,
            scope: network.scope,
            subnets: network.ipam.config.into_iter().map(HostSubnet::from).collect(),
            ipv6: network.ipv6,
            internal: network.internal,
            labels: network.labels,
            options: network.options,
        }
    }
}

impl From<IpamConfig> for HostSubnet {
    fn from(config: IpamConfig) -> Self {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        Self { subnet: config.subnet, gateway: said(config.gateway), range: said(config.range) }
    }
}

/// The body of `POST /networks/create`. `Attachable` is left out: it is for overlay networks, any
/// container may join a bridge.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateNetwork<'a> {
    name: &'a str,
    /// Engines before 25 allow several networks of one name unless asked not to.
    check_duplicate: bool,
    driver: &'static str,
    internal: bool,
    #[serde(rename = "EnableIPv6")]
    ipv6: bool,
    #[serde(rename = "IPAM")]
    ipam: CreateIpam,
    options: BTreeMap<&'static str, String>,
    labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateIpam {
    driver: &'static str,
    config: Vec<CreateSubnet>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSubnet {
    subnet: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    #[serde(rename = "IPRange", skip_serializing_if = "Option::is_none")]
    range: Option<String>,
}

impl<'a> From<&'a NewNetwork> for CreateNetwork<'a> {
    fn from(network: &'a NewNetwork) -> Self {
        let wanted = &network.options;
        let v4 = wanted.subnet.map(|subnet| CreateSubnet {
            subnet: subnet.to_string(),
            gateway: wanted.gateway.map(|gateway| gateway.to_string()),
            range: wanted.range.map(|range| range.to_string()),
        });
        let v6 = wanted.ipv6_subnet.map(|subnet| CreateSubnet {
            subnet: subnet.to_string(),
            gateway: None,
            range: None,
        });
        let mut options = BTreeMap::from([(ICC, "true".to_owned())]);
        options.extend(wanted.mtu.map(|mtu| (MTU, mtu.to_string())));
        Self {
            name: network.name.as_str(),
            check_duplicate: true,
            driver: "bridge",
            internal: wanted.internal,
            ipv6: wanted.ipv6,
            ipam: CreateIpam { driver: "default", config: v4.into_iter().chain(v6).collect() },
            options,
            labels: &network.labels,
        }
    }
}

/// The answer to it. A `Warning` may come along; the network exists then all the same.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    pub(super) id: String,
}

/// An item of `GET /containers/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Container {
    id: String,
    #[serde(deserialize_with = "or_default")]
    names: Vec<String>,
    state: String,
    #[serde(deserialize_with = "or_default")]
    network_settings: NetworkSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, Endpoint>,
}

/// A container's place on one network. The id is empty until it was started for the first time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network_id: String,
}

impl Container {
    /// Whether it is on this network, or will be once started.
    pub(super) fn is_on(&self, docker_id: &str, name: &str) -> bool {
        self.network_settings.networks.iter().any(|(key, endpoint)| {
            let by_key = key == name || key == docker_id;
            endpoint.network_id == docker_id || (endpoint.network_id.is_empty() && by_key)
        })
    }
}

impl From<Container> for Member {
    fn from(container: Container) -> Self {
        // Links add names such as `/other/alias`; its own has one slash.
        let own = container.names.iter().filter_map(|name| name.strip_prefix('/'));
        let name = own.clone().find(|name| !name.contains('/')).or_else(|| own.clone().next());
        Self {
            name: name.unwrap_or(&container.id).to_owned(),
            docker_id: container.id,
            state: container.state,
        }
    }
}

/// A line of `GET /events`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    actor: Actor,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes", deserialize_with = "or_default")]
    attributes: BTreeMap<String, String>,
}

impl Event {
    /// The event when it is about a network.
    pub(super) fn of_network(mut self) -> Option<HostEvent> {
        (self.r#type == "network").then(|| HostEvent {
            action: self.action,
            docker_id: self.actor.id,
            name: self.actor.attributes.remove("name").unwrap_or_default(),
        })
    }
}

/// `GET /info`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) operating_system: String,
    pub(super) architecture: String,
    pub(super) kernel_version: String,
    #[serde(rename = "NCPU")]
    pub(super) cpus: u64,
    pub(super) mem_total: u64,
    pub(super) docker_root_dir: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) swarm: Swarm,
    #[serde(deserialize_with = "or_default")]
    pub(super) default_address_pools: Vec<AddressPool>,
    #[serde(deserialize_with = "or_default")]
    pub(super) warnings: Vec<String>,
}

/// The engine's part in a swarm; all empty where it has none.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Swarm {
    pub(super) local_node_state: String,
    pub(super) control_available: bool,
    pub(super) error: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AddressPool {
    pub(super) base: String,
    pub(super) size: u8,
}

/// `GET /version`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) api_version: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn a_member_has_its_own_name() {
        let member = |names: serde_json::Value| {
            let container = json!({"Id": "0af", "Names": names, "State": "exited"});
            Member::from(serde_json::from_value::<Container>(container).expect("a container")).name
        };
        assert_eq!(member(json!(["/other/alias", "/web-1"])), "web-1");
        assert_eq!(member(json!(["/other/alias"])), "other/alias");
        assert_eq!(member(json!(null)), "0af");
    }

    #[test]
    fn a_network_is_asked_for_in_full() {
        let network = NewNetwork {
            name: "web".parse().expect("a name"),
            options: serde_json::from_value(json!({
                "subnet": "10.20.0.0/24", "gateway": "10.20.0.1", "range": "10.20.0.128/25",
                "ipv6_subnet": "fd12:3456:789a:1::/64", "internal": true, "mtu": 1450,
            }))
            .expect("options"),
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        let body = serde_json::to_value(CreateNetwork::from(&network)).expect("JSON");
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
}
