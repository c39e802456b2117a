//! What a manager knows of its swarm: nodes, services, tasks, and whether it has a leader.
//!
//! Read into models of our own: bollard's lack where a task is attached, and close the words for
//! the states of tasks and nodes.

use std::collections::HashMap;

use portolan_types::Timestamp;
use serde::{Deserialize, Deserializer};

use super::{
    super::{
        HostError, HostNode, HostService, HostTask, ServiceUpdate, SwarmAlias, SwarmEndpoint,
        TaskVersion, engine::Engine, label, words::clean,
    },
    id::{self, DockerId, is_plain},
    members,
    networks::unless_missing,
};

/// Whether an engine can speak for a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// It is a manager of a swarm with a leader.
    Manager,
    /// It is no manager at work: what it says of networks is about itself.
    Own,
}

/// Asks something that only a swarm with a leader answers. Without one, `GET /networks` leaves the
/// networks of the swarm out and finding one answers 404, as if they were gone
/// (`getNetworksList` in moby's `api/server/router/network` drops the error).
pub(super) async fn voice(engine: &Engine) -> Result<Voice, HostError> {
    match engine.read::<Vec<serde::de::IgnoredAny>>("ask for the leader", "/nodes").await {
        Ok(_) => Ok(Voice::Manager),
        Err(HostError::Docker { status: 503, message }) if is_no_voice(&message) => Ok(Voice::Own),
        Err(error) => Err(error),
    }
}

/// No manager, or one whose swarm is locked since its engine started.
fn is_no_voice(message: &str) -> bool {
    ["not a swarm manager", "needs to be unlocked"].iter().any(|part| message.contains(part))
}

pub(super) async fn nodes(engine: &Engine) -> Result<Vec<HostNode>, HostError> {
    let found: Vec<Node> = engine.read("list nodes", "/nodes").await?;
    Ok(found.into_iter().map(HostNode::from).collect())
}

pub(super) async fn services(engine: &Engine) -> Result<Vec<HostService>, HostError> {
    let found: Vec<Service> = engine.read("list services", "/services").await?;
    Ok(found.into_iter().map(HostService::from).collect())
}

/// Those of services and those that stand for containers attached by hand, which the engine hides
/// unless it is asked for them.
pub(super) async fn tasks(engine: &Engine) -> Result<Vec<HostTask>, HostError> {
    let filters =
        id::filters(&[("runtime", &["container", "attachment"]), ("desired-state", &["running"])]);
    let found: Vec<Task> = engine.read("list tasks", &format!("/tasks?filters={filters}")).await?;
    Ok(found.into_iter().map(HostTask::from).collect())
}

/// The engine takes ids, names and beginnings of ids.
pub(super) async fn service(engine: &Engine, name: &str) -> Result<Option<HostService>, HostError> {
    if !is_plain(name) {
        return Ok(None);
    }
    let asking = engine.read::<Service>("inspect service", &format!("/services/{name}")).await;
    let found = unless_missing(asking)?.map(HostService::from);
    Ok(found.filter(|found| found.name == name))
}

/// Those that are over too, as long as the swarm remembers them.
pub(super) async fn service_tasks(
    engine: &Engine,
    docker_id: &str,
) -> Result<Vec<HostTask>, HostError> {
    let filters = id::filters(&[("service", &[DockerId::parse(docker_id)?.as_str()])]);
    let found: Vec<Task> = engine.read("list tasks", &format!("/tasks?filters={filters}")).await?;
    let tasks = found.into_iter().map(HostTask::from);
    Ok(tasks.filter(|task| task.service_id.as_deref() == Some(docker_id)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    #[serde(rename = "ID")]
    id: String,
    #[serde(deserialize_with = "nullable")]
    description: NodeDescription,
    #[serde(deserialize_with = "nullable")]
    status: Status,
    manager_status: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NodeDescription {
    hostname: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Status {
    state: String,
    timestamp: Option<String>,
    err: Option<String>,
    #[serde(rename = "ContainerStatus", deserialize_with = "nullable")]
    container: ContainerStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    container_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(deserialize_with = "nullable")]
    spec: ServiceSpec,
    #[serde(deserialize_with = "nullable")]
    endpoint: Endpoint,
    update_status: Option<UpdateStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct UpdateStatus {
    state: String,
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ServiceSpec {
    name: String,
    #[serde(deserialize_with = "nullable")]
    labels: HashMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    task_template: TaskSpec,
    /// Where services of old clients name their networks.
    #[serde(deserialize_with = "nullable")]
    networks: Vec<Target>,
    #[serde(deserialize_with = "nullable")]
    mode: Mode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Mode {
    replicated: Option<Replicated>,
    replicated_job: Option<serde::de::IgnoredAny>,
    global_job: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Replicated {
    replicas: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TaskSpec {
    #[serde(deserialize_with = "nullable")]
    force_update: u64,
    #[serde(deserialize_with = "nullable")]
    container_spec: ContainerSpec,
    #[serde(deserialize_with = "nullable")]
    network_attachment_spec: ContainerStatus,
    #[serde(deserialize_with = "nullable")]
    networks: Vec<Target>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerSpec {
    image: String,
    #[serde(deserialize_with = "nullable")]
    labels: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Target {
    target: String,
    #[serde(deserialize_with = "nullable")]
    aliases: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    #[serde(rename = "VirtualIPs", deserialize_with = "nullable")]
    virtual_ips: Vec<VirtualIp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VirtualIp {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "Addr")]
    address: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Task {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "NodeID")]
    node_id: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(deserialize_with = "nullable")]
    slot: u32,
    desired_state: String,
    #[serde(deserialize_with = "nullable")]
    spec: TaskSpec,
    #[serde(deserialize_with = "nullable")]
    status: Status,
    #[serde(deserialize_with = "nullable")]
    networks_attachments: Vec<NetworkAttachment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkAttachment {
    #[serde(deserialize_with = "nullable")]
    network: NetworkOfTask,
    #[serde(deserialize_with = "nullable")]
    addresses: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NetworkOfTask {
    #[serde(rename = "ID")]
    id: String,
}

/// Docker writes null where there is nothing.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl From<Node> for HostNode {
    fn from(node: Node) -> Self {
        Self {
            node_id: node.id,
            hostname: clean(&node.description.hostname),
            state: clean(&node.status.state),
            is_manager: node.manager_status.is_some(),
        }
    }
}

fn aliases(target: &Target) -> impl Iterator<Item = SwarmAlias> {
    let alias =
        |name: &String| SwarmAlias { network_id: target.target.clone(), name: name.clone() };
    target.aliases.iter().map(alias)
}

/// A service that is found by its tasks has no address of its own.
impl From<Service> for HostService {
    fn from(service: Service) -> Self {
        let Service { id, spec, endpoint, update_status } = service;
        let targets = match spec.task_template.networks.as_slice() {
            [] => spec.networks,
            _ => spec.task_template.networks,
        };
        let aliases = targets.iter().flat_map(aliases).collect();
        let networks: Vec<String> = targets.into_iter().map(|one| one.target).collect();
        let addressed = endpoint
            .virtual_ips
            .into_iter()
            .map(|ip| SwarmEndpoint { network_id: ip.network_id, address: bare(&ip.address) });
        let mut endpoints: Vec<SwarmEndpoint> = addressed.collect();
        for target in &networks {
            if !endpoints.iter().any(|endpoint| endpoint.network_id == *target) {
                endpoints.push(SwarmEndpoint { network_id: target.clone(), address: None });
            }
        }
        let label = |key: &str| spec.labels.get(key).cloned();
        let (application, deployment) = (label(label::APPLICATION), label(label::DEPLOYMENT));
        let version = version(&spec.task_template.container_spec, spec.task_template.force_update);
        let update = update_status.map(|status| ServiceUpdate {
            state: clean(&status.state),
            message: clean(&status.message),
        });
        Self {
            docker_id: id,
            name: spec.name,
            image: spec.task_template.container_spec.image,
            project: members::PROJECT_LABELS.iter().find_map(|key| spec.labels.get(*key).cloned()),
            routes: members::routes(&spec.labels),
            endpoints,
            networks,
            aliases,
            update,
            is_job: spec.mode.replicated_job.is_some() || spec.mode.global_job.is_some(),
            application,
            deployment,
            replicas: spec.mode.replicated.and_then(|mode| mode.replicas),
            version,
        }
    }
}

fn version(container: &ContainerSpec, forced: u64) -> TaskVersion {
    TaskVersion { deployment: container.labels.get(label::DEPLOYMENT).cloned(), forced }
}

/// What it is in this state for, and since when.
fn told(status: &Status) -> (Option<String>, Option<Timestamp>) {
    let error = status.err.as_deref().map(clean).filter(|error| !error.is_empty());
    let since = status.timestamp.as_deref().and_then(|text| text.parse().ok());
    (error, since)
}

impl From<Task> for HostTask {
    fn from(task: Task) -> Self {
        let (error, since) = told(&task.status);
        let version = version(&task.spec.container_spec, task.spec.force_update);
        let containers = [task.status.container, task.spec.network_attachment_spec].into_iter();
        let endpoint = |attachment: NetworkAttachment| SwarmEndpoint {
            network_id: attachment.network.id,
            address: attachment.addresses.first().and_then(|address| bare(address)),
        };
        Self {
            docker_id: task.id,
            node_id: task.node_id,
            service_id: Some(task.service_id).filter(|id| !id.is_empty()),
            container_id: containers.map(|one| one.container_id).find(|id| !id.is_empty()),
            state: clean(&task.status.state),
            endpoints: task.networks_attachments.into_iter().map(endpoint).collect(),
            slot: (task.slot > 0).then_some(task.slot),
            version,
            error,
            since,
            is_past: !task.desired_state.is_empty()
                && !matches!(task.desired_state.as_str(), "running" | "ready"),
        }
    }
}

/// An address without its prefix.
fn bare(address: &str) -> Option<String> {
    let bare = address.split('/').next().unwrap_or_default();
    (!bare.is_empty()).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<T: Default + serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("a model")
    }

    #[test]
    fn nulls_gaps_and_new_words_are_read() {
        let node = HostNode::from(read::<Node>(json!({
            "ID": "n1", "Description": null, "Status": { "State": "dozing" }, "New": 1,
        })));
        assert_eq!((node.state.as_str(), node.is_manager), ("dozing", false));
        let service = HostService::from(read::<Service>(json!({ "ID": "s", "Endpoint": {} })));
        assert_eq!(service.endpoints, []);
    }

    #[test]
    fn a_service_is_on_the_networks_of_its_tasks() {
        let service = HostService::from(read::<Service>(json!({
            "ID": "s1",
            "Spec": {
                "Name": "shop_web",
                "Labels": { "com.docker.stack.namespace": "shop" },
                "TaskTemplate": {
                    "ContainerSpec": { "Image": "traefik:v3@sha256:0af" },
                    "Networks": [{ "Target": "net1" }, { "Target": "net2" }],
                },
            },
            "Endpoint": { "VirtualIPs": [{ "NetworkID": "net1", "Addr": "10.0.1.5/24" }] },
        })));
        assert!(service.is_on("net1") && service.is_on("net2") && !service.is_on("net3"));
        assert_eq!(service.endpoints[0].address.as_deref(), Some("10.0.1.5"));
        assert_eq!(service.project.as_deref(), Some("shop"));
        assert!(service.is_proxy());
    }

    #[test]
    fn a_container_attached_by_hand_is_a_task_without_a_service() {
        let task = HostTask::from(read::<Task>(json!({
            "ID": "t1", "NodeID": "n1",
            "Spec": { "NetworkAttachmentSpec": { "ContainerID": "0af" }, "Runtime": "attachment" },
            "Status": { "State": "running", "PortStatus": {} },
            "NetworksAttachments": [{ "Network": { "ID": "net1" }, "Addresses": ["10.0.1.6/24"] }],
        })));
        assert_eq!(task.service_id, None);
        assert_eq!(task.container_id.as_deref(), Some("0af"));
        assert!(task.is_on("net1"));
    }
}
