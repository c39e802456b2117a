//! Backups of databases: what was taken when, where it lies, and what can be done with it.
//!
//! Owns what one is. A backup outlives its database, so it carries what has to be known of that.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApplicationName, BackupId, DatabaseId, DatabaseVersion, EngineName, Name, OperationId,
    ProjectId, StorageId, Timestamp, text::words,
};

words! {
    /// How a backup is.
    pub enum BackupState ("state of a backup") {
        /// It is being taken.
        Running = "running",
        /// It is whole.
        Ready = "ready",
        /// It came to nothing: there is nothing in the storage.
        Failed = "failed",
        /// It goes with what is in the storage.
        Removing = "removing",
    }
}

/// A backup of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    pub id: BackupId,
    /// Where the database is, or was.
    pub project_id: ProjectId,
    /// The database may be gone by now.
    pub database_id: DatabaseId,
    /// Its name when it was backed up.
    pub database_name: ApplicationName,
    pub engine: EngineName,
    /// Of the engine that wrote it.
    pub version: DatabaseVersion,
    pub storage_id: StorageId,
    pub storage_name: Name,
    pub state: BackupState,
    /// Why it failed, or could not be removed. What an engine said is among it: show it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it takes in the storage, in bytes: compressed by gzip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of what lies in the storage, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The work that takes it, or took it.
    pub operation_id: OperationId,
    pub created_at: Timestamp,
    /// When it was whole, or had failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// Which backups are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BackupFilter {
    /// Only those of this database, which may be gone.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    pub database_id: Option<DatabaseId>,
    /// Only those in this storage.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    pub storage_id: Option<StorageId>,
}

/// What `back_up_database` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackUpDatabase {
    /// Where it is kept. May be left out where the team has one storage alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_id: Option<StorageId>,
}

/// What `restore_database` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreDatabase {
    /// Of this database or of another one of its engine, of no later version than it has.
    pub backup_id: BackupId,
}
