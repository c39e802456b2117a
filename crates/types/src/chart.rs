//! The fleet as one picture: what there is, and what is connected with what.
//!
//! Owns shapes alone. How it is put together is the server's affair, how it is drawn the page's.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{ApplicationId, DestinationId, RouteId, ServerId, Timestamp, text::words};

words! {
    /// What a node of the chart stands for.
    pub enum ChartNodeKind ("kind of node") {
        /// Everything outside.
        Internet = "internet",
        Proxy = "proxy",
        Server = "server",
        Destination = "destination",
        Container = "container",
        /// A service of a swarm: its tasks are containers on any node.
        Service = "service",
        /// What is deployed, in the place of its containers.
        Application = "application",
        /// The same, where it runs a database.
        Database = "database",
    }
}

words! {
    /// What a link of the chart says.
    pub enum ChartLinkKind ("kind of link") {
        /// Requests are led this way.
        Route = "route",
        /// The proxy is on the destination's network.
        Attachment = "attachment",
        /// The container or service is on the destination's network.
        Member = "member",
        /// The overlay reaches this server.
        Spans = "spans",
        /// The one reaches the other, which is on another destination.
        Link = "link",
    }
}

/// The picture: as of what was last seen of the hosts, or as the fleet was at a moment of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chart {
    /// When the host was looked at whose look is the oldest; absent when none was looked at.
    pub as_of: Option<Timestamp>,
    pub nodes: Vec<ChartNode>,
    /// Both ends of each are among the nodes.
    pub links: Vec<ChartLink>,
    /// Containers and services beyond what one picture holds.
    pub left_out: u32,
    /// The moment of the past that it shows, if one was asked for. Applications, containers, services
    /// and how far overlays reached are not kept, so they are not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The earliest moment that can be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Something in the picture. Texts of containers and services come from the host: show them as
/// text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChartNode {
    /// Unique in the picture, and the same in the next one.
    #[schema(example = "destination:tz4a98xxat96iws9zmbrgj3a")]
    pub id: String,
    pub kind: ChartNodeKind,
    pub name: String,
    /// As the thing itself says it; `unreachable` for servers that do not answer; Docker's word for
    /// containers.
    #[schema(example = "ready")]
    pub state: String,
    /// Why it is in this state, when that is not obvious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The node of the server that it is on; absent for what is on several, or on none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The Compose project, or the stack; of applications and databases PROJECT/ENVIRONMENT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// It is wanted, and was not there when its host was last looked at.
    pub missing: bool,
    /// The server that it is, or is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
    /// The destination that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The application that it is, or that runs the database that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<ApplicationId>,
    /// The container or the service that serves, of applications and databases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// When it was last looked at: of servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}

/// When the picture is wanted of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChartQuery {
    /// A moment of the kept past; now when it is absent.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-01T12:00:00.000Z")]
    pub at: Option<Timestamp>,
}

/// A connection between two nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChartLink {
    pub from: String,
    pub to: String,
    pub kind: ChartLinkKind,
    /// What is asked for, of a route: host and path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "shop.example.com/")]
    pub label: Option<String>,
    /// Of a route, or of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// It is wanted, and was not there.
    pub missing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
}
