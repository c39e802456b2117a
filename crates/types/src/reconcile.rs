//! What runs in the background, and how it goes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, ServerId, Timestamp, text::words};

words! {
    /// What a background task does.
    pub enum TaskKind ("kind of task") {
        /// Keeps one server: its connection, its networks, its proxy.
        Keeper = "keeper",
        /// Starts a keeper for each server.
        Fleet = "fleet",
        /// Numbers new events for their readers.
        Clerk = "clerk",
        /// Tells those outside who want to know.
        Courier = "courier",
        /// Seals secrets anew when there is another data key.
        Sealer = "sealer",
        /// Sends mail to those who forgot their password.
        Resets = "resets",
        /// Keeps the terminals that are open.
        Terminals = "terminals",
        /// Reads what containers say, for those who want to know.
        Readings = "readings",
        /// Runs programs in containers.
        Commands = "commands",
        /// Runs the jobs of applications when their time comes.
        Jobs = "jobs",
        /// Takes backups of databases, and gives them back.
        Backups = "backups",
        /// Throws away what nobody needs any more.
        Janitor = "janitor",
    }
}

/// The background tasks of this process that are the team's, and the installation's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconcileStatus {
    pub tasks: Vec<TaskStatus>,
}

/// How a task goes, since the process began. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskStatus {
    pub kind: TaskKind,
    /// The server that it keeps.
    pub server_id: Option<ServerId>,
    pub server_name: Option<Name>,
    pub started_at: Timestamp,
    /// Since when its server is connected; nothing while it is not.
    pub connected_since: Option<Timestamp>,
    /// When its last run began.
    pub last_run_at: Option<Timestamp>,
    /// How long the last one that ended took.
    pub last_duration_ms: Option<u64>,
    /// When it runs again, if nothing wakes it before.
    pub next_run_at: Option<Timestamp>,
    /// The last failure, whether or not it went well since.
    pub last_error: Option<TaskError>,
    pub counts: TaskCounts,
    /// The parts of a run, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<PassStatus>,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskError {
    pub at: Timestamp,
    /// The host's own words may be in it: show it as text.
    pub message: String,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskCounts {
    /// Runs that ended: of a keeper, looks at its host.
    pub runs: u64,
    pub failures: u64,
    /// Repairs of destinations that were begun.
    pub repairs: u64,
    /// Events that the engine told.
    pub events: u64,
}

/// One part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassStatus {
    #[schema(example = "destinations")]
    pub name: String,
    pub last_run_at: Timestamp,
    pub last_duration_ms: u64,
    pub failures: u64,
}
