//! Making another application of what one is wanted to be.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Application, ApplicationName};
use crate::{DestinationId, EnvironmentId};

/// What `clone_application` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloneApplication {
    pub name: ApplicationName,
    /// Default: that of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_id: Option<EnvironmentId>,
    /// Default: that of the original; in another environment, that environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// Begins without the variables of the original.
    #[serde(default)]
    pub without_variables: bool,
    /// Fills its volumes with what is in those of the original, before its first container is started. The
    /// original has to stand still meanwhile.
    #[serde(default)]
    pub with_volumes: bool,
}

/// A clone that was made. It was not deployed, and nothing is in its volumes yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClonedApplication {
    pub application: Application,
    /// What did not come along, because only one can have it or because it means nothing at the clone's
    /// place, in words.
    pub left_out: Vec<String>,
}
