//! Backups of databases: what was taken when, where it lies, and what can be done with it.
//!
//! Owns what one is. A backup outlives its database, so it carries what has to be known of that.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApplicationName, BackupId, CronExpression, DatabaseId, DatabaseVersion, EngineName, Invalid,
    Name, OperationId, ProjectId, StorageId, Timestamp, text::words,
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
    /// Whether a schedule asked for it: such a one goes when newer ones take its place.
    #[serde(default)]
    pub scheduled: bool,
    /// The work that takes it, or took it.
    pub operation_id: OperationId,
    pub created_at: Timestamp,
    /// When it was whole, or had failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When it was last restored on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// Why that came to nothing. What an engine said is among it: show it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_failure: Option<String>,
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

/// What `check_backup` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBackup {
    /// It is tried on the server of this database, which is of the same engine. May be left out where the
    /// database that was backed up is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_id: Option<DatabaseId>,
}

/// How many backups that a schedule asked for are kept: the newest ones that are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 1000, example = 7)]
pub struct KeptBackups(u32);

impl KeptBackups {
    pub const MOST: u32 = 1_000;
}

impl Default for KeptBackups {
    fn default() -> Self {
        Self(7)
    }
}

impl TryFrom<u32> for KeptBackups {
    type Error = Invalid;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&count) {
            return Ok(Self(count));
        }
        Err(Invalid::new(format!("1 to {} backups can be kept", Self::MOST)))
    }
}

impl std::str::FromStr for KeptBackups {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u32>().map_or_else(|_| Self::try_from(0), Self::try_from)
    }
}

impl From<KeptBackups> for u32 {
    fn from(kept: KeptBackups) -> Self {
        kept.0
    }
}

impl std::fmt::Display for KeptBackups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// When a database is backed up without anybody asking for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupSchedule {
    pub database_id: DatabaseId,
    pub storage_id: StorageId,
    pub storage_name: Name,
    pub expression: CronExpression,
    pub keep: KeptBackups,
    /// Whether each is restored on trial as soon as it is whole.
    #[serde(default)]
    pub check: bool,
    /// When it is backed up next.
    pub next_at: Timestamp,
    /// The times after that, the first few.
    #[serde(default)]
    pub following: Vec<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What `set_backup_schedule` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBackupSchedule {
    /// Where they are kept. May be left out where the team has one storage alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_id: Option<StorageId>,
    pub expression: CronExpression,
    #[serde(default)]
    #[schema(default = 7)]
    pub keep: KeptBackups,
    /// Whether each is restored on trial as soon as it is whole, into a database that is made beside this
    /// one and goes with it.
    #[serde(default)]
    pub check: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_backups_are_kept() {
        for text in ["0", "-1", "1001", "many", ""] {
            assert!(text.parse::<KeptBackups>().is_err(), "{text}");
        }
        for text in ["1", "1000"] {
            assert_eq!(text.parse::<KeptBackups>().expect(text).to_string(), text);
        }
    }
}
