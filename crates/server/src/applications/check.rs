//! What of a spec is refused: more than there may be, and what only some people may ask for.

use portolan_types::{ApplicationSpec, Balance, Destination, DestinationKind, MountSource, Right};

use crate::{Actor, Error};

const ARGUMENTS: usize = 100;
const PORTS: usize = 50;
const ALIASES: usize = 16;
const MOUNTS: usize = 50;
const TMPFS: usize = 20;
const LABELS: usize = 100;
const REPLICAS: u32 = 200;
/// The least that engines take.
const MEMORY: u64 = 6 << 20;
const MILLICPUS: u32 = 10;
/// A page of memory.
const TMPFS_BYTES: u64 = 4096;

/// What the document says of sizes and numbers.
pub(crate) fn bounds(spec: &ApplicationSpec) -> Result<(), Error> {
    let sizes = [
        ("spec.entrypoint", spec.entrypoint.len(), ARGUMENTS),
        ("spec.command", spec.command.len(), ARGUMENTS),
        ("spec.published", spec.published.len(), PORTS),
        ("spec.aliases", spec.aliases.len(), ALIASES),
        ("spec.mounts", spec.mounts.len(), MOUNTS),
        ("spec.tmpfs", spec.tmpfs.len(), TMPFS),
        ("spec.labels", spec.labels.len(), LABELS),
    ];
    for (field, has, most) in sizes {
        if has > most {
            return Err(Error::field(field, format!("at most {most}")));
        }
    }
    if spec.replicas.get() > REPLICAS {
        return Err(Error::field("spec.replicas", format!("at most {REPLICAS}")));
    }
    health(spec)?;
    limits(spec)?;
    if spec.tmpfs.iter().any(|one| one.size_bytes.is_some_and(|bytes| bytes < TMPFS_BYTES)) {
        return Err(Error::field("spec.tmpfs", format!("at least {TMPFS_BYTES} bytes")));
    }
    once(spec)
}

fn health(spec: &ApplicationSpec) -> Result<(), Error> {
    let Some(health) = &spec.health else { return Ok(()) };
    if !(1..=ARGUMENTS).contains(&health.command.len()) {
        return Err(Error::field("spec.health.command", format!("1 to {ARGUMENTS} words")));
    }
    if !(1..=100).contains(&health.retries) {
        return Err(Error::field("spec.health.retries", "1 to 100"));
    }
    Ok(())
}

fn limits(spec: &ApplicationSpec) -> Result<(), Error> {
    let limits = &spec.limits;
    if limits.memory_bytes.is_some_and(|bytes| bytes < MEMORY) {
        return Err(Error::field("spec.limits.memory_bytes", format!("at least {MEMORY}")));
    }
    if limits.millicpus.is_some_and(|thousandths| thousandths < MILLICPUS) {
        return Err(Error::field("spec.limits.millicpus", format!("at least {MILLICPUS}")));
    }
    if limits.processes == Some(0) {
        return Err(Error::field("spec.limits.processes", "at least 1"));
    }
    Ok(())
}

/// Nothing is mounted over another mount.
fn once(spec: &ApplicationSpec) -> Result<(), Error> {
    let mut targets: Vec<&str> =
        spec.targets().map(|target| target.as_str().trim_end_matches('/')).collect();
    targets.sort_unstable();
    match targets.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::field("spec.mounts", format!("`{}` is there twice", pair[0]))),
        None => Ok(()),
    }
}

/// What a place cannot have.
pub(crate) fn place(destination: &Destination, spec: &ApplicationSpec) -> Result<(), Error> {
    let name = &destination.name;
    match destination.kind {
        DestinationKind::Standalone if spec.replicas.get() > 1 => Err(Error::field(
            "spec.replicas",
            format!("destination `{name}` is on one server alone: several run only on a swarm"),
        )),
        DestinationKind::Standalone if spec.balance != Balance::default() => {
            let why = format!("destination `{name}` is on one server alone, where one runs");
            Err(Error::field("spec.balance", why))
        }
        DestinationKind::Swarm if spec.balance == Balance::Names && !spec.published.is_empty() => {
            let why = "a port is published to the address that all replicas share";
            Err(Error::field("spec.balance", why))
        }
        DestinationKind::Swarm if spec.published.iter().any(|port| port.address.is_some()) => {
            Err(Error::field(
                "spec.published",
                "a swarm publishes a port at every address of every node: leave the address out",
            ))
        }
        // Engines before 25 leave it out of a service without a word.
        DestinationKind::Swarm if spec.process.no_new_privileges => Err(Error::field(
            "spec.process.no_new_privileges",
            "not every engine of a swarm keeps to it: it is done on servers that stand alone",
        )),
        DestinationKind::Standalone | DestinationKind::Swarm => Ok(()),
    }
}

/// A path of the host can be any file of it, and a port of the host is the whole server's: who asks
/// for one has to have that server. What was there before stays with whoever changes the rest.
pub(crate) fn rights(
    actor: &Actor,
    destination: &Destination,
    before: Option<&ApplicationSpec>,
    spec: &ApplicationSpec,
) -> Result<(), Error> {
    let had = |spec: &ApplicationSpec| {
        let binds = spec.mounts.iter().filter(|one| matches!(one.source, MountSource::Bind(_)));
        (binds.cloned().collect::<Vec<_>>(), spec.published.clone())
    };
    let nothing = (Vec::new(), Vec::new());
    let (binds, ports) = had(spec);
    let (binds_before, ports_before) = before.map_or(nothing, had);
    if binds.iter().any(|one| !binds_before.contains(one)) {
        actor.require_on(Right::Manage, &destination.server_id)?;
    }
    if ports.iter().any(|one| !ports_before.contains(one)) {
        actor.require_on(Right::Operate, &destination.server_id)?;
    }
    Ok(())
}
