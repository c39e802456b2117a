//! Nodes and links from a world that was read. Pure: the same world makes the same picture, in time
//! that grows with its size.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use portolan_types::{
    Attachment, Chart, ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, Destination,
    DestinationId, DestinationKind, DestinationState, Proxy, ProxyState, Reachability, Server,
    ServerId,
};

use super::{World, members, routes};
use crate::{destinations::ours, sighting::Sighting};

/// The node of everything outside.
pub(super) const INTERNET: &str = "internet";

/// A picture in the making.
#[derive(Debug, Default)]
pub(super) struct Drawing<'a> {
    chart: Chart,
    drawn: HashSet<String>,
    /// Destinations by server and Docker's id of the network, as it was seen there.
    pub(super) networks: HashMap<(&'a ServerId, &'a str), &'a Destination>,
    /// Servers on which a destination's network was seen.
    pub(super) seen_on: BTreeMap<&'a DestinationId, BTreeSet<&'a ServerId>>,
    /// Nodes by the destination that they are on, and the name by which routes find them.
    pub(super) targets: HashMap<(&'a DestinationId, &'a str), String>,
}

pub(super) fn draw(world: &World) -> Chart {
    let mut drawing = Drawing::default();
    drawing.chart.as_of = world.sightings.values().map(|seen| seen.at).min();
    drawing.place_networks(world);
    if !(world.proxies.is_empty() && world.routes.is_empty()) {
        drawing.node(node(INTERNET.to_owned(), ChartNodeKind::Internet, "Internet", "outside"));
    }
    for server in &world.servers {
        drawing.server(world, server);
    }
    for proxy in &world.proxies {
        drawing.proxy(world, proxy);
    }
    for destination in &world.destinations {
        drawing.destination(world, destination);
    }
    for attachment in &world.attachments {
        drawing.attachment(attachment);
    }
    members::draw(&mut drawing, world);
    routes::draw(&mut drawing, world);
    drawing.chart
}

pub(super) fn server_node(id: &ServerId) -> String {
    format!("server:{id}")
}

pub(super) fn proxy_node(server: &ServerId) -> String {
    format!("proxy:{server}")
}

pub(super) fn destination_node(id: &DestinationId) -> String {
    format!("destination:{id}")
}

/// A node with nothing but what every one has.
pub(super) fn node(id: String, kind: ChartNodeKind, name: &str, state: &str) -> ChartNode {
    ChartNode {
        id,
        kind,
        name: name.to_owned(),
        state: state.to_owned(),
        reason: None,
        parent: None,
        group: None,
        missing: false,
        server_id: None,
        destination_id: None,
        seen_at: None,
    }
}

pub(super) fn link(from: String, to: String, kind: ChartLinkKind) -> ChartLink {
    ChartLink { from, to, kind, label: None, state: None, missing: false, route_id: None }
}

impl<'a> Drawing<'a> {
    /// Adds a node, unless it is there already.
    pub(super) fn node(&mut self, node: ChartNode) {
        if self.drawn.insert(node.id.clone()) {
            self.chart.nodes.push(node);
        }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.drawn.contains(id)
    }

    /// Adds a link whose ends are there; one that leads nowhere is nobody's.
    pub(super) fn link(&mut self, link: ChartLink) {
        if self.has(&link.from) && self.has(&link.to) {
            self.chart.links.push(link);
        }
    }

    pub(super) fn leave_out(&mut self) {
        self.chart.left_out = self.chart.left_out.saturating_add(1);
    }

    pub(super) fn size(&self) -> usize {
        self.chart.nodes.len()
    }

    /// Finds each destination's network on its own server, and overlays on the others.
    fn place_networks(&mut self, world: &'a World) {
        let mut overlays: HashMap<&str, &Destination> = HashMap::new();
        for destination in &world.destinations {
            let Some(seen) = world.sightings.get(&destination.server_id) else { continue };
            let Some(network) = ours(destination, &seen.sighting) else { continue };
            self.see(&destination.server_id, &network.docker_id, destination);
            if destination.kind == DestinationKind::Swarm {
                overlays.insert(&network.docker_id, destination);
            }
        }
        for (server, seen) in &world.sightings {
            for network in &seen.sighting.networks {
                if let Some(destination) = overlays.get(network.docker_id.as_str()) {
                    self.see(server, &network.docker_id, destination);
                }
            }
        }
    }

    fn see(&mut self, server: &'a ServerId, docker_id: &'a str, destination: &'a Destination) {
        self.networks.insert((server, docker_id), destination);
        self.seen_on.entry(&destination.id).or_default().insert(server);
    }

    fn server(&mut self, world: &World, server: &Server) {
        let away = server.reachability == Reachability::Unreachable;
        let state = if away { server.reachability.as_str() } else { server.state.as_str() };
        let id = server_node(&server.id);
        self.node(ChartNode {
            reason: server.reason.clone(),
            server_id: Some(server.id.clone()),
            seen_at: world.sightings.get(&server.id).map(|seen| seen.at),
            ..node(id, ChartNodeKind::Server, server.name.as_str(), state)
        });
    }

    fn proxy(&mut self, world: &World, proxy: &Proxy) {
        let seen = world.sightings.get(&proxy.server_id).map(|seen| &seen.sighting);
        let id = proxy_node(&proxy.server_id);
        let name = format!("{} on {}", proxy.kind, proxy.server_name);
        self.node(ChartNode {
            reason: proxy.reason.clone(),
            parent: Some(server_node(&proxy.server_id)),
            missing: is_wanted(proxy) && !is_there(proxy, seen),
            server_id: Some(proxy.server_id.clone()),
            ..node(id.clone(), ChartNodeKind::Proxy, &name, proxy.state.as_str())
        });
    }

    fn destination(&mut self, world: &World, destination: &Destination) {
        let id = destination_node(&destination.id);
        let spans = destination.kind == DestinationKind::Swarm;
        let parent = (!spans).then(|| server_node(&destination.server_id));
        let (name, state) = (destination.name.as_str(), destination.state.as_str());
        self.node(ChartNode {
            reason: destination.reason.clone(),
            parent,
            missing: self.is_missing(world, destination),
            server_id: Some(destination.server_id.clone()),
            destination_id: Some(destination.id.clone()),
            ..node(id.clone(), ChartNodeKind::Destination, name, state)
        });
        if spans {
            for server in self.spanned(destination) {
                self.link(link(id.clone(), server_node(&server), ChartLinkKind::Spans));
            }
        }
    }

    /// The servers that an overlay reaches: its own, those where it was seen, and those of nodes
    /// that the swarm says it is live on.
    fn spanned(&self, destination: &Destination) -> BTreeSet<ServerId> {
        let seen = self.seen_on.get(&destination.id).into_iter().flatten().copied();
        let live = destination.nodes.iter().filter_map(|node| node.server_id.as_ref());
        std::iter::once(&destination.server_id).chain(seen).chain(live).cloned().collect()
    }

    fn is_missing(&self, world: &World, destination: &Destination) -> bool {
        if destination.state == DestinationState::Deleting {
            return false;
        }
        match world.sightings.get(&destination.server_id) {
            Some(_) => !self.seen_on.contains_key(&destination.id),
            None => destination.observed.is_none(),
        }
    }

    fn attachment(&mut self, attachment: &Attachment) {
        if !(attachment.wanted || attachment.observed) {
            return;
        }
        let from = proxy_node(&attachment.server_id);
        let to = destination_node(&attachment.destination_id);
        self.link(ChartLink {
            missing: !attachment.observed,
            ..link(from, to, ChartLinkKind::Attachment)
        });
    }
}

/// A person may have stopped it, or asked for its removal.
const fn is_wanted(proxy: &Proxy) -> bool {
    match proxy.state {
        ProxyState::Pending | ProxyState::Running | ProxyState::Drifted | ProxyState::Failed => {
            true
        }
        ProxyState::Stopped | ProxyState::Removing => false,
    }
}

/// Its container, or on a swarm its service, as last seen.
fn is_there(proxy: &Proxy, seen: Option<&Sighting>) -> bool {
    let Some(observed) = &proxy.observed else { return false };
    let Some(seen) = seen else { return true };
    let id = &observed.docker_id;
    seen.containers.iter().any(|one| one.member.docker_id == *id)
        || seen.services.iter().any(|one| one.docker_id == *id)
}
