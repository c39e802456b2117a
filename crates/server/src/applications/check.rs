//! What of a spec is refused: more than there may be, and what only some people may ask for.

use portolan_types::{ApplicationSpec, Destination, MountSource, Right};

use crate::{Actor, Error};

const ARGUMENTS: usize = 100;
const PORTS: usize = 50;
const ALIASES: usize = 16;
const MOUNTS: usize = 50;
const LABELS: usize = 100;
/// The least that engines take.
const MEMORY: u64 = 6 << 20;
const MILLICPUS: u32 = 10;

/// What the document says of sizes and numbers.
pub(super) fn bounds(spec: &ApplicationSpec) -> Result<(), Error> {
    let sizes = [
        ("spec.entrypoint", spec.entrypoint.len(), ARGUMENTS),
        ("spec.command", spec.command.len(), ARGUMENTS),
        ("spec.published", spec.published.len(), PORTS),
        ("spec.aliases", spec.aliases.len(), ALIASES),
        ("spec.mounts", spec.mounts.len(), MOUNTS),
        ("spec.labels", spec.labels.len(), LABELS),
    ];
    for (field, has, most) in sizes {
        if has > most {
            return Err(Error::field(field, format!("at most {most}")));
        }
    }
    health(spec)?;
    limits(spec)?;
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
        spec.mounts.iter().map(|mount| mount.target.as_str().trim_end_matches('/')).collect();
    targets.sort_unstable();
    match targets.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::field("spec.mounts", format!("`{}` is there twice", pair[0]))),
        None => Ok(()),
    }
}

/// A path of the host can be any file of it, and a port of the host is the whole server's: who asks
/// for one has to have that server. What was there before stays with whoever changes the rest.
pub(super) fn rights(
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
