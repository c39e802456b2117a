//! What an application's container is made by. Owns its labels on the host.

use std::{collections::BTreeMap, time::Duration};

use portolan_types::{
    Application, ApplicationMount, Argument, Capability, FileMode, HealthCheck, HostPort,
    MountSource, ProcessSettings, ResourceLimits, RestartRule, Seconds, StopSignal, Tmpfs,
    Transport,
};

use super::super::compare::LABEL_MANAGED;
use crate::{
    applications::{names, plan::Plan, remove::volume_name},
    db::deployment::Planned,
    host::{
        Capabilities, ContainerDetail, Endpoint, Gaining, HealthProbe, Limits, Memory, Mount,
        MountAccess, MountSource as HostSource, NetworkMode, NewContainer, Place, Privileges,
        Protocol, PublishedPort, RestartPolicy, RootFilesystem, label,
    },
};

/// The labels of everything that is made for an application.
pub(super) fn labels(application: &Application) -> BTreeMap<String, String> {
    BTreeMap::from([
        (LABEL_MANAGED.to_owned(), "true".to_owned()),
        (label::APPLICATION.to_owned(), application.id.to_string()),
        (label::APPLICATION_NAME.to_owned(), application.name.to_string()),
    ])
}

/// Whether a container was made for an application.
pub(super) fn is_of(application: &Application, found: &ContainerDetail) -> bool {
    marks(application, &found.labels)
}

/// Whether labels are those of what is made for an application.
pub(super) fn marks(application: &Application, labels: &BTreeMap<String, String>) -> bool {
    labels.get(label::APPLICATION).map(String::as_str) == Some(application.id.as_str())
}

/// The container of a deployment, of an image by its id.
pub(super) fn wanted(
    application: &Application,
    places: Vec<Place>,
    (made, plan): (&Planned, &Plan),
    image: &str,
) -> NewContainer {
    let spec = &plan.spec;
    let texts = |words: &[Argument]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let variables = plan.variables.iter();
    let (process, own) = (&spec.process, spec.mounts.iter().map(|one| mount(application, one)));
    NewContainer {
        name: made.deployment.container.to_string(),
        image: image.to_owned(),
        entrypoint: Some(texts(&spec.entrypoint)).filter(|words| !words.is_empty()),
        command: texts(&spec.command),
        environment: variables.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        labels: all_labels(application, made, plan),
        user: process.user.as_ref().map(ToString::to_string),
        working_dir: process.working_dir.as_ref().map(ToString::to_string),
        hostname: process.hostname.as_ref().map(ToString::to_string),
        init: process.init,
        stop_signal: process.stop_signal.map(StopSignal::as_str).map(str::to_owned),
        privileges: privileges(process),
        network: NetworkMode::Networks(places),
        ports: spec.published.iter().map(published).collect(),
        mounts: own.chain(spec.tmpfs.iter().map(memory)).collect(),
        restart: restart(spec.restart),
        limits: limits(spec.limits),
        health: spec.health.as_ref().map(health),
        stop_timeout: Some(spec.stop_seconds.duration()),
        ..NewContainer::default()
    }
}

/// What it may use.
pub(in crate::reconcile) fn limits(limits: ResourceLimits) -> Limits {
    Limits {
        memory_bytes: limits.memory_bytes,
        millicpus: limits.millicpus.map(u64::from),
        processes: limits.processes,
    }
}

/// How the engine sees whether it is well.
pub(in crate::reconcile) fn health(check: &HealthCheck) -> HealthProbe {
    HealthProbe {
        command: check.command.iter().map(ToString::to_string).collect(),
        interval: check.interval_seconds.duration(),
        timeout: check.timeout_seconds.duration(),
        start_period: check.start_seconds.map_or(Duration::ZERO, Seconds::duration),
        retries: check.retries,
    }
}

pub(super) fn all_labels(
    application: &Application,
    made: &Planned,
    plan: &Plan,
) -> BTreeMap<String, String> {
    let own = plan.spec.labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
    let mut all: BTreeMap<String, String> = own.collect();
    all.insert(label::DEPLOYMENT.to_owned(), made.deployment.number.to_string());
    all.extend(labels(application));
    all
}

/// Its place on its destination.
pub(super) fn place(application: &Application, network: &str, plan: &Plan) -> Place {
    let names = names::of(application, &plan.spec);
    let aliases = names.iter().map(ToString::to_string).collect();
    Place { network: network.to_owned(), endpoint: Endpoint { aliases, ..Endpoint::default() } }
}

fn published(port: &HostPort) -> PublishedPort {
    PublishedPort {
        protocol: match port.transport {
            Transport::Tcp => Protocol::Tcp,
            Transport::Udp => Protocol::Udp,
        },
        container: port.container.get(),
        host: port.host.get(),
        address: port.address,
    }
}

fn mount(application: &Application, one: &ApplicationMount) -> Mount {
    Mount {
        source: match &one.source {
            MountSource::Volume(name) => {
                HostSource::Volume(volume_name(application, name.as_str()))
            }
            MountSource::Bind(path) => HostSource::Bind(path.to_string()),
        },
        target: one.target.to_string(),
        access: if one.read_only { MountAccess::ReadOnly } else { MountAccess::ReadWrite },
    }
}

fn memory(one: &Tmpfs) -> Mount {
    let memory = Memory { bytes: one.size_bytes, mode: one.mode.map(FileMode::bits) };
    Mount {
        source: HostSource::Memory(memory),
        target: one.target.to_string(),
        access: MountAccess::ReadWrite,
    }
}

/// Never more than engines give to every container.
fn privileges(process: &ProcessSettings) -> Privileges {
    let dropped = &process.drop_capabilities;
    let kept = Capability::ALL.iter().filter(|one| !dropped.contains(one));
    let kept = kept.map(|one| one.as_str().to_owned()).collect();
    Privileges {
        capabilities: if dropped.is_empty() {
            Capabilities::OfEngine
        } else {
            Capabilities::Only(kept)
        },
        root: if process.read_only { RootFilesystem::ReadOnly } else { RootFilesystem::Writable },
        gaining: if process.no_new_privileges { Gaining::Never } else { Gaining::Allowed },
    }
}

const fn restart(rule: RestartRule) -> RestartPolicy {
    match rule {
        RestartRule::Never => RestartPolicy::Never,
        RestartRule::OnFailure => RestartPolicy::OnFailure,
        RestartRule::UnlessStopped => RestartPolicy::UnlessStopped,
    }
}
