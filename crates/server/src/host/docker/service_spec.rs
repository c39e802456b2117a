//! A service as it is asked for, in the engine's words.

use serde_json::{Map, Value, json};

use super::super::{
    Capabilities, FoundBy, HealthProbe, Mount, MountAccess, MountSource, NetworkMode, NewContainer,
    NewService, Place, PublishedPort, RestartPolicy, RootFilesystem, UpdateOrder,
};

/// The whole definition.
pub(super) fn of(new: &NewService) -> Map<String, Value> {
    let order = match new.order {
        UpdateOrder::StartFirst => "start-first",
        UpdateOrder::StopFirst => "stop-first",
    };
    let mode = match new.found_by {
        FoundBy::Address => "vip",
        FoundBy::Tasks => "dnsrr",
    };
    let ports: Vec<Value> = new.task.ports.iter().map(port).collect();
    object(json!({
        "Name": new.task.name,
        "Labels": new.labels,
        "TaskTemplate": task(&new.task, new.forced),
        "Mode": { "Replicated": { "Replicas": new.replicas } },
        "UpdateConfig": {
            "Parallelism": new.at_once, "Order": order, "FailureAction": "pause",
        },
        "EndpointSpec": { "Mode": mode, "Ports": ports },
    }))
}

fn task(task: &NewContainer, forced: u64) -> Map<String, Value> {
    let limits = json!({
        "MemoryBytes": task.limits.memory_bytes,
        "NanoCPUs": task.limits.millicpus.map(|thousandths| thousandths * 1_000_000),
        "Pids": task.limits.processes,
    });
    let networks: Vec<Value> = places(&task.network).iter().map(place).collect();
    object(json!({
        "ContainerSpec": container(task),
        "Resources": { "Limits": object(limits) },
        "RestartPolicy": { "Condition": restart(task.restart) },
        "Networks": networks,
        "ForceUpdate": forced,
    }))
}

fn container(task: &NewContainer) -> Map<String, Value> {
    let environment = task.environment.iter().map(|(key, value)| format!("{key}={value}"));
    let mounts: Vec<Value> = task.mounts.iter().map(|one| mount(task, one)).collect();
    let only = match &task.privileges.capabilities {
        Capabilities::OfEngine => None,
        Capabilities::Only(kept) => Some(kept),
    };
    object(json!({
        "Image": task.image,
        "Command": task.entrypoint,
        "Args": Some(&task.command).filter(|words| !words.is_empty()),
        "Env": environment.collect::<Vec<_>>(),
        "Labels": task.labels,
        "User": task.user,
        "Dir": task.working_dir,
        "Hostname": task.hostname,
        "Init": task.init.then_some(true),
        "StopSignal": task.stop_signal,
        "ReadOnly": (task.privileges.root == RootFilesystem::ReadOnly).then_some(true),
        "CapabilityDrop": only.map(|_| ["ALL"]),
        "CapabilityAdd": only,
        "Mounts": mounts,
        "Healthcheck": task.health.as_ref().map(health),
        "StopGracePeriod": task.stop_timeout.map(nanoseconds),
    }))
}

/// What is not said is the engine's to decide.
fn object(value: Value) -> Map<String, Value> {
    let Value::Object(mut map) = value else { return Map::new() };
    map.retain(|_, value| !value.is_null());
    map
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 1)
}

/// A program without a shell: the first word says so.
fn health(probe: &HealthProbe) -> Value {
    let test = std::iter::once("CMD").chain(probe.command.iter().map(String::as_str));
    json!({
        "Test": test.collect::<Vec<_>>(),
        "Interval": nanoseconds(probe.interval),
        "Timeout": nanoseconds(probe.timeout),
        "StartPeriod": nanoseconds(probe.start_period),
        "Retries": probe.retries,
    })
}

fn places(mode: &NetworkMode) -> &[Place] {
    match mode {
        NetworkMode::Networks(places) => places,
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container(_) => &[],
    }
}

fn place(place: &Place) -> Value {
    json!({ "Target": place.network, "Aliases": place.endpoint.aliases })
}

/// Through the mesh: on every node, whichever runs a task.
fn port(port: &PublishedPort) -> Value {
    json!({
        "Protocol": port.protocol.as_str(), "TargetPort": port.container,
        "PublishedPort": port.host, "PublishMode": "ingress",
    })
}

/// A volume that a node makes carries the labels of its container.
fn mount(task: &NewContainer, mount: &Mount) -> Value {
    let read_only = mount.access == MountAccess::ReadOnly;
    let (kind, source, more) = match &mount.source {
        MountSource::Volume(name) => {
            ("volume", Some(name), ("VolumeOptions", json!({ "Labels": task.labels })))
        }
        MountSource::Bind(path) => ("bind", Some(path), ("BindOptions", Value::Null)),
        MountSource::Memory(memory) => {
            let options = object(json!({ "SizeBytes": memory.bytes, "Mode": memory.mode }));
            ("tmpfs", None, ("TmpfsOptions", Value::Object(options)))
        }
    };
    let (key, options) = more;
    Value::Object(object(json!({
        "Type": kind, "Source": source, "Target": mount.target, "ReadOnly": read_only,
        key: options,
    })))
}

const fn restart(policy: RestartPolicy) -> &'static str {
    match policy {
        RestartPolicy::Never => "none",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::UnlessStopped => "any",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::{Endpoint, Limits, Protocol};

    #[test]
    fn what_is_asked_for_is_what_the_swarm_reads() {
        let endpoint = Endpoint { aliases: vec!["shop".into()], ..Endpoint::default() };
        let place = Place { network: "sea".into(), endpoint };
        let published =
            PublishedPort { protocol: Protocol::Udp, container: 53, host: 5353, address: None };
        let data = Mount {
            source: MountSource::Volume("shop-data".into()),
            target: "/data".into(),
            access: MountAccess::ReadOnly,
        };
        let new = NewService {
            task: NewContainer {
                name: "shop-1".into(),
                image: "shop:1@sha256:0af".into(),
                entrypoint: Some(vec!["/shop".into()]),
                command: vec!["run; rm -rf /".into()],
                environment: [("A".into(), "b c".into())].into(),
                labels: [("of".into(), "shop".into())].into(),
                network: NetworkMode::Networks(vec![place]),
                ports: vec![published],
                mounts: vec![data],
                restart: RestartPolicy::UnlessStopped,
                limits: Limits { memory_bytes: Some(64), millicpus: Some(500), processes: None },
                stop_timeout: Some(Duration::from_secs(1)),
                ..NewContainer::default()
            },
            labels: [("by".into(), "portolan".into())].into(),
            replicas: 3,
            forced: 7,
            order: UpdateOrder::StopFirst,
            at_once: 2,
            found_by: FoundBy::Address,
        };
        let expected = json!({
            "Name": "shop-1", "Labels": {"by": "portolan"},
            "Mode": {"Replicated": {"Replicas": 3}},
            "UpdateConfig": {"Parallelism": 2, "Order": "stop-first", "FailureAction": "pause"},
            "EndpointSpec": {"Mode": "vip", "Ports": [{
                "Protocol": "udp", "TargetPort": 53, "PublishedPort": 5353,
                "PublishMode": "ingress",
            }]},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "shop:1@sha256:0af", "Command": ["/shop"], "Args": ["run; rm -rf /"],
                    "Env": ["A=b c"], "Labels": {"of": "shop"}, "StopGracePeriod": 1_000_000_000,
                    "Mounts": [{
                        "Type": "volume", "Source": "shop-data", "Target": "/data",
                        "ReadOnly": true, "VolumeOptions": {"Labels": {"of": "shop"}},
                    }],
                },
                "Resources": {"Limits": {"MemoryBytes": 64, "NanoCPUs": 500_000_000}},
                "RestartPolicy": {"Condition": "any"},
                "Networks": [{"Target": "sea", "Aliases": ["shop"]}],
                "ForceUpdate": 7,
            },
        });
        assert_eq!(Value::Object(of(&new)), expected);
    }
}
