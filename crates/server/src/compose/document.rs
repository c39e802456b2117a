//! The top of a file: its services, networks and volumes, and that they fit together.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::MountSource;

use super::{
    Composed, Finding, Network, Reading, Service,
    contents::{self, Contents, Kind},
    finding::Findings,
    interpolate, networks, order, service,
    spot::Spot,
    unknown, volumes,
    yaml::{self, Node},
};

/// How many services and networks there may be.
const MOST: usize = 50;

/// What the services may refer to.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) networks: BTreeMap<String, networks::Declared>,
    pub(super) volumes: BTreeSet<String>,
    pub(super) configs: Contents,
    pub(super) secrets: Contents,
}

pub(super) fn read(text: &str, reading: &Reading<'_>, findings: &mut Findings) -> Option<Composed> {
    let root = match yaml::read(text) {
        Ok(root) => filled(root, reading, findings),
        Err(Finding { line, path, message }) => {
            findings.refuse((line, &path), message);
            return None;
        }
    };
    let root = Spot::root(&root);
    let (mut declared, mut listed) = (Declared::default(), None);
    for (key, spot) in root.entries(findings) {
        match key {
            "services" => listed = Some(spot),
            "networks" => declared.networks = networks::declared(&spot, reading, findings),
            "volumes" => declared.volumes = volumes::declared(&spot, findings),
            "configs" => {
                declared.configs = contents::declared(Kind::Config, &spot, reading, findings);
            }
            "secrets" => {
                declared.secrets = contents::declared(Kind::Secret, &spot, reading, findings);
            }
            "version" => {}
            "name" => named(&spot, reading, findings),
            _ => unknown::key(key, &spot, findings),
        }
    }
    let services = listed.map(|spot| services(&spot, (reading, &declared), findings));
    let services = services.unwrap_or_default();
    if services.is_empty() {
        root.refuse(findings, "there are no services in it");
        return None;
    }
    shared(&services, findings);
    let services = order::sorted(services, findings)?;
    Some(Composed {
        services,
        networks: used(declared.networks, &root, findings),
        notices: Vec::new(),
    })
}

fn filled(mut root: Node, reading: &Reading<'_>, findings: &mut Findings) -> Node {
    interpolate::fill(&mut root, reading.values, findings);
    root
}

fn named(spot: &Spot<'_>, reading: &Reading<'_>, findings: &mut Findings) {
    if spot.text(findings).is_some_and(|name| name != reading.stack.as_str()) {
        spot.tell(findings, format!("left out: the stack is called `{}`", reading.stack));
    }
}

fn services(
    spot: &Spot<'_>,
    (reading, declared): (&Reading<'_>, &Declared),
    findings: &mut Findings,
) -> Vec<Service> {
    let entries = spot.entries(findings);
    if entries.len() > MOST {
        spot.refuse(findings, format!("a stack has at most {MOST} services"));
    }
    let entries = entries.into_iter().take(MOST);
    let read = |(name, spot)| service::read(name, &spot, (reading, declared), findings);
    entries.filter_map(read).collect()
}

/// Those that are made for it.
fn used(
    networks: BTreeMap<String, networks::Declared>,
    root: &Spot<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, Network> {
    if networks.len() > MOST {
        root.refuse(findings, format!("a stack has at most {MOST} networks"));
    }
    let own = |(name, one)| match one {
        networks::Declared::Own(network) => Some((name, network)),
        networks::Declared::Destination | networks::Declared::Outside(_) => None,
    };
    networks.into_iter().filter_map(own).collect()
}

/// A volume is one application's: two that write to the same files know nothing of each other.
fn shared(services: &[Service], findings: &mut Findings) {
    let mut owners: BTreeMap<&str, &Service> = BTreeMap::new();
    for service in services {
        for mount in &service.spec.mounts {
            let MountSource::Volume(name) = &mount.source else { continue };
            let owner = *owners.entry(name.as_str()).or_insert(service);
            if owner.name != service.name {
                let path = format!("services.{}.volumes", service.name);
                let why = format!(
                    "not done: volume `{name}` is that of service `{}` already, and a volume is one \
                     service's; a path of the host can be mounted into both",
                    owner.name
                );
                findings.refuse((service.line, &path), why);
            }
        }
    }
}
