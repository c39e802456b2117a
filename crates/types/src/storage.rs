//! Storages: where the backups of a team's databases are kept.
//!
//! Owns what one is. How bytes get there and back is the server's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, StorageId, Timestamp, text::words};

words! {
    /// What a storage is.
    pub enum StorageKind ("kind of storage") {
        /// A folder of the control plane's own, on its disk.
        Disk = "disk",
    }
}

/// A place for backups. Which one is chosen for a backup stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Storage {
    pub id: StorageId,
    /// The team has no other one of this name, however it is capitalized.
    pub name: Name,
    pub kind: StorageKind,
    /// How many backups are there.
    pub backups: u64,
    /// What they take there, in bytes.
    pub bytes: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What `create_storage` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStorage {
    pub name: Name,
    pub kind: StorageKind,
}

/// What `update_storage` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStorage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
}
