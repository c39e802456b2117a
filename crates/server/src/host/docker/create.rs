//! Makes containers: what is asked for, in the engine's words.

use std::{collections::HashMap, time::Duration};

use bollard::{
    models::{
        ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, Mount as MountModel,
        MountTmpfsOptions, MountType, NetworkingConfig, PortBinding, RestartPolicy as RestartModel,
        RestartPolicyNameEnum,
    },
    query_parameters::CreateContainerOptionsBuilder,
};

use super::{
    super::{
        Afterwards, Capabilities, Gaining, HealthProbe, HostError, Mount, MountAccess, MountSource,
        NetworkMode, NewContainer, Place, PublishedPort, RestartPolicy, RootFilesystem,
        engine::Engine, limits,
    },
    containers,
    endpoints::{self, settings},
    id::DockerId,
};

/// Engines before 25 make a container on one network: it is put on the others before it is started.
pub(super) async fn create(engine: &Engine, new: &NewContainer) -> Result<String, HostError> {
    let (with, after) = places(new).split_at(places(new).len().min(at_once(engine)));
    let options = CreateContainerOptionsBuilder::new().name(&new.name).build();
    let creating = engine.docker().create_container(Some(options), body(new, with));
    let made = engine.ask_within(limits::CONTAINER, "create container", creating).await?;
    let id = DockerId::parse(&made.id)?.to_string();
    for place in after {
        if let Err(error) = endpoints::connect(engine, &place.network, &id, &place.endpoint).await {
            // What it could not be made with is worth more than that it could not be removed.
            drop(containers::remove(engine, &id).await);
            return Err(error);
        }
    }
    Ok(id)
}

fn at_once(engine: &Engine) -> usize {
    if engine.makes_on_many_networks() { usize::MAX } else { 1 }
}

fn places(new: &NewContainer) -> &[Place] {
    match &new.network {
        NetworkMode::Networks(places) => places,
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container(_) => &[],
    }
}

fn body(new: &NewContainer, with: &[Place]) -> ContainerCreateBody {
    let some = |texts: &Vec<String>| Some(texts.clone()).filter(|texts| !texts.is_empty());
    let environment = new.environment.iter().map(|(key, value)| format!("{key}={value}"));
    ContainerCreateBody {
        image: Some(new.image.clone()),
        entrypoint: new.entrypoint.clone(),
        cmd: some(&new.command),
        env: some(&environment.collect()),
        labels: Some(new.labels.clone().into_iter().collect()),
        user: new.user.clone(),
        working_dir: new.working_dir.clone(),
        hostname: new.hostname.clone(),
        stop_signal: new.stop_signal.clone(),
        exposed_ports: some(&new.ports.iter().map(inside).collect()),
        stop_timeout: new.stop_timeout.and_then(|time| i64::try_from(time.as_secs()).ok()),
        healthcheck: new.health.as_ref().map(health),
        host_config: Some(host_config(new)),
        networking_config: networking(with),
        ..ContainerCreateBody::default()
    }
}

/// A program without a shell: the first word says so.
fn health(probe: &HealthProbe) -> HealthConfig {
    let nanoseconds = |time: Duration| i64::try_from(time.as_nanos()).ok();
    let test = std::iter::once("CMD".to_owned()).chain(probe.command.iter().cloned());
    HealthConfig {
        test: Some(test.collect()),
        interval: nanoseconds(probe.interval),
        timeout: nanoseconds(probe.timeout),
        start_period: nanoseconds(probe.start_period),
        retries: Some(i64::from(probe.retries)),
        ..HealthConfig::default()
    }
}

fn networking(with: &[Place]) -> Option<NetworkingConfig> {
    let endpoint = |place: &Place| (place.network.clone(), settings(&place.endpoint));
    let endpoints: HashMap<String, EndpointSettings> = with.iter().map(endpoint).collect();
    let endpoints_config = Some(endpoints).filter(|all| !all.is_empty())?;
    Some(NetworkingConfig { endpoints_config: Some(endpoints_config) })
}

fn host_config(new: &NewContainer) -> HostConfig {
    let only = match &new.privileges.capabilities {
        Capabilities::OfEngine => None,
        Capabilities::Only(kept) => Some(kept.clone()),
    };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    HostConfig {
        network_mode: Some(network_mode(&new.network)),
        port_bindings: Some(bindings(&new.ports)).filter(|all| !all.is_empty()),
        mounts: Some(new.mounts.iter().map(mount).collect()),
        restart_policy: Some(restart(new.restart)),
        init: new.init.then_some(true),
        auto_remove: Some(new.afterwards == Afterwards::Removed),
        cap_drop: only.as_ref().map(|_| vec!["ALL".to_owned()]),
        security_opt: (new.privileges.gaining == Gaining::Never)
            .then(|| vec!["no-new-privileges:true".to_owned()]),
        cap_add: only,
        dns_options: Some(new.resolver_options.clone()).filter(|options| !options.is_empty()),
        readonly_rootfs: Some(new.privileges.root == RootFilesystem::ReadOnly),
        memory: new.limits.memory_bytes.map(number),
        nano_cpus: new.limits.millicpus.map(|thousandths| number(thousandths * 1_000_000)),
        pids_limit: new.limits.processes.map(i64::from),
        ..HostConfig::default()
    }
}

fn network_mode(mode: &NetworkMode) -> String {
    match mode {
        NetworkMode::None => "none".into(),
        NetworkMode::Host => "host".into(),
        NetworkMode::Container(docker_id) => format!("container:{docker_id}"),
        // The first is in the networking configuration too; without any the container has none.
        NetworkMode::Networks(places) => {
            places.first().map_or_else(|| "none".into(), |place| place.network.clone())
        }
    }
}

fn inside(port: &PublishedPort) -> String {
    format!("{}/{}", port.container, port.protocol.as_str())
}

fn bindings(ports: &[PublishedPort]) -> HashMap<String, Option<Vec<PortBinding>>> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for port in ports {
        let binding = PortBinding {
            host_ip: port.address.map(|address| address.to_string()),
            host_port: Some(port.host.to_string()),
        };
        bindings.entry(inside(port)).or_default().get_or_insert_default().push(binding);
    }
    bindings
}

fn mount(mount: &Mount) -> MountModel {
    let (typ, source, memory) = match &mount.source {
        MountSource::Volume(name) => (MountType::VOLUME, Some(name.clone()), None),
        MountSource::Bind(path) => (MountType::BIND, Some(path.clone()), None),
        MountSource::Memory(memory) => (MountType::TMPFS, None, Some(*memory)),
    };
    MountModel {
        typ: Some(typ),
        source,
        target: Some(mount.target.clone()),
        read_only: Some(mount.access == MountAccess::ReadOnly),
        tmpfs_options: memory.map(|memory| MountTmpfsOptions {
            size_bytes: memory.bytes.and_then(|bytes| i64::try_from(bytes).ok()),
            mode: memory.mode.map(i64::from),
            ..MountTmpfsOptions::default()
        }),
        ..MountModel::default()
    }
}

const fn restart(policy: RestartPolicy) -> RestartModel {
    let name = match policy {
        RestartPolicy::Never => RestartPolicyNameEnum::NO,
        RestartPolicy::OnFailure => RestartPolicyNameEnum::ON_FAILURE,
        RestartPolicy::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
    };
    RestartModel { name: Some(name), maximum_retry_count: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::{Endpoint, Limits, Memory, Privileges, Protocol};

    #[test]
    fn what_is_asked_for_is_what_docker_reads() {
        let place =
            |network: &str| Place { network: network.into(), endpoint: Endpoint::default() };
        let new = NewContainer {
            name: "proxy".into(),
            image: "caddy:2".into(),
            command: vec!["caddy".into(), "run; rm -rf /".into()],
            environment: [("A".into(), "b c".into())].into(),
            network: NetworkMode::Networks(vec![place("one"), place("two")]),
            ports: vec![PublishedPort {
                protocol: Protocol::Tcp,
                container: 80,
                host: 8080,
                address: None,
            }],
            mounts: vec![Mount {
                source: MountSource::Memory(Memory { bytes: Some(1 << 20), mode: Some(0o700) }),
                target: "/tmp".into(),
                access: MountAccess::ReadWrite,
            }],
            restart: RestartPolicy::UnlessStopped,
            privileges: Privileges {
                capabilities: Capabilities::Only(vec!["NET_BIND_SERVICE".into()]),
                root: RootFilesystem::ReadOnly,
                gaining: Gaining::Never,
            },
            user: Some("1000:1000".into()),
            working_dir: Some("/srv".into()),
            hostname: Some("mail".into()),
            init: true,
            stop_signal: Some("SIGINT".into()),
            limits: Limits {
                memory_bytes: Some(1 << 26),
                millicpus: Some(500),
                processes: Some(9),
            },
            ..NewContainer::default()
        };
        let places = places(&new);
        let expected = json!({
            "User": "1000:1000", "WorkingDir": "/srv", "Hostname": "mail", "StopSignal": "SIGINT",
            "Image": "caddy:2", "Cmd": ["caddy", "run; rm -rf /"], "Env": ["A=b c"], "Labels": {},
            "ExposedPorts": {"80/tcp": {}},
            "NetworkingConfig": {"EndpointsConfig": {"one": {}}},
            "HostConfig": {
                "NetworkMode": "one", "PortBindings": {"80/tcp": [{"HostPort": "8080"}]},
                "Mounts": [{
                    "Type": "tmpfs", "Target": "/tmp", "ReadOnly": false,
                    "TmpfsOptions": {"SizeBytes": 1_048_576, "Mode": 448},
                }],
                "RestartPolicy": {"Name": "unless-stopped"}, "CapDrop": ["ALL"],
                "CapAdd": ["NET_BIND_SERVICE"], "SecurityOpt": ["no-new-privileges:true"],
                "ReadonlyRootfs": true, "Memory": 67_108_864, "NanoCpus": 500_000_000,
                "PidsLimit": 9, "AutoRemove": false, "Init": true,
            },
        });
        assert_eq!(serde_json::to_value(body(&new, &places[..1])).expect("JSON"), expected);
    }
}
