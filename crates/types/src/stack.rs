//! Stacks: applications of one Compose file.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Alias, ApplicationId, ApplicationName, ApplicationState, ContainerName, DestinationId,
    EnvironmentId, GitReference, Image, Invalid, KeyId, Name, NetworkName, Operation, OperationId,
    ProjectId, RepositoryPath, RepositoryUrl, ServerId, StackId, Timestamp, VariableName,
    VariableValue,
    server::Fingerprint,
    text::{text_newtype, words},
};

mod file;

pub use file::{FileText, StackFile};

words! {
    /// Whether a stack stays.
    #[derive(Default)]
    pub enum StackState ("state of a stack") {
        /// Its services are as they are.
        #[default]
        Placed = "placed",
        /// It goes when its services are gone.
        Removing = "removing",
    }
}

/// A Compose file: at most 128 KiB. It is not debugged, as there may be secrets in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 131_072,
    example = "services:\n  web:\n    image: nginx:1\n"
)]
pub struct ComposeFile(String);

impl ComposeFile {
    pub const MAX: usize = 128 << 10;
}

impl FromStr for ComposeFile {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() || text.len() > Self::MAX || text.contains('\0') {
            return Err(Invalid::new(format!(
                "a Compose file has something in it, at most {} bytes, and no NUL",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(ComposeFile);

impl fmt::Debug for ComposeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComposeFile")
    }
}

/// Where folders are that a file's `build` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StackRepository {
    pub repository: RepositoryUrl,
    /// A branch or tag. Default: the repository's own branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<GitReference>,
    /// The team's key that logs in to a repository by SSH, which needs one. Only admins and owners say
    /// where a key logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// What the host of a repository by SSH has to show; without, it is refused and said what it showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<Fingerprint>,
    /// The folder of the file, from which its paths go.
    #[serde(default = "RepositoryPath::root", skip_serializing_if = "RepositoryPath::is_root")]
    pub folder: RepositoryPath,
}

/// A value for `${NAME}` in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStackVariable {
    pub name: VariableName,
    pub value: VariableValue,
    /// Whether it is never shown, nor what it is put into.
    #[serde(default)]
    pub secret: bool,
}

/// The same as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackVariable {
    pub name: VariableName,
    /// Absent when it is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<VariableValue>,
    pub secret: bool,
}

/// What a stack was applied from last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackSource {
    pub file: ComposeFile,
    pub variables: Vec<StackVariable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<StackRepository>,
    /// Files that came along, which it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub files: Vec<RepositoryPath>,
    /// What of the file was left out, and what may surprise, by line.
    pub notices: Vec<String>,
}

/// Applications of one Compose file, on one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stack {
    pub id: StackId,
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
    /// The environment has no other one of this name. It stays.
    pub name: ApplicationName,
    pub state: StackState,
    /// Each after those that it needs.
    pub services: Vec<StackService>,
    /// Networks beside the destination's.
    pub networks: Vec<StackNetwork>,
    /// Other destinations of the server, on which services are besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<StackVisit>,
    /// Absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<StackSource>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A service of a stack: an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackService {
    /// As the file calls it; others find it by that.
    pub name: Alias,
    pub application_id: ApplicationId,
    pub application_name: ApplicationName,
    #[schema(value_type = String)]
    pub image: Image,
    pub state: ApplicationState,
    pub reason: Option<String>,
    pub container: Option<ContainerName>,
    /// The latest work on it.
    pub operation_id: Option<OperationId>,
    /// Services that are waited for before it is deployed.
    pub needs: Vec<Alias>,
}

/// A network of a stack, beside its destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackNetwork {
    /// As the file calls it.
    pub name: String,
    /// Docker's name.
    pub network: NetworkName,
    /// Whether nothing leads outside by it.
    pub internal: bool,
    /// Services that are on it.
    pub services: Vec<Alias>,
}

/// A destination on which services of a stack are besides their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackVisit {
    pub destination_id: DestinationId,
    /// Docker's name.
    pub network: NetworkName,
    /// Services that are on it.
    pub services: Vec<Alias>,
}

/// What `create_stack` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStack {
    pub environment_id: EnvironmentId,
    /// Default: the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// Each service's application is called by it and by the service: `NAME-SERVICE`.
    pub name: ApplicationName,
    pub file: ComposeFile,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    pub variables: Vec<SetStackVariable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<StackRepository>,
    /// Files that the file names. Those that are not sent are looked for in the repository, where there
    /// is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub files: Vec<StackFile>,
}

/// What `apply_stack` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApplyStack {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<ComposeFile>,
    /// Those that are not named stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    pub variables: Vec<SetStackVariable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    pub unset: Vec<VariableName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<StackRepository>,
    /// Files that the file names. Those that are not sent are looked for in the repository, where there
    /// is one, and stay as they were without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub files: Vec<StackFile>,
    /// That services go which the file has no more. Their volumes stay.
    pub remove: bool,
}

/// A stack that was applied, with the work on its services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StackApplied {
    pub stack: Stack,
    /// In the order in which it is done; nothing where all is as it was.
    pub operations: Vec<Operation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_something_in_it_and_is_not_debugged() {
        let file: ComposeFile = "services: {web: {image: sesame}}".parse().expect("a file");
        assert!(!format!("{file:?}").contains("sesame"));
        for text in ["", " \n", "a\0b", &"x".repeat(ComposeFile::MAX + 1)] {
            assert!(text.parse::<ComposeFile>().is_err());
        }
    }
}
