//! Ways from outside: from the internet to the proxies, and from those to what routes lead to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portolan_types::{
    ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, Destination, DestinationId, Route,
    RouteState, ServerId,
};

use super::{
    World,
    draw::{Drawing, INTERNET, link, node, proxy_node, server_node},
    members,
};

pub(super) fn draw(drawing: &mut Drawing<'_>, world: &World) {
    let by_id: HashMap<&DestinationId, &Destination> =
        world.destinations.iter().map(|one| (&one.id, one)).collect();
    let attached = attached(world);
    let mut entered: BTreeSet<String> = BTreeSet::new();
    for route in &world.routes {
        let Some(destination) = by_id.get(&route.destination_id) else { continue };
        let target = target(drawing, route, destination);
        for proxy in proxies(drawing, world, route, attached.get(&route.destination_id)) {
            drawing.link(led(route, proxy.clone(), target.clone()));
            entered.insert(proxy);
        }
    }
    entered.extend(world.proxies.iter().map(|proxy| proxy_node(&proxy.server_id)));
    for proxy in entered {
        drawing.link(link(INTERNET.to_owned(), proxy, ChartLinkKind::Route));
    }
}

/// The proxies that are to be on each destination.
fn attached(world: &World) -> BTreeMap<&DestinationId, Vec<&ServerId>> {
    let mut attached: BTreeMap<&DestinationId, Vec<&ServerId>> = BTreeMap::new();
    for one in world.attachments.iter().filter(|one| one.wanted) {
        attached.entry(&one.destination_id).or_default().push(&one.server_id);
    }
    attached
}

fn target(drawing: &mut Drawing<'_>, route: &Route, destination: &Destination) -> String {
    let key = (&route.destination_id, route.target.as_str());
    let found = drawing.targets.get(&key).cloned();
    found.unwrap_or_else(|| members::draw_missing(drawing, destination, route.target.as_str()))
}

/// The nodes of the proxies that answer for a route: those on its destination, or its server's own,
/// which is missing when there is none.
fn proxies(
    drawing: &mut Drawing<'_>,
    world: &World,
    route: &Route,
    attached: Option<&Vec<&ServerId>>,
) -> Vec<String> {
    let on: Vec<String> = attached.into_iter().flatten().map(|id| proxy_node(id)).collect();
    if !on.is_empty() {
        return on;
    }
    let id = proxy_node(&route.server_id);
    if world.proxies.iter().all(|proxy| proxy.server_id != route.server_id) {
        drawing.node(ChartNode {
            parent: Some(server_node(&route.server_id)),
            missing: true,
            server_id: Some(route.server_id.clone()),
            reason: Some("the server has routes and no proxy to serve them".to_owned()),
            ..node(id.clone(), ChartNodeKind::Proxy, "no proxy", "missing")
        });
    }
    vec![id]
}

fn led(route: &Route, proxy: String, target: String) -> ChartLink {
    ChartLink {
        label: Some(format!("{}{}", route.host, route.path)),
        state: Some(route.state.as_str().to_owned()),
        missing: route.state != RouteState::Live,
        route_id: Some(route.id.clone()),
        ..link(proxy, target, ChartLinkKind::Route)
    }
}
