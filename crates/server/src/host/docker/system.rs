//! What an engine and its machine are.

use futures_util::{future::join, try_join};
use portolan_types::{ServerKind, server::Pool};

use super::{
    super::{
        HostError, System,
        engine::{Call, Engine},
        ssh::Command,
    },
    disk,
    wire::{AddressPool, Info, Swarm, Version},
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
    let asking = async {
        try_join!(
            engine.get::<Info>(Call::new("read info", "/info")),
            engine.get::<Version>(Call::new("read version", "/version")),
        )
    };
    let (answers, file_systems) = join(asking, file_systems(engine)).await;
    let (info, version) = answers?;
    let disk = match file_systems {
        Some(text) => disk::of_directory(&text, &info.docker_root_dir),
        None if engine.connector().session().is_none() => disk::measured(&info.docker_root_dir),
        None => None,
    };
    let (kind, warning) = kind(&info.swarm);
    Ok(System {
        engine_id: info.id,
        hostname: info.name,
        version: version.version,
        api_version: version.api_version,
        operating_system: info.operating_system,
        architecture: info.architecture,
        kernel: info.kernel_version,
        cpus: info.cpus,
        memory_bytes: info.mem_total,
        kind,
        disk,
        pools: pools(info.default_address_pools),
        warnings: info.warnings.into_iter().chain(warning).collect(),
    })
}

/// The engine does not tell how full its disk is, so the host is asked.
async fn file_systems(engine: &Engine) -> Option<String> {
    engine.connector().session()?.output(Command::DiskFree).await
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

fn pools(configured: Vec<AddressPool>) -> Vec<Pool> {
    if configured.is_empty() {
        let built_in = BUILT_IN_POOLS.into_iter();
        return built_in.map(|(base, size)| Pool { base: base.to_owned(), size }).collect();
    }
    configured.into_iter().map(|pool| Pool { base: pool.base, size: pool.size }).collect()
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
