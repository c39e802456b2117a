//! What an engine and its machine are.

use bollard::models::{SwarmInfo, SystemInfo, SystemInfoDefaultAddressPools};
use futures_util::{FutureExt, future::join, try_join};
use portolan_types::{ServerKind, server::Pool};

use super::{
    super::{
        HostError, System,
        engine::{Engine, Odd},
        ssh::Command,
    },
    disk,
};

/// What the engine takes subnets from when nothing is configured, each with the prefix length of
/// a subnet (`localScopeDefaultNetworks` in moby's `ipamutils`).
const BUILT_IN_POOLS: [(&str, u8); 7] = [
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
];

/// Three questions at once; only the disk may stay unanswered.
pub(super) async fn read(engine: &Engine) -> Result<System, HostError> {
    let docker = engine.docker();
    let asking = async {
        try_join!(
            engine.ask_forgiving::<SystemInfo>("read info", "/info", docker.info().boxed()),
            engine.ask("read version", docker.version()),
        )
    };
    let (answers, file_systems) = join(asking, file_systems(engine)).await;
    let ((info, mut odd), version) = answers?;
    let root = info.docker_root_dir.unwrap_or_default();
    let disk = match file_systems {
        Some(text) => disk::of_directory(&text, &root),
        None if engine.connector().session().is_none() => disk::measured(&root),
        None => None,
    };
    let (kind, warning) = kind(&Swarm::new(info.swarm.unwrap_or_default(), &mut odd));
    Ok(System {
        engine_id: info.id.unwrap_or_default(),
        hostname: info.name.unwrap_or_default(),
        version: version.version.unwrap_or_default(),
        api_version: version.api_version.unwrap_or_default(),
        operating_system: info.operating_system.unwrap_or_default(),
        architecture: info.architecture.unwrap_or_default(),
        kernel: info.kernel_version.unwrap_or_default(),
        cpus: count(info.ncpu),
        memory_bytes: count(info.mem_total),
        kind,
        disk,
        pools: pools(info.default_address_pools.unwrap_or_default()),
        warnings: info.warnings.unwrap_or_default().into_iter().chain(warning).collect(),
    })
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

/// The engine does not tell how full its disk is, so the host is asked.
async fn file_systems(engine: &Engine) -> Option<String> {
    engine.connector().session()?.output(Command::DiskFree).await
}

/// The engine's part in a swarm; all empty where it has none.
struct Swarm {
    local_node_state: String,
    control_available: bool,
    error: String,
}

impl Swarm {
    /// A state that is new to bollard must not pass for none.
    fn new(info: SwarmInfo, odd: &mut Odd) -> Self {
        let known = info.local_node_state.map(|state| state.to_string());
        let state = known.or_else(|| odd.remove("Swarm.LocalNodeState"));
        Self {
            local_node_state: state.unwrap_or_default(),
            control_available: info.control_available.unwrap_or_default(),
            error: info.error.unwrap_or_default(),
        }
    }
}

/// A node whose swarm does not work cannot make networks for it; nor is it standalone.
fn kind(swarm: &Swarm) -> (ServerKind, Option<String>) {
    match swarm.local_node_state.as_str() {
        "" | "inactive" => (ServerKind::Standalone, None),
        "active" if swarm.control_available => (ServerKind::SwarmManager, None),
        "active" => (ServerKind::SwarmWorker, None),
        state => {
            let why =
                if swarm.error.is_empty() { String::new() } else { format!(": {}", swarm.error) };
            (ServerKind::SwarmWorker, Some(format!("the engine's swarm is {state}{why}")))
        }
    }
}

fn pools(configured: Vec<SystemInfoDefaultAddressPools>) -> Vec<Pool> {
    if configured.is_empty() {
        let built_in = BUILT_IN_POOLS.into_iter();
        return built_in.map(|(base, size)| Pool { base: base.to_owned(), size }).collect();
    }
    configured.into_iter().filter_map(pool).collect()
}

/// A size that is no prefix length is nothing to count with.
fn pool(configured: SystemInfoDefaultAddressPools) -> Option<Pool> {
    let size = configured.size?.try_into().ok()?;
    Some(Pool { base: configured.base?, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_swarm_tells_the_kind() {
        let of = |state: &str, control_available, error: &str| {
            kind(&Swarm { local_node_state: state.into(), control_available, error: error.into() })
        };
        assert_eq!(of("", false, ""), (ServerKind::Standalone, None));
        assert_eq!(of("inactive", false, ""), (ServerKind::Standalone, None));
        assert_eq!(of("active", true, ""), (ServerKind::SwarmManager, None));
        assert_eq!(of("active", false, ""), (ServerKind::SwarmWorker, None));
        for state in ["pending", "error", "locked", "new-in-30"] {
            let (kind, warning) = of(state, true, "no quorum");
            assert_eq!(kind, ServerKind::SwarmWorker);
            assert_eq!(warning, Some(format!("the engine's swarm is {state}: no quorum")));
        }
    }
}
