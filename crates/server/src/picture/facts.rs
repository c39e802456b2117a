//! What the picture has to know of each thing, whether it is there now or was.
//!
//! Owns these shapes, and how they are read off the rows of now; `db::past` reads those of then.

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationId, Attachment, DatabaseId, Destination, DestinationId, DestinationKind,
    DestinationState, Link, LinkState, Proxy, ProxyKind, ProxyState, Reachability, Route, RouteId,
    RouteState, Server, ServerId, ServerState,
};

use super::World;
use crate::{db::application::Drawn, destinations::ours, sighting::Seen};

/// A kind of thing whose past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thing {
    Server,
    Proxy,
    Destination,
    Attachment,
    Route,
}

impl Thing {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Proxy => "proxy",
            Self::Destination => "destination",
            Self::Attachment => "attachment",
            Self::Route => "route",
        }
    }
}

impl std::str::FromStr for Thing {
    type Err = portolan_types::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Server, Self::Proxy, Self::Destination, Self::Attachment, Self::Route]
            .into_iter()
            .find(|thing| thing.as_str() == text)
            .ok_or_else(|| portolan_types::Invalid::new(format!("unknown thing `{text}`")))
    }
}

/// What is known of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Server(ServerFacts),
    Proxy(ProxyFacts),
    Destination(DestinationFacts),
    Attachment(AttachmentFacts),
    Route(RouteFacts),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    pub id: ServerId,
    pub name: String,
    pub state: ServerState,
    pub reason: Option<String>,
    pub reachability: Reachability,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFacts {
    pub server_id: ServerId,
    pub kind: ProxyKind,
    pub state: ProxyState,
    pub reason: Option<String>,
    /// Docker runs it, as far as its row knows.
    pub observed: bool,
    /// Docker's id of it, by which it is found among what was seen; unknown of the past.
    pub container: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationFacts {
    pub id: DestinationId,
    pub server_id: ServerId,
    pub name: String,
    pub kind: DestinationKind,
    pub state: DestinationState,
    pub reason: Option<String>,
    /// Docker has it, as far as its row knows.
    pub observed: bool,
    /// Docker's id of its network, as it was last seen on its own server; unknown of the past.
    pub network: Option<String>,
    /// Servers on whose nodes the swarm says that it is live; unknown of the past.
    pub nodes: Vec<ServerId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentFacts {
    pub server_id: ServerId,
    pub destination_id: DestinationId,
    pub wanted: bool,
    pub observed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFacts {
    pub id: RouteId,
    pub destination_id: DestinationId,
    pub host: String,
    pub path: String,
    pub target: String,
    pub state: RouteState,
}

/// An application or a database; neither is kept of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApplicationFacts {
    pub id: ApplicationId,
    pub name: String,
    /// PROJECT/ENVIRONMENT.
    pub place: String,
    pub database_id: Option<DatabaseId>,
    pub destination_id: DestinationId,
    /// None on a swarm.
    pub server_id: Option<ServerId>,
    pub state: String,
    pub reason: Option<String>,
    pub container: Option<String>,
}

/// A link between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkFacts {
    pub from: ApplicationId,
    pub to: ApplicationId,
    pub state: LinkState,
    pub is_up: bool,
}

/// All that one picture is made of, besides what was seen on the hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) servers: Vec<ServerFacts>,
    pub(super) proxies: Vec<ProxyFacts>,
    pub(super) destinations: Vec<DestinationFacts>,
    pub(super) attachments: Vec<AttachmentFacts>,
    pub(super) routes: Vec<RouteFacts>,
    pub(super) applications: Vec<ApplicationFacts>,
    pub(super) links: Vec<LinkFacts>,
}

impl Facts {
    pub(super) fn of(world: &World) -> Self {
        let fleet = &world.fleet;
        let destination = |one| DestinationFacts::of(one, &world.sightings);
        Self {
            servers: fleet.servers.iter().map(ServerFacts::of).collect(),
            proxies: fleet.proxies.iter().map(ProxyFacts::of).collect(),
            destinations: fleet.destinations.iter().map(destination).collect(),
            attachments: world.attachments.iter().map(AttachmentFacts::of).collect(),
            routes: fleet.routes.iter().map(RouteFacts::of).collect(),
            applications: world.applications.iter().map(ApplicationFacts::of).collect(),
            links: world.links.iter().map(LinkFacts::of).collect(),
        }
    }
}

impl ServerFacts {
    fn of(server: &Server) -> Self {
        Self {
            id: server.id.clone(),
            name: server.name.as_str().to_owned(),
            state: server.state,
            reason: server.reason.clone(),
            reachability: server.reachability,
        }
    }
}

impl ProxyFacts {
    fn of(proxy: &Proxy) -> Self {
        Self {
            server_id: proxy.server_id.clone(),
            kind: proxy.kind,
            state: proxy.state,
            reason: proxy.reason.clone(),
            observed: proxy.observed.is_some(),
            container: proxy.observed.as_ref().map(|observed| observed.docker_id.clone()),
        }
    }
}

impl DestinationFacts {
    fn of(destination: &Destination, sightings: &BTreeMap<ServerId, Seen>) -> Self {
        let seen = sightings.get(&destination.server_id);
        let network = seen.and_then(|seen| ours(destination, &seen.sighting));
        let nodes = destination.nodes.iter().filter_map(|node| node.server_id.clone());
        Self {
            id: destination.id.clone(),
            server_id: destination.server_id.clone(),
            name: destination.name.as_str().to_owned(),
            kind: destination.kind,
            state: destination.state,
            reason: destination.reason.clone(),
            observed: destination.observed.is_some(),
            network: network.map(|network| network.docker_id.clone()),
            nodes: nodes.collect(),
        }
    }
}

impl AttachmentFacts {
    fn of(attachment: &Attachment) -> Self {
        Self {
            server_id: attachment.server_id.clone(),
            destination_id: attachment.destination_id.clone(),
            wanted: attachment.wanted,
            observed: attachment.observed,
        }
    }
}

impl RouteFacts {
    fn of(route: &Route) -> Self {
        Self {
            id: route.id.clone(),
            destination_id: route.destination_id.clone(),
            host: route.host.to_string(),
            path: route.path.to_string(),
            target: route.target.as_str().to_owned(),
            state: route.state,
        }
    }
}

impl ApplicationFacts {
    fn of(one: &Drawn) -> Self {
        let is_on_server = one.destination_kind == DestinationKind::Standalone;
        Self {
            id: one.id.clone(),
            name: one.name.clone(),
            place: one.place.clone(),
            database_id: one.database_id.clone(),
            destination_id: one.destination_id.clone(),
            server_id: is_on_server.then(|| one.server_id.clone()),
            state: one.state.to_string(),
            reason: one.reason.clone(),
            container: one.container.clone(),
        }
    }
}

impl LinkFacts {
    fn of(link: &Link) -> Self {
        Self {
            from: link.from.application_id.clone(),
            to: link.to.application_id.clone(),
            state: link.state,
            is_up: link.state == LinkState::Up,
        }
    }
}
