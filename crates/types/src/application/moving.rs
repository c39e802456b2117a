//! Moving an application to another destination.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, Name, OperationId, Timestamp, text::words};

words! {
    /// How far a move is that is not over.
    pub enum MoveState ("state of a move") {
        /// Its work is under way.
        Moving = "moving",
        /// It serves where it was moved to, and what is left where it was waits to be confirmed.
        Waiting = "waiting",
        /// What is left of it is being removed.
        Over = "over",
    }
}

/// A move that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationMove {
    pub from_destination_id: DestinationId,
    /// Absent for who does not see its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_destination_name: Option<Name>,
    pub to_destination_id: DestinationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_destination_name: Option<Name>,
    pub state: MoveState,
    /// The work that moves it.
    pub operation_id: OperationId,
    pub since: Timestamp,
}

/// What `move_application` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveApplication {
    /// Where it goes.
    pub destination_id: DestinationId,
    /// Moves it although it is then not found, or does not find, where a variable is taken from a
    /// database.
    #[serde(default)]
    pub force: bool,
}

/// What became of an application that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationMoved {
    /// The destination that it was on.
    pub from: Name,
    pub to: Name,
    /// Milliseconds, by Portolan's clock, in which no container of it ran: from when the one was asked
    /// to end until the other was started. 0 where both ran beside each other; absent when Portolan was
    /// interrupted meanwhile.
    pub gap_ms: Option<u64>,
    /// What was copied; nothing where the volumes stayed where they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<MovedVolume>,
}

/// A volume that was copied to another server, and read back there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedVolume {
    /// What it is called on both hosts.
    pub name: String,
    /// Files, folders and links.
    pub entries: u64,
    /// What its files have in them.
    pub bytes: u64,
    /// What of that was sent: less where an earlier try was gone on with.
    pub sent_bytes: u64,
    /// SHA-256 over all of it, the same on both hosts.
    pub sha256: String,
}
