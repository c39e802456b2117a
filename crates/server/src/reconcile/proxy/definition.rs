//! What a proxy's container is made by. Owns the names and labels on the host.

use std::{collections::BTreeMap, time::Duration};

use portolan_types::{CertificateSource, Proxy, ProxyKind, ServerId};
use sha2::{Digest, Sha256};

use super::{
    super::compare::LABEL_MANAGED,
    Scene,
    config::{
        CADDY_FILE, DATA, MARK_ADDRESS, MARK_ENTRY_POINT, RESOLVER, STAGING, TRAEFIK_FOLDER, root,
        short_digest,
    },
};
use crate::{
    host::{
        Capabilities, ContainerDetail, Endpoint, Gaining, Memory, Mount, MountAccess, MountSource,
        NetworkMode, NewContainer, Place, Privileges, Protocol, PublishedPort, RestartPolicy,
        RootFilesystem, label,
    },
    vault::to_hex,
};

/// The container that serves.
pub(crate) const NAME: &str = "portolan-proxy";
/// The one that is to take its place.
pub(super) const NEXT: &str = "portolan-proxy-next";
/// The one that serves until then.
pub(super) const OLD: &str = "portolan-proxy-old";
/// The one that reads a configuration before it is taken.
pub(super) const CHECK: &str = "portolan-proxy-check";

/// The network that every proxy is on. It leads outside, so that a proxy whose destinations are all
/// internal still publishes its ports. Docker moves published ports to the network whose name sorts
/// first whenever a container joins one: with this name they stay where they are.
pub(in crate::reconcile) const NETWORK: &str = "0-portolan-proxy";

/// What it was made by.
const LABEL_DEFINITION: &str = "dev.portolan.definition";

/// How long a proxy may take to end. Its listeners close at once; this is for what is under way.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Memory for sockets and the like.
const RUN_BYTES: u64 = 1 << 20;
const TEMPORARY_BYTES: u64 = 256 << 20;

pub(super) fn labels(server: &ServerId) -> BTreeMap<String, String> {
    BTreeMap::from([
        (LABEL_MANAGED.to_owned(), "true".to_owned()),
        (label::PROXY.to_owned(), server.to_string()),
    ])
}

/// Where certificates and configuration outlive the container. Each kind has its own.
pub(super) const fn volume(kind: ProxyKind) -> &'static str {
    match kind {
        ProxyKind::Caddy => "portolan-proxy-caddy",
        ProxyKind::Traefik => "portolan-proxy-traefik",
    }
}

/// Whether the one has to be made anew to become the other: what is written into its volume alone, it
/// reads while it runs.
pub(crate) fn is_another(before: &Proxy, after: &Proxy) -> bool {
    fingerprint(&without_networks(before)) != fingerprint(&without_networks(after))
}

/// The container that the row asks for, on these networks.
pub(super) fn wanted(scene: &Scene<'_>, networks: &[String]) -> NewContainer {
    let mut container = without_networks(&scene.row.proxy);
    let definition = fingerprint(&container);
    container.labels = scene.labels();
    container.labels.insert(LABEL_DEFINITION.to_owned(), definition);
    let own = Place {
        network: NETWORK.to_owned(),
        endpoint: Endpoint { gateway_priority: 1_000, ..Endpoint::default() },
    };
    let others =
        networks.iter().map(|name| Place { network: name.clone(), endpoint: Endpoint::default() });
    container.network = NetworkMode::Networks(std::iter::once(own).chain(others).collect());
    container
}

/// Networks come and go while it runs, and do not make it another.
fn without_networks(proxy: &Proxy) -> NewContainer {
    let (program, arguments) = program(proxy);
    NewContainer {
        name: NAME.to_owned(),
        image: proxy.image.to_string(),
        entrypoint: Some(vec![program.to_owned()]),
        command: arguments,
        environment: environment(proxy),
        // A name that is asked for in the moment in which its network is away goes to the host's name
        // server; where that is silent, everybody who asks waits with it.
        resolver_options: ["timeout:1", "attempts:3"].map(str::to_owned).to_vec(),
        ports: vec![port(proxy.http_port.get(), 80), port(proxy.https_port.get(), 443)],
        mounts: vec![
            mount(MountSource::Volume(volume(proxy.kind).to_owned()), DATA),
            mount(MountSource::Memory(Memory::of(RUN_BYTES)), "/run/portolan"),
            mount(MountSource::Memory(Memory::of(TEMPORARY_BYTES)), "/tmp"),
        ],
        restart: RestartPolicy::UnlessStopped,
        privileges: Privileges {
            capabilities: Capabilities::Only(vec!["NET_BIND_SERVICE".to_owned()]),
            root: RootFilesystem::ReadOnly,
            gaining: Gaining::Never,
        },
        stop_timeout: Some(GRACE),
        ..NewContainer::default()
    }
}

fn environment(proxy: &Proxy) -> BTreeMap<String, String> {
    // Traefik keeps what it buffers there.
    let mut environment = BTreeMap::from([("TMPDIR".to_owned(), "/tmp".to_owned())]);
    if let Some(root) = root(proxy).filter(|_| proxy.kind == ProxyKind::Traefik) {
        // As an argument it is known since 3.2 alone.
        environment.insert("LEGO_CA_CERTIFICATES".to_owned(), root.path);
    }
    environment
}

/// One that reads a configuration, and reaches nothing and nobody.
pub(super) fn check(scene: &Scene<'_>) -> NewContainer {
    let (program, arguments) = match scene.row.proxy.kind {
        ProxyKind::Caddy => {
            ("caddy", vec!["validate".to_owned(), "--config".to_owned(), CADDY_FILE.to_owned()])
        }
        ProxyKind::Traefik => ("traefik", traefik_check(&scene.row.proxy)),
    };
    NewContainer {
        name: CHECK.to_owned(),
        image: scene.row.proxy.image.to_string(),
        entrypoint: Some(vec![program.to_owned()]),
        command: arguments,
        labels: scene.labels(),
        network: NetworkMode::None,
        privileges: Privileges {
            capabilities: Capabilities::Only(vec!["NET_BIND_SERVICE".to_owned()]),
            root: RootFilesystem::Writable,
            gaining: Gaining::Never,
        },
        stop_timeout: Some(Duration::from_secs(1)),
        ..NewContainer::default()
    }
}

const fn port(host: u16, container: u16) -> PublishedPort {
    PublishedPort { protocol: Protocol::Tcp, container, host, address: None }
}

fn mount(source: MountSource, target: &str) -> Mount {
    Mount { source, target: target.to_owned(), access: MountAccess::ReadWrite }
}

fn program(proxy: &Proxy) -> (&'static str, Vec<String>) {
    match proxy.kind {
        ProxyKind::Caddy => {
            let arguments = ["run", "--config", CADDY_FILE];
            ("caddy", arguments.map(str::to_owned).to_vec())
        }
        ProxyKind::Traefik => ("traefik", traefik(proxy)),
    }
}

/// What Traefik takes at its start alone.
fn traefik(proxy: &Proxy) -> Vec<String> {
    let mut arguments = traefik_base(proxy);
    arguments.extend(["--log.level=INFO", "--providers.file.watch=true"].map(str::to_owned));
    arguments
}

/// Debugging tells of every router whether it came to be.
fn traefik_check(proxy: &Proxy) -> Vec<String> {
    let mut arguments = traefik_base(proxy);
    arguments.extend(
        ["--log.level=DEBUG", "--log.format=json", "--providers.file.watch=false"]
            .map(str::to_owned),
    );
    arguments
}

fn traefik_base(proxy: &Proxy) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--entrypoints.web.address=:80",
        "--entrypoints.web.asdefault=true",
        "--entrypoints.websecure.address=:443",
        "--entrypoints.websecure.asdefault=true",
        "--entrypoints.ping.address=127.0.0.1:8082",
        "--ping=true",
        "--ping.entrypoint=ping",
        "--providers.providersthrottleduration=100ms",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--entrypoints.{MARK_ENTRY_POINT}.address={MARK_ADDRESS}"));
    arguments.push(format!("--providers.file.directory={TRAEFIK_FOLDER}"));
    arguments.extend(traefik_resolver(&proxy.certificates));
    arguments
}

/// How Traefik gets certificates.
fn traefik_resolver(source: &CertificateSource) -> Vec<String> {
    let CertificateSource::Acme { email, staging, directory, .. } = source else {
        return Vec::new();
    };
    let authority = match directory {
        Some(directory) => Some(directory.as_str()),
        None => staging.then_some(STAGING),
    };
    let mut settings = vec![
        format!("storage={}", traefik_storage(authority)),
        "httpchallenge.entrypoint=web".to_owned(),
    ];
    settings.extend(email.iter().map(|email| format!("email={email}")));
    settings.extend(authority.map(|authority| format!("caserver={authority}")));
    let argument = |setting| format!("--certificatesresolvers.{RESOLVER}.acme.{setting}");
    settings.into_iter().map(argument).collect()
}

/// Each authority has its own: Traefik serves what is in it to the end, whoever it is from.
fn traefik_storage(authority: Option<&str>) -> String {
    match authority {
        Some(authority) => format!("{DATA}/acme-{}.json", short_digest(authority)),
        None => format!("{DATA}/acme.json"),
    }
}

/// How Traefik is asked whether it serves.
pub(super) const TRAEFIK_HEALTH: [&str; 5] = [
    "traefik",
    "healthcheck",
    "--ping=true",
    "--ping.entrypoint=ping",
    "--entrypoints.ping.address=127.0.0.1:8082",
];

fn fingerprint(container: &NewContainer) -> String {
    to_hex(&Sha256::digest(format!("{container:?}")))
}

/// Whether a container was made by Portolan for this server.
pub(super) fn is_ours(scene: &Scene<'_>, container: &ContainerDetail) -> bool {
    container.labels.get(label::PROXY).is_some_and(|id| *id == scene.server.server.id.as_str())
}

/// Whether it was made by what the row says.
pub(super) fn is_as_wanted(scene: &Scene<'_>, container: &ContainerDetail) -> bool {
    let definition = fingerprint(&without_networks(&scene.row.proxy));
    container.labels.get(LABEL_DEFINITION) == Some(&definition)
}
