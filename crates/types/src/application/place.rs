//! Further places of an application: the same program on another server.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApplicationName;
use crate::{ApplicationId, DestinationId};

/// What `add_place` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPlace {
    /// On a server on which the application has no place yet.
    pub destination_id: DestinationId,
    /// What the place is called in lists and events. Default: the application's name and the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ApplicationName>,
    /// Lets the proxy there answer for the addresses of its routes too.
    #[serde(default)]
    pub with_routes: bool,
}

/// Of which application one is a further place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceOf {
    pub application_id: ApplicationId,
    pub application_name: ApplicationName,
}
