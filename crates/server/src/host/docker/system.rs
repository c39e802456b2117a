//! What an engine and its machine are.

use bollard::models::{SystemInfo, SystemInfoDefaultAddressPools};
use futures_util::{FutureExt, future::join, try_join};
use portolan_types::server::Pool;

use super::{
    super::{HostError, System, engine::Engine, limits, ssh::Command, words::clean},
    disk, role,
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
    let (role, warning) = role::of(info.swarm.unwrap_or_default(), &mut odd);
    // Stored, and told in steps and events.
    let said = |text: Option<String>| text.map(|text| clean(&text)).unwrap_or_default();
    let warnings = info.warnings.unwrap_or_default().into_iter().map(|text| clean(&text));
    Ok(System {
        engine_id: said(info.id),
        hostname: said(info.name),
        version: said(version.version),
        api_version: said(version.api_version),
        operating_system: said(info.operating_system),
        architecture: said(info.architecture),
        kernel: said(info.kernel_version),
        cpus: count(info.ncpu),
        memory_bytes: count(info.mem_total),
        kind: role.kind,
        swarm: role.swarm,
        disk,
        pools: pools(info.default_address_pools.unwrap_or_default()),
        warnings: warning.into_iter().chain(warnings).take(limits::LISTED).collect(),
    })
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

/// The engine does not tell how full its disk is, so the host is asked.
async fn file_systems(engine: &Engine) -> Option<String> {
    engine.connector().session()?.output(Command::DiskFree).await
}

fn pools(configured: Vec<SystemInfoDefaultAddressPools>) -> Vec<Pool> {
    if configured.is_empty() {
        let built_in = BUILT_IN_POOLS.into_iter();
        return built_in.map(|(base, size)| Pool { base: base.to_owned(), size }).collect();
    }
    configured.into_iter().filter_map(pool).take(limits::LISTED).collect()
}

/// A size that is no prefix length is nothing to count with.
fn pool(configured: SystemInfoDefaultAddressPools) -> Option<Pool> {
    let size = configured.size?.try_into().ok()?;
    Some(Pool { base: clean(&configured.base?), size })
}
