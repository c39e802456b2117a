//! Nodes and links from a world that was read. Pure: the same world makes the same picture, in time
//! that grows with its size.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use portolan_types::{
    Chart, ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, DestinationId, DestinationKind,
    DestinationState, ProxyState, Reachability, ServerId,
};

use super::{
    applications,
    facts::{AttachmentFacts, DestinationFacts, Facts, ProxyFacts, ServerFacts},
    members, routes,
};
use crate::sighting::{Seen, Sighting};

/// What was seen on the hosts.
pub(super) type Sightings = BTreeMap<ServerId, Seen>;

/// Whether what ran on the hosts is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Looks {
    #[default]
    Known,
    /// Of the past: nobody is missing there because nothing was seen.
    NotKept,
}

/// The node of everything outside.
pub(super) const INTERNET: &str = "internet";

/// A picture in the making.
#[derive(Debug, Default)]
pub(super) struct Drawing<'a> {
    chart: Chart,
    pub(super) looks: Looks,
    drawn: HashSet<String>,
    /// Destinations by server and Docker's id of the network, as it was seen there.
    pub(super) networks: HashMap<(&'a ServerId, &'a str), &'a DestinationFacts>,
    /// Servers on which a destination's network was seen.
    pub(super) seen_on: BTreeMap<&'a DestinationId, BTreeSet<&'a ServerId>>,
    /// Nodes by the destination that they are on, and the name by which routes find them.
    pub(super) targets: HashMap<(&'a DestinationId, &'a str), String>,
}

pub(super) fn draw(facts: &Facts, sightings: &Sightings, looks: Looks) -> Chart {
    let mut drawing = Drawing { looks, ..Drawing::default() };
    drawing.chart.as_of = sightings.values().map(|seen| seen.at).min();
    drawing.place_networks(facts, sightings);
    if !(facts.proxies.is_empty() && facts.routes.is_empty()) {
        drawing.node(node(INTERNET.to_owned(), ChartNodeKind::Internet, "Internet", "outside"));
    }
    let names: HashMap<&ServerId, &str> =
        facts.servers.iter().map(|server| (&server.id, server.name.as_str())).collect();
    for server in &facts.servers {
        drawing.server(sightings, server);
    }
    for proxy in &facts.proxies {
        drawing.proxy(sightings, proxy, names.get(&proxy.server_id).copied());
    }
    for destination in &facts.destinations {
        drawing.destination(sightings, destination);
    }
    for attachment in &facts.attachments {
        drawing.attachment(attachment);
    }
    applications::draw(&mut drawing, facts);
    members::draw(&mut drawing, facts, sightings);
    routes::draw(&mut drawing, facts);
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
        application_id: None,
        container: None,
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
    fn place_networks(&mut self, facts: &'a Facts, sightings: &'a Sightings) {
        let mut overlays: HashMap<&str, &DestinationFacts> = HashMap::new();
        for destination in &facts.destinations {
            let Some(network) = &destination.network else { continue };
            self.see(&destination.server_id, network, destination);
            if destination.kind == DestinationKind::Swarm {
                overlays.insert(network, destination);
            }
        }
        for (server, seen) in sightings {
            for network in &seen.sighting.networks {
                if let Some(destination) = overlays.get(network.docker_id.as_str()) {
                    self.see(server, &network.docker_id, destination);
                }
            }
        }
    }

    fn see(&mut self, server: &'a ServerId, docker_id: &'a str, destination: &'a DestinationFacts) {
        self.networks.insert((server, docker_id), destination);
        self.seen_on.entry(&destination.id).or_default().insert(server);
    }

    fn server(&mut self, sightings: &Sightings, server: &ServerFacts) {
        let away = server.reachability == Reachability::Unreachable;
        let state = if away { server.reachability.as_str() } else { server.state.as_str() };
        let id = server_node(&server.id);
        self.node(ChartNode {
            reason: server.reason.clone(),
            server_id: Some(server.id.clone()),
            seen_at: sightings.get(&server.id).map(|seen| seen.at),
            ..node(id, ChartNodeKind::Server, &server.name, state)
        });
    }

    fn proxy(&mut self, sightings: &Sightings, proxy: &ProxyFacts, server: Option<&str>) {
        let seen = sightings.get(&proxy.server_id).map(|seen| &seen.sighting);
        let id = proxy_node(&proxy.server_id);
        let name = format!("{} on {}", proxy.kind, server.unwrap_or_default());
        self.node(ChartNode {
            reason: proxy.reason.clone(),
            parent: Some(server_node(&proxy.server_id)),
            missing: is_wanted(proxy) && !is_there(proxy, seen),
            server_id: Some(proxy.server_id.clone()),
            ..node(id.clone(), ChartNodeKind::Proxy, &name, proxy.state.as_str())
        });
    }

    fn destination(&mut self, sightings: &Sightings, destination: &DestinationFacts) {
        let id = destination_node(&destination.id);
        let spans = destination.kind == DestinationKind::Swarm;
        let parent = (!spans).then(|| server_node(&destination.server_id));
        let (name, state) = (&destination.name, destination.state.as_str());
        self.node(ChartNode {
            reason: destination.reason.clone(),
            parent,
            missing: self.is_missing(sightings, destination),
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
    fn spanned(&self, destination: &DestinationFacts) -> BTreeSet<ServerId> {
        let seen = self.seen_on.get(&destination.id).into_iter().flatten().copied();
        let own = std::iter::once(&destination.server_id);
        own.chain(seen).chain(&destination.nodes).cloned().collect()
    }

    fn is_missing(&self, sightings: &Sightings, destination: &DestinationFacts) -> bool {
        if destination.state == DestinationState::Deleting {
            return false;
        }
        match sightings.get(&destination.server_id) {
            Some(_) => !self.seen_on.contains_key(&destination.id),
            None => !destination.observed,
        }
    }

    fn attachment(&mut self, attachment: &AttachmentFacts) {
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
const fn is_wanted(proxy: &ProxyFacts) -> bool {
    match proxy.state {
        ProxyState::Pending | ProxyState::Running | ProxyState::Drifted | ProxyState::Failed => {
            true
        }
        ProxyState::Stopped | ProxyState::Removing => false,
    }
}

/// Its container, or on a swarm its service, as last seen.
fn is_there(proxy: &ProxyFacts, seen: Option<&Sighting>) -> bool {
    let (Some(seen), Some(id)) = (seen, &proxy.container) else { return proxy.observed };
    seen.containers.iter().any(|one| one.member.docker_id == *id)
        || seen.services.iter().any(|one| one.docker_id == *id)
}
