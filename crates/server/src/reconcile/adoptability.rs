//! Whether a network can become a destination, and who made it. Judges what Docker said; asks
//! nobody.

use portolan_types::{
    Adoptability, Destination, DestinationKind, Maker, MakerKind, NetworkName, ServerKind,
    network::RESERVED,
};

use super::{
    compare::{LABEL_DESTINATION, LABEL_INTERIM},
    proxy,
};
use crate::{
    App, Error,
    db::{destination::Assigned, server},
    host::{HostNetwork, label},
    servers,
};

/// Who made a network, as far as its labels and its name tell. Labels can be forged: nothing is
/// allowed because of them.
pub(super) fn maker(network: &HostNetwork) -> Maker {
    let label = |key: &str| network.labels.get(key).cloned();
    let is_beside =
        [label::LINK, label::STACK_NETWORK].iter().any(|key| network.labels.contains_key(*key));
    let (kind, detail) = if RESERVED.contains(&network.name.as_str()) || network.ingress {
        (MakerKind::Docker, None)
    } else if network.labels.contains_key(LABEL_DESTINATION)
        || is_beside
        || network.name == proxy::NETWORK
    {
        (MakerKind::Portolan, None)
    } else if let Some(stack) = label("com.docker.stack.namespace") {
        (MakerKind::SwarmStack, Some(stack))
    } else if let Some(project) = label("com.docker.compose.project") {
        (MakerKind::Compose, Some(project))
    } else if let Some(resource) = portainers(network) {
        (MakerKind::Portainer, Some(resource).filter(|text| !text.is_empty()))
    } else if label("coolify.managed").is_some() || network.name.starts_with("coolify") {
        (MakerKind::Coolify, None)
    } else if network.name.starts_with("dokploy") {
        (MakerKind::Dokploy, None)
    } else {
        (MakerKind::Unknown, None)
    };
    Maker { kind, detail }
}

/// The first of Portainer's labels says who it made the network for.
fn portainers(network: &HostNetwork) -> Option<String> {
    let mut labels = network.labels.iter();
    labels.find(|(key, _)| key.starts_with("io.portainer.")).map(|(_, value)| value.clone())
}

/// On which sort of server a network is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Standalone,
    Manager,
    /// With the managers of its swarm, in words.
    Worker {
        managers: String,
    },
}

impl Place {
    /// The place that a server is.
    pub(super) async fn of(app: &App, row: &server::Assigned) -> Result<Self, Error> {
        let server = &row.server;
        match server.kind {
            Some(ServerKind::SwarmManager) => Ok(Self::Manager),
            Some(ServerKind::SwarmWorker) => {
                let mut conn = app.db.acquire().await?;
                let companions = servers::companions(&mut conn, &row.team_id, server).await?;
                Ok(Self::Worker { managers: servers::managers_in_words(server, &companions) })
            }
            Some(ServerKind::Standalone) | None => Ok(Self::Standalone),
        }
    }
}

/// Whether it can become a destination of a server at this place, or why not.
pub(super) fn judge(
    place: &Place,
    network: &HostNetwork,
    all: &[HostNetwork],
    known: &[Assigned],
) -> Adoptability {
    if let Some(row) = known.iter().find(|row| is_of(&row.destination, network)) {
        return Adoptability::Destination { destination_id: row.destination.id.clone() };
    }
    match reason_against(place, network, all) {
        Some(reason) => Adoptability::Refused { reason },
        None => Adoptability::Adoptable,
    }
}

/// A bridge of a manager is not the overlay of the same name.
fn is_of(destination: &Destination, network: &HostNetwork) -> bool {
    let swarms = destination.kind == DestinationKind::Swarm;
    destination.network.as_str() == network.name && swarms == (network.scope == "swarm")
}

fn reason_against(place: &Place, network: &HostNetwork, all: &[HostNetwork]) -> Option<String> {
    let name = network.name.as_str();
    let twins = all.iter().filter(|other| other.name == name).count();
    if RESERVED.contains(&name) {
        return Some("Docker keeps it for itself".into());
    }
    if network.labels.contains_key(LABEL_INTERIM) {
        return Some("it stands in for a destination that is being changed".into());
    }
    if network.labels.contains_key(label::LINK) {
        return Some("it links two resources".into());
    }
    if network.labels.contains_key(label::STACK_NETWORK) {
        return Some("it is a network of a stack".into());
    }
    if name == proxy::NETWORK {
        return Some("Portolan keeps it for its proxy, which publishes its ports there".into());
    }
    if network.ingress {
        return Some("it is the routing mesh of the swarm".into());
    }
    if let Some(reason) = wrong_for(place, network) {
        return Some(reason);
    }
    if twins > 1 {
        return Some(format!("Docker has {twins} networks of this name"));
    }
    let invalid = name.parse::<NetworkName>().err();
    invalid.map(|invalid| invalid.to_string())
}

fn wrong_for(place: &Place, network: &HostNetwork) -> Option<String> {
    let HostNetwork { driver, scope, .. } = network;
    match place {
        Place::Standalone if scope != "local" => {
            Some(format!("its scope is {scope}, a standalone server has local ones"))
        }
        Place::Standalone if driver != "bridge" => {
            Some(format!("its driver is {driver}, a destination here is a bridge"))
        }
        Place::Manager if scope != "swarm" => Some(format!(
            "its scope is {scope}: it is on this node only, and a destination of a swarm is on all"
        )),
        Place::Manager if driver != "overlay" => {
            Some(format!("its driver is {driver}, a destination of a swarm is an overlay"))
        }
        Place::Worker { managers } => {
            Some(format!("the server is a swarm worker: adopt it on {managers}"))
        }
        Place::Standalone | Place::Manager => None,
    }
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

    fn reason(place: &Place, network: &HostNetwork) -> String {
        match judge(place, network, std::slice::from_ref(network), &[]) {
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
            reason(&Place::Standalone, &changed)
        };
        assert!(of(|net| net.name = "bridge".into()).contains("keeps it"));
        assert!(of(|net| net.name = proxy::NETWORK.into()).contains("for its proxy"));
        assert!(of(|net| net.ingress = true).contains("routing mesh"));
        assert!(of(|net| net.scope = "swarm".into()).contains("scope is swarm"));
        assert!(of(|net| net.driver = "macvlan".into()).contains("driver is macvlan"));
        assert!(of(|net| net.name = "a b".into()).contains("letter or digit"));
        let worker = Place::Worker { managers: "`echo`".into() };
        assert!(reason(&worker, &web).contains("adopt it on `echo`"));
        assert!(reason(&Place::Manager, &web).contains("this node only"));
        let weave = HostNetwork { scope: "swarm".into(), driver: "weave".into(), ..web.clone() };
        assert!(reason(&Place::Manager, &weave).contains("driver is weave"));
        let twice = [web.clone(), web.clone()];
        let judged = judge(&Place::Standalone, &web, &twice, &[]);
        assert!(
            matches!(judged, Adoptability::Refused { reason } if reason.contains("2 networks"))
        );
        let judged = judge(&Place::Standalone, &web, std::slice::from_ref(&web), &[]);
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
        assert_eq!(maker(&network(proxy::NETWORK)).kind, MakerKind::Portolan);
        assert_eq!(maker(&network("dokploy-network")).kind, MakerKind::Dokploy);
        assert_eq!(maker(&network("host")).kind, MakerKind::Docker);
        assert_eq!(maker(&network("mine")).kind, MakerKind::Unknown);
    }
}
