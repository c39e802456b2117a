//! The version of a preview: what a change would touch, in a few characters. The same world has
//! the same version, whether a request read it or the keeper sees it.

use portolan_types::Destination;
use sha2::{Digest, Sha256};

use crate::{
    host::{HostContainer, HostNetwork, HostService},
    vault::to_hex,
};

/// Of a destination, the network that stands for it, and those who are on it. Their states count
/// only as running or not: Docker's other words come and go by themselves.
pub(crate) fn version(
    destination: &Destination,
    network: Option<&HostNetwork>,
    members: &[&HostContainer],
) -> String {
    version_with(destination, network, members, &[])
}

/// The same with services of a swarm, which count by their ids.
pub(crate) fn version_with(
    destination: &Destination,
    network: Option<&HostNetwork>,
    members: &[&HostContainer],
    services: &[&HostService],
) -> String {
    let mut parts = vec![
        destination.id.to_string(),
        destination.origin.to_string(),
        destination.revision.to_string(),
        format!("{:?}", destination.effective_options()),
        network.map(|network| network.docker_id.clone()).unwrap_or_default(),
    ];
    let mut ids: Vec<String> = members
        .iter()
        .map(|one| format!("{} {}", one.member.docker_id, one.member.state == "running"))
        .chain(services.iter().map(|one| one.docker_id.clone()))
        .collect();
    ids.sort();
    parts.append(&mut ids);
    shortened(&parts)
}

/// Sixteen hexadecimal digits; lengths go in too, so that no two lists run together.
pub(super) fn shortened(parts: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    to_hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_do_not_run_together() {
        let of = |parts: &[&str]| {
            shortened(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>())
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a"]), of(&["a"]));
        assert_eq!(of(&["a"]).len(), 16);
    }
}
