//! Ways from outside: from the internet to the proxies, and from those to what routes lead to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portolan_types::{
    ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, DestinationId, RouteState, ServerId,
};

use super::{
    draw::{Drawing, INTERNET, link, node, proxy_node, server_node},
    facts::{DestinationFacts, Facts, RouteFacts},
    members,
};

pub(super) fn draw(drawing: &mut Drawing<'_>, facts: &Facts) {
    let by_id: HashMap<&DestinationId, &DestinationFacts> =
        facts.destinations.iter().map(|one| (&one.id, one)).collect();
    let attached = attached(facts);
    let mut entered: BTreeSet<String> = BTreeSet::new();
    for route in &facts.routes {
        let Some(destination) = by_id.get(&route.destination_id) else { continue };
        let target = target(drawing, route, destination);
        for proxy in proxies(drawing, facts, destination, &attached) {
            drawing.link(led(route, proxy.clone(), target.clone()));
            entered.insert(proxy);
        }
    }
    entered.extend(facts.proxies.iter().map(|proxy| proxy_node(&proxy.server_id)));
    for proxy in entered {
        drawing.link(link(INTERNET.to_owned(), proxy, ChartLinkKind::Route));
    }
}

/// The proxies that are to be on each destination.
fn attached(facts: &Facts) -> BTreeMap<&DestinationId, Vec<&ServerId>> {
    let mut attached: BTreeMap<&DestinationId, Vec<&ServerId>> = BTreeMap::new();
    for one in facts.attachments.iter().filter(|one| one.wanted) {
        attached.entry(&one.destination_id).or_default().push(&one.server_id);
    }
    attached
}

fn target(drawing: &mut Drawing<'_>, route: &RouteFacts, destination: &DestinationFacts) -> String {
    let key = (&route.destination_id, route.target.as_str());
    let found = drawing.targets.get(&key).cloned();
    found.unwrap_or_else(|| members::draw_unseen(drawing, destination, &route.target))
}

/// The nodes of the proxies that answer for a route: those on its destination, or its server's own,
/// which is missing when there is none.
fn proxies(
    drawing: &mut Drawing<'_>,
    facts: &Facts,
    destination: &DestinationFacts,
    attached: &BTreeMap<&DestinationId, Vec<&ServerId>>,
) -> Vec<String> {
    let on = attached.get(&destination.id).into_iter().flatten();
    let on: Vec<String> = on.map(|id| proxy_node(id)).collect();
    if !on.is_empty() {
        return on;
    }
    let id = proxy_node(&destination.server_id);
    if facts.proxies.iter().all(|proxy| proxy.server_id != destination.server_id) {
        drawing.node(ChartNode {
            parent: Some(server_node(&destination.server_id)),
            missing: true,
            server_id: Some(destination.server_id.clone()),
            reason: Some("the server has routes and no proxy to serve them".to_owned()),
            ..node(id.clone(), ChartNodeKind::Proxy, "no proxy", "missing")
        });
    }
    vec![id]
}

fn led(route: &RouteFacts, proxy: String, target: String) -> ChartLink {
    ChartLink {
        label: Some(format!("{}{}", route.host, route.path)),
        state: Some(route.state.as_str().to_owned()),
        missing: route.state != RouteState::Live,
        route_id: Some(route.id.clone()),
        ..link(proxy, target, ChartLinkKind::Route)
    }
}
