//! Making another database of one, with its data.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Database;
use crate::{ApplicationName, DestinationId, EnvironmentId};

/// What `clone_database` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloneDatabase {
    pub name: ApplicationName,
    /// Default: that of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_id: Option<EnvironmentId>,
    /// Default: that of the original; in another environment, that environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
}

/// A clone that was made, and is being filled and deployed. Its user and passwords are those of the original:
/// they are in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClonedDatabase {
    pub database: Database,
    /// What did not come along, because only one can have it, in words.
    pub left_out: Vec<String>,
}
