//! Whether there is a way between two ends, and what is in the way: decided from what was seen,
//! without asking anybody.

use portolan_types::{Obstacle, PathKind, ReachPath, ReachVerdict, Route};

use super::{End, What};
use crate::host::{Attachment, HostNetwork};

/// Docker's option for connections between the containers of a bridge, which are on without it.
const ICC: &str = "com.docker.network.bridge.enable_icc";

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: ReachVerdict,
    pub(super) paths: Vec<ReachPath>,
    pub(super) obstacles: Vec<Obstacle>,
}

/// Whether the one end reaches the other.
pub(super) fn judge(from: &End, to: &End, routes: Vec<ReachPath>) -> Judged {
    let mut paths = Vec::new();
    let mut obstacles: Vec<Obstacle> = [from, to].into_iter().filter_map(stopped).collect();
    let stands = obstacles.is_empty();
    if is_same(from, to) {
        paths.push(path(PathKind::Namespace, None, "127.0.0.1".into(), "it is the same container"));
    }
    for (network, place) in shared(from, to) {
        match over(network, place, from, to) {
            Ok(path) => paths.push(path),
            Err(obstacle) => obstacles.push(obstacle),
        }
    }
    if paths.is_empty() {
        paths.extend(over_host(from, to));
    }
    let hidden = [from, to].into_iter().find(|end| is_of_another(end));
    if paths.is_empty() && obstacles.is_empty() {
        obstacles.push(hidden.map_or_else(|| apart(from, to), of_another));
    }
    let verdict = match (stands && !paths.is_empty(), hidden.is_some() || !routes.is_empty()) {
        (true, _) => ReachVerdict::Yes,
        (false, true) if stands => ReachVerdict::Unknown,
        (false, _) => ReachVerdict::No,
    };
    paths.extend(routes);
    Judged { verdict, paths, obstacles }
}

/// A way through the proxy of the target's server.
pub(super) fn by_route(route: &Route) -> ReachPath {
    let detail = format!(
        "through the proxy of server `{}`, for whoever its name leads there",
        route.server_name
    );
    let network = Some(route.network.to_string());
    path(PathKind::Route, network, route.address(), detail)
}

fn path(
    kind: PathKind,
    network: Option<String>,
    address: String,
    detail: impl Into<String>,
) -> ReachPath {
    ReachPath { kind, network, address: Some(address), detail: detail.into() }
}

fn stopped(end: &End) -> Option<Obstacle> {
    let What::Container(container) = &end.what else { return None };
    let state = &container.member.state;
    (state != "running").then(|| Obstacle {
        reason: format!("container `{}` is {state}", end.name()),
        remedy: "start it".into(),
    })
}

fn is_same(from: &End, to: &End) -> bool {
    match (&from.what, &to.what) {
        (What::Container(a), What::Container(b)) => {
            a.member.docker_id == b.member.docker_id && from.server.id == to.server.id
        }
        _ => false,
    }
}

/// Networks on which both are, with the place of the one that is to be reached.
fn shared<'a>(from: &'a End, to: &'a End) -> Vec<(&'a HostNetwork, Option<&'a Attachment>)> {
    let ours = from.places();
    let is_shared = |network: &HostNetwork| {
        ours.iter().any(|(other, _)| other.docker_id == network.docker_id)
            && !matches!(network.driver.as_str(), "host" | "null")
    };
    to.places().into_iter().filter(|(network, _)| is_shared(network)).collect()
}

fn over(
    network: &HostNetwork,
    place: Option<&Attachment>,
    from: &End,
    to: &End,
) -> Result<ReachPath, Obstacle> {
    let name = &network.name;
    if network.options.get(ICC).is_some_and(|value| value == "false") {
        return Err(Obstacle {
            reason: format!(
                "both are on network `{name}`, where connections between containers are switched off ({ICC}=false)"
            ),
            remedy: "make the network anew without that option, or put both on another one".into(),
        });
    }
    let address = place.and_then(|place| place.address.clone());
    let address = address.unwrap_or_else(|| format!("any container on `{name}`"));
    let across = from.server.id != to.server.id;
    let (kind, mut detail) = if across {
        (PathKind::Overlay, format!("both are on network `{name}`, which spans their swarm"))
    } else {
        (PathKind::Network, format!("both are on network `{name}`"))
    };
    if name == "bridge" {
        detail.push_str("; by address alone, because Docker's default network resolves no names");
    }
    if network.internal {
        detail.push_str(", which is internal: inside it that is no hindrance");
    }
    Ok(path(kind, Some(name.clone()), address, detail))
}

fn has_host_network(end: &End) -> bool {
    end.places().iter().any(|(network, _)| network.driver == "host")
}

/// Over the host's own network, which one of them has.
fn over_host(from: &End, to: &End) -> Option<ReachPath> {
    if from.server.id != to.server.id {
        return None;
    }
    let places = to.places();
    if has_host_network(from) {
        let address = places.iter().find_map(|(_, place)| place.as_ref()?.address.clone())?;
        let detail = format!(
            "`{}` has the host's own network, which leads to all its containers",
            from.name()
        );
        return Some(path(PathKind::Host, None, address, detail));
    }
    let (network, _) = from.places().into_iter().find(|(network, _)| network.driver != "null")?;
    let gateway = network.subnets.iter().find_map(|subnet| subnet.gateway.clone())?;
    has_host_network(to).then(|| {
        let detail = format!("`{}` has the host's own network: it is met at the host's addresses, unless a firewall of the host forbids it", to.name());
        path(PathKind::Host, Some(network.name.clone()), gateway, detail)
    })
}

/// Whether its network is another container's: lists do not tell whose.
fn is_of_another(end: &End) -> bool {
    matches!(&end.what, What::Container(container) if container.attachments.is_empty())
}

fn of_another(end: &End) -> Obstacle {
    Obstacle {
        reason: format!(
            "`{}` is on no network of its own: it has none, or another container's",
            end.name()
        ),
        remedy: format!(
            "see `docker inspect {}` for whose (`HostConfig.NetworkMode`), and ask for that one",
            end.name()
        ),
    }
}

fn apart(from: &End, to: &End) -> Obstacle {
    let names = |end: &End| {
        let places = end.places();
        let names: Vec<&str> = places.iter().map(|(network, _)| network.name.as_str()).collect();
        if names.is_empty() { "no network that is there".to_owned() } else { names.join(", ") }
    };
    let (a, b) = (from.name(), to.name());
    if from.server.id == to.server.id {
        return Obstacle {
            reason: format!(
                "they share no network, and Docker keeps networks apart: `{a}` is on {}, `{b}` is on {}",
                names(from),
                names(to)
            ),
            remedy: format!(
                "connect one to a network of the other (`connect_container DESTINATION {a}`)"
            ),
        };
    }
    Obstacle {
        reason: format!(
            "they are on different hosts (`{}` and `{}`) and share no overlay: `{a}` is on {}, `{b}` is on {}",
            from.server.name,
            to.server.name,
            names(from),
            names(to)
        ),
        remedy:
            "put both on a destination of their swarm, or let the one publish a route or a port"
                .into(),
    }
}
