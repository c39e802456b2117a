//! Tasks: what a swarm runs of an application.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// One try of a swarm to run one replica of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationTask {
    /// Docker's.
    pub id: String,
    /// Which of the replicas it is, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<u32>,
    /// What the node calls itself. Absent while it has no place, and for who does not see the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Docker's word: `running`, `preparing`, `pending`, `failed`, `rejected`, ...
    pub state: String,
    /// Why it is not further, in the swarm's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Whether it is to run. One that is not is shown while the replica after it has not come up.
    pub wanted: bool,
}

/// The tasks of an application, replica by replica, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationTasks {
    pub items: Vec<ApplicationTask>,
}
