//! Whether a network can become a destination, and who made it. Judges what Docker said; asks
//! nobody.

use portolan_types::{Adoptability, Maker, MakerKind, NetworkName, ServerKind, network::RESERVED};

use super::compare::{LABEL_DESTINATION, LABEL_INTERIM};
use crate::{db::destination::Assigned, host::HostNetwork};

/// Who made a network, as far as its labels and its name tell. Labels can be forged: nothing is
/// allowed because of them.
pub(super) fn maker(network: &HostNetwork) -> Maker {
    let label = |key: &str| network.labels.get(key).cloned();
    let (kind, detail) = if RESERVED.contains(&network.name.as_str()) || network.ingress {
        (MakerKind::Docker, None)
    } else if network.labels.contains_key(LABEL_DESTINATION) {
        (MakerKind::Portolan, None)
    } else if let Some(stack) = label("com.docker.stack.namespace") {
        (MakerKind::SwarmStack, Some(stack))
    } else if let Some(project) = label("com.docker.compose.project") {
        (MakerKind::Compose, Some(project))
    } else if label("coolify.managed").is_some() || network.name.starts_with("coolify") {
        (MakerKind::Coolify, None)
    } else if network.name.starts_with("dokploy") {
        (MakerKind::Dokploy, None)
    } else {
        (MakerKind::Unknown, None)
    };
    Maker { kind, detail }
}

/// Whether it can become a destination of a server of this kind, or why not.
pub(super) fn judge(
    kind: ServerKind,
    network: &HostNetwork,
    all: &[HostNetwork],
    known: &[Assigned],
) -> Adoptability {
    let name = network.name.as_str();
    if let Some(row) = known.iter().find(|row| row.destination.network.as_str() == name) {
        return Adoptability::Destination { destination_id: row.destination.id.clone() };
    }
    match reason_against(kind, network, all) {
        Some(reason) => Adoptability::Refused { reason },
        None => Adoptability::Adoptable,
    }
}

fn reason_against(kind: ServerKind, network: &HostNetwork, all: &[HostNetwork]) -> Option<String> {
    let name = network.name.as_str();
    let twins = all.iter().filter(|other| other.name == name).count();
    if RESERVED.contains(&name) {
        return Some("Docker keeps it for itself".into());
    }
    if network.labels.contains_key(LABEL_INTERIM) {
        return Some("it stands in for a destination that is being changed".into());
    }
    if network.ingress {
        return Some("it is the routing mesh of the swarm".into());
    }
    if kind != ServerKind::Standalone {
        return Some("this version adopts networks of standalone servers only".into());
    }
    if network.scope != "local" {
        return Some(format!("its scope is {}, a standalone server has local ones", network.scope));
    }
    if network.driver != "bridge" {
        return Some(format!("its driver is {}, a destination here is a bridge", network.driver));
    }
    if twins > 1 {
        return Some(format!("Docker has {twins} networks of this name"));
    }
    let invalid = name.parse::<NetworkName>().err();
    invalid.map(|invalid| invalid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str) -> HostNetwork {
        HostNetwork {
            docker_id: name.into(),
            name: name.into(),
            driver: "bridge".into(),
            scope: "local".into(),
            ..HostNetwork::default()
        }
    }

    fn reason(kind: ServerKind, network: &HostNetwork) -> String {
        match judge(kind, network, std::slice::from_ref(network), &[]) {
            Adoptability::Refused { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_refusal_has_its_reason() {
        let web = network("web");
        let of = |change: fn(&mut HostNetwork)| {
            let mut changed = web.clone();
            change(&mut changed);
            reason(ServerKind::Standalone, &changed)
        };
        assert!(of(|net| net.name = "bridge".into()).contains("keeps it"));
        assert!(of(|net| net.ingress = true).contains("routing mesh"));
        assert!(of(|net| net.scope = "swarm".into()).contains("scope is swarm"));
        assert!(of(|net| net.driver = "macvlan".into()).contains("driver is macvlan"));
        assert!(of(|net| net.name = "a b".into()).contains("letter or digit"));
        assert!(reason(ServerKind::SwarmWorker, &web).contains("standalone"));
        let twice = [web.clone(), web.clone()];
        let judged = judge(ServerKind::Standalone, &web, &twice, &[]);
        assert!(
            matches!(judged, Adoptability::Refused { reason } if reason.contains("2 networks"))
        );
        let judged = judge(ServerKind::Standalone, &web, std::slice::from_ref(&web), &[]);
        assert_eq!(judged, Adoptability::Adoptable);
    }

    #[test]
    fn makers_are_told_by_their_marks() {
        let with = |key: &str, value: &str| {
            let mut net = network("x");
            net.labels.insert(key.into(), value.into());
            maker(&net)
        };
        assert_eq!(with("com.docker.compose.project", "shop").detail.as_deref(), Some("shop"));
        assert_eq!(with("com.docker.stack.namespace", "s").kind, MakerKind::SwarmStack);
        assert_eq!(with("coolify.managed", "true").kind, MakerKind::Coolify);
        assert_eq!(with(LABEL_DESTINATION, "x").kind, MakerKind::Portolan);
        assert_eq!(maker(&network("dokploy-network")).kind, MakerKind::Dokploy);
        assert_eq!(maker(&network("host")).kind, MakerKind::Docker);
        assert_eq!(maker(&network("mine")).kind, MakerKind::Unknown);
    }
}
