//! Links: that an application may reach a resource of another destination.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, ApplicationName, DatabaseId, DestinationId, LinkId, Name, NetworkName,
    Timestamp, text::words,
};

words! {
    /// How far a link is.
    pub enum LinkState ("state of a link") {
        /// One of the two is not on its network, as `reason` says.
        Waiting = "waiting",
        /// Both are on its network.
        Up = "up",
    }
}

/// Two resources of different destinations that share a network of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    pub id: LinkId,
    /// Who reaches the other one by its names.
    pub from: LinkEnd,
    pub to: LinkEnd,
    /// Docker's name of the network.
    pub network: NetworkName,
    pub state: LinkState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub created_at: Timestamp,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkEnd {
    pub application_id: ApplicationId,
    /// Absent where the other end is all that is visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ApplicationName>,
    /// The database that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_id: Option<DatabaseId>,
    pub destination_id: DestinationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_name: Option<Name>,
}

/// The links of a resource, both those that lead from it and those that lead to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Links {
    pub items: Vec<Link>,
}

/// What `create_link` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLink {
    /// The resource to be reached: an application, or a database by the same id.
    pub to: ApplicationId,
}
