//! Judgements on what a host says of itself: good, good with something to know, or unusable.

use super::{Failure, HostNetwork, Pool, ServerKind, System, advisories, failure};

/// Oldest engine that is supported: API 1.41.
const MIN_ENGINE: (u32, u32) = (20, 10);
/// Below this much free disk an image pull is likely to fail.
const LOW_DISK_BYTES: u64 = 2 * GIB;
const LOW_MEMORY_BYTES: u64 = GIB / 2;
const LOW_POOLS: u64 = 5;
const GIB: u64 = 1 << 30;

/// One judged answer.
pub(super) struct Judgement {
    pub step: &'static str,
    pub verdict: Verdict,
}

/// How it was judged.
pub(super) enum Verdict {
    Good(String),
    /// Usable, with something to know.
    Known(String),
    Bad(Failure),
}

pub(super) fn engine(system: &System) -> Judgement {
    let text = format!("Docker {} (API {})", system.version, system.api_version);
    let verdict = match parse_version(&system.version) {
        Some((major, minor, _)) if (major, minor) < MIN_ENGINE => Verdict::Bad(failure(
            "engine-too-old",
            format!("Docker {} is too old: 20.10 or newer is needed", system.version),
            "upgrade the engine: https://docs.docker.com/engine/install/",
        )),
        Some(version) => match advisories::open_in(version) {
            holes if holes.is_empty() => Verdict::Good(text),
            holes => Verdict::Known(format!(
                "{text} has known holes, unless its packager closed them: {}",
                holes.join("; ")
            )),
        },
        None => {
            Verdict::Known(format!("{text}: the version is not one of Docker's, holes unknown"))
        }
    };
    Judgement { step: "engine", verdict }
}

/// Major, minor, patch; what follows a `-` or `+` is the packager's.
fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split(['-', '+', '~']).next()?.split('.');
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    Some((next()?, next()?, next()?))
}

pub(super) fn system(system: &System) -> Judgement {
    let text =
        format!("{}, kernel {}, {}", system.operating_system, system.kernel, system.architecture);
    Judgement { step: "system", verdict: Verdict::Good(text) }
}

/// `managers` are those of its swarm, in words.
pub(super) fn role(system: &System, managers: &str) -> Judgement {
    let swarm = system.swarm.as_ref();
    let trouble = swarm.and_then(|swarm| swarm.error.as_ref());
    let cluster = swarm.and_then(|swarm| swarm.cluster_id.as_deref()).unwrap_or("unknown");
    let text = match system.kind {
        ServerKind::Standalone => "standalone: destinations are bridge networks".to_owned(),
        ServerKind::SwarmManager => {
            let count = swarm.map_or(0, |swarm| swarm.managers.len());
            let text = format!(
                "manager of swarm {cluster}, one of {count}: destinations are overlay networks"
            );
            if count > 1 { format!("{text}; it goes on through {managers}") } else { text }
        }
        ServerKind::SwarmWorker => {
            format!("swarm worker: destinations have to be made on {managers}")
        }
    };
    let verdict = match trouble {
        Some(trouble) => Verdict::Known(format!("{text}; Docker says: {trouble}")),
        None => Verdict::Good(text),
    };
    Judgement { step: "role", verdict }
}

pub(super) fn resources(system: &System) -> Judgement {
    let memory = format!("{} CPUs, {} memory", system.cpus, gib(system.memory_bytes));
    let verdict = match system.disk {
        None => Verdict::Known(format!("{memory}; the disk could not be read")),
        Some(disk) if disk.free_bytes < LOW_DISK_BYTES => Verdict::Known(format!(
            "{memory}; only {} of {} disk are free",
            gib(disk.free_bytes),
            gib(disk.total_bytes)
        )),
        Some(_) if system.memory_bytes < LOW_MEMORY_BYTES => {
            Verdict::Known(format!("{memory} is little"))
        }
        Some(disk) => Verdict::Good(format!(
            "{memory}, {} of {} disk free",
            gib(disk.free_bytes),
            gib(disk.total_bytes)
        )),
    };
    Judgement { step: "resources", verdict }
}

fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// Networks that the engine can still make by itself.
pub(super) fn pools(system: &System, networks: &[HostNetwork]) -> Judgement {
    let total: u64 = system.pools.iter().map(subnets_in).sum();
    let used = networks.iter().filter(|network| network.driver == "bridge").count();
    let free = total.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX));
    let text =
        format!("room for about {free} more networks of {total} without a subnet of their own");
    let verdict = if free < LOW_POOLS {
        Verdict::Known(format!("{text}: widen `default-address-pools` in /etc/docker/daemon.json"))
    } else {
        Verdict::Good(text)
    };
    Judgement { step: "pools", verdict }
}

fn subnets_in(pool: &Pool) -> u64 {
    let prefix = pool.base.parse::<ipnet::Ipv4Net>().map(|net| net.prefix_len());
    match prefix {
        Ok(prefix) if pool.size >= prefix => 1 << u32::from(pool.size - prefix).min(32),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_docker_and_packagers_write_them() {
        assert_eq!(parse_version("20.10.24+dfsg1"), Some((20, 10, 24)));
        assert_eq!(parse_version("28.5.1-1~debian.12"), Some((28, 5, 1)));
        assert_eq!(parse_version("29.0"), Some((29, 0, 0)));
        assert_eq!(parse_version("dev"), None);
    }

    #[test]
    fn pools_are_counted_in_subnets() {
        let pool = |base: &str, size| Pool { base: base.into(), size };
        assert_eq!(subnets_in(&pool("192.168.0.0/16", 20)), 16);
        assert_eq!(subnets_in(&pool("172.17.0.0/16", 16)), 1);
        assert_eq!(subnets_in(&pool("172.17.0.0/16", 8)), 0);
        assert_eq!(subnets_in(&pool("fd00::/8", 64)), 0);
    }
}
