//! Databases: an engine of a template that runs in a destination, and how applications find it.
//!
//! Owns the shapes. What its settings and credentials are is in the modules below; which engines
//! there are is data of the control plane.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, ApplicationName, ApplicationState, ContainerName, DatabaseId, DeploymentId,
    DestinationId, EnvironmentId, Image, Name, OperationId, ProjectId, ServerId, Timestamp,
    VariableName, text::words,
};

mod cloning;
mod config;
mod credentials;
mod version;

pub use cloning::{CloneDatabase, ClonedDatabase};
pub use config::{DatabaseConfig, InitialScript, PublicPort, SettingName, SettingValue};
pub use credentials::{CredentialName, DatabasePassword};
pub use version::{DatabaseVersion, EngineName};

words! {
    /// What of a database a variable of an application holds.
    #[derive(Default)]
    pub enum DatabasePart ("part of a database") {
        /// All that a client needs, in one text.
        #[default]
        Url = "url",
        /// The name by which it is found on its network.
        Host = "host",
        Port = "port",
        User = "user",
        Password = "password",
        /// The name of the database in the engine.
        Database = "database",
    }
}

/// What a variable is taken from, when the application is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FromDatabase {
    pub database_id: DatabaseId,
    #[serde(default)]
    pub part: DatabasePart,
}

/// A variable of an application that is taken from a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseUse {
    pub application_id: ApplicationId,
    pub application_name: ApplicationName,
    pub variable: VariableName,
    pub part: DatabasePart,
}

/// An engine that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseTemplate {
    pub engine: EngineName,
    /// As people call it.
    #[schema(example = "PostgreSQL")]
    pub title: String,
    /// What it is good for, in a sentence.
    pub about: String,
    /// The image's name, without a tag.
    #[schema(example = "postgres")]
    pub image: String,
    /// Versions that are offered, the usual one first. Others of the same series can be named.
    pub versions: Vec<DatabaseVersion>,
    /// Where it answers in its container.
    #[schema(value_type = u16, minimum = 1, example = 5432)]
    pub port: NonZeroU16,
    /// The user that is made when no other is named; absent where the engine has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<CredentialName>,
    /// The database that is made when no other is named; absent where the engine makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<CredentialName>,
    /// Whether it runs a script when it is made.
    pub takes_script: bool,
    /// Whether it can be backed up.
    #[serde(default)]
    pub backs_up: bool,
}

/// The engines that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseTemplates {
    pub items: Vec<DatabaseTemplate>,
}

/// A database in a destination. Its container, deployments, events and logs are those of the
/// application that has its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Database {
    pub id: DatabaseId,
    pub project_id: ProjectId,
    pub project_name: Name,
    pub environment_id: EnvironmentId,
    pub environment_name: Name,
    pub destination_id: DestinationId,
    /// Absent for who does not see the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_name: Option<Name>,
    pub server_id: ServerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Name>,
    /// The environment has no other one of this name, and the network neither. It stays.
    pub name: ApplicationName,
    pub engine: EngineName,
    /// As people call the engine.
    pub title: String,
    pub version: DatabaseVersion,
    #[schema(value_type = String, example = "postgres:17")]
    pub image: Image,
    /// Where it answers on its network, without the password.
    #[schema(example = "postgresql://app@orders:5432/app")]
    pub url: String,
    #[schema(value_type = u16, minimum = 1, example = 5432)]
    pub port: NonZeroU16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<CredentialName>,
    /// The name of the database in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<CredentialName>,
    pub config: DatabaseConfig,
    /// Variables of applications that are taken from it, of those that the caller sees.
    pub used_by: Vec<DatabaseUse>,
    /// Whether it is to be other than what was deployed last.
    pub changed: bool,
    pub state: ApplicationState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    /// The container that serves.
    pub container: Option<ContainerName>,
    /// The deployment that made it.
    pub deployment_id: Option<DeploymentId>,
    /// The latest work on it.
    pub operation_id: Option<OperationId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What `create_database` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDatabase {
    pub environment_id: EnvironmentId,
    /// Default: the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    pub name: ApplicationName,
    pub engine: EngineName,
    /// Default: the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<DatabaseVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<CredentialName>,
    /// The name of the database in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<CredentialName>,
    /// Default: a random one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<DatabasePassword>,
    #[serde(default)]
    pub config: DatabaseConfig,
    /// What the engine runs when it is made: SQL, or what it takes in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub script: Option<InitialScript>,
}

/// A new database with its password, which is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedDatabase {
    pub database: Database,
    pub password: DatabasePassword,
}

/// What `update_database` takes; what is left out stays. It changes the next deployment, and nothing
/// that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDatabase {
    /// All of it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<DatabaseConfig>,
}

/// What `upgrade_database` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpgradeDatabase {
    /// A version of the same series. Default: the present one, as its image is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<DatabaseVersion>,
}
