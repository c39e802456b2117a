//! Applications: programs that are deployed into a destination, and what is wanted of them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Alias, ApplicationId, ContainerName, DatabaseId, DeploymentId, DestinationId, DestinationKind,
    EnvironmentId, Invalid, Name, OperationId, ProjectId, ServerId, StackId, Timestamp,
    text::{text_newtype, words},
};

mod build;
mod check;
mod cloning;
mod mount;
mod moving;
mod place;
mod process;
mod repository;
mod spec;
mod task;
mod variable;
mod words;

pub use build::{Build, BuildStage, GitReference, RepositoryLogin, RepositoryPath};
pub use check::{HealthCheck, Seconds};
pub use cloning::{CloneApplication, ClonedApplication};
pub use mount::{ApplicationMount, BindPath, MountPath, MountSource};
pub use moving::{ApplicationMove, ApplicationMoved, MoveApplication, MoveState, MovedVolume};
pub use place::{AddPlace, PlaceOf};
pub use process::{
    Capability, FileMode, Hostname, ProcessSettings, StopSignal, Tmpfs, WorkingDirectory,
};
pub use repository::{RepositoryUrl, SshRepository};
pub use spec::{
    ApplicationSpec, Argument, Balance, HostPort, LabelKey, LabelValue, ResourceLimits,
    RestartRule, Strategy, Transport,
};
pub use task::{ApplicationTask, ApplicationTasks};
pub use variable::{
    ChangeVariables, ReferVariable, SetVariable, Variable, VariableName, VariableValue, Variables,
};
pub use words::Words;

words! {
    /// How an application is doing.
    pub enum ApplicationState ("state of an application") {
        /// It was never deployed.
        New = "new",
        /// It runs, and its health check has not passed yet.
        Starting = "starting",
        /// It runs, and is healthy where that is checked.
        Running = "running",
        /// It runs, and its health check fails. On a swarm: fewer of its replicas run than are wanted.
        Unhealthy = "unhealthy",
        /// Its program ends again and again.
        Restarting = "restarting",
        /// A person stopped it.
        Stopped = "stopped",
        /// It is to run, and its container does not: the reason says why.
        Down = "down",
        /// It is to run, and its container is gone.
        Missing = "missing",
        /// It is being removed.
        Removing = "removing",
    }
}

impl ApplicationState {
    /// Its program is to run, whatever it does.
    pub const fn is_up(self) -> bool {
        match self {
            Self::Starting | Self::Running | Self::Unhealthy | Self::Restarting => true,
            Self::New | Self::Stopped | Self::Down | Self::Missing | Self::Removing => false,
        }
    }
}

/// What an application is called: a label of the DNS (RFC 1123) with room for what its containers'
/// names have besides. It is the first name by which others on the network find it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 40,
    pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    example = "shop"
)]
pub struct ApplicationName(String);

impl ApplicationName {
    pub const MAX: usize = 40;

    /// As others on the network call it.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: a name is a label already")]
    pub fn alias(&self) -> Alias {
        self.0.parse().expect("a shorter label of the DNS is one")
    }
}

impl FromStr for ApplicationName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<Alias>() {
            Ok(label) if label.as_str().len() <= Self::MAX => Ok(Self(label.into())),
            Ok(_) | Err(_) => Err(Invalid::new(format!(
                "an application's name has 1 to {} letters, digits and `-`, the first and last \
                 not `-`",
                Self::MAX
            ))),
        }
    }
}

text_newtype!(ApplicationName);

/// A program that is deployed into a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Application {
    pub id: ApplicationId,
    pub project_id: ProjectId,
    pub project_name: Name,
    pub environment_id: EnvironmentId,
    pub environment_name: Name,
    pub destination_id: DestinationId,
    /// Absent for who does not see the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_name: Option<Name>,
    /// On a swarm it is a service, with replicas on the nodes.
    pub destination_kind: DestinationKind,
    pub server_id: ServerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Name>,
    /// The environment has no other one of this name. It stays.
    pub name: ApplicationName,
    /// The database that it runs: it is changed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_id: Option<DatabaseId>,
    /// The stack of which it is a service: it is changed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_id: Option<StackId>,
    /// The application of which it is a further place: it is changed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_of: Option<PlaceOf>,
    /// How many further places it has.
    #[serde(default)]
    pub places: u32,
    /// What the next deployment makes.
    pub spec: ApplicationSpec,
    /// Whether the spec or the variables are other than what was deployed last.
    pub changed: bool,
    pub state: ApplicationState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    /// The container that serves. On a swarm the service, whose name stays over deployments.
    pub container: Option<ContainerName>,
    /// The deployment that made it.
    pub deployment_id: Option<DeploymentId>,
    /// Its move to another destination, as long as that is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<ApplicationMove>,
    /// The latest work on it.
    pub operation_id: Option<OperationId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Application {
    /// Whether a swarm runs it, as a service.
    pub fn is_service(&self) -> bool {
        self.destination_kind == DestinationKind::Swarm
    }
}

/// What `create_application` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApplication {
    pub environment_id: EnvironmentId,
    /// Default: the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    pub name: ApplicationName,
    pub spec: ApplicationSpec,
}

/// What `update_application` takes; what is left out stays. It changes the next deployment, and
/// nothing that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateApplication {
    /// All of it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ApplicationSpec>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_with_room() {
        for text in ["shop", "a", "shop-api-2", &"x".repeat(40)] {
            assert_eq!(text.parse::<ApplicationName>().map(String::from).as_deref(), Ok(text));
        }
        for text in ["", "-a", "a-", "a.b", "a b", "a_b", "é", &"x".repeat(41)] {
            assert!(text.parse::<ApplicationName>().is_err(), "{text:?}");
        }
    }
}
