//! Events: what happened, in order, to the things of a team.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{EventId, Subject, Timestamp};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    pub id: EventId,
    pub at: Timestamp,
    /// For programs; stable.
    #[schema(example = "server.unreachable")]
    pub kind: String,
    pub subject: Subject,
    pub subject_name: String,
    /// For people.
    pub message: String,
}
