//! Projects and their environments: where applications and databases are grouped.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Description, DestinationId, EnvironmentId, Invalid, Name, ProjectId, Timestamp,
    text::text_newtype,
};

/// A group of environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    pub id: ProjectId,
    /// The team has no other one of this name, however it is capitalized.
    pub name: Name,
    pub description: Description,
    /// How many environments it has.
    pub environments: u64,
    pub created_at: Timestamp,
}

/// What `create_project` takes. The project has an environment `production` at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    pub name: Name,
    #[serde(default)]
    pub description: Description,
}

/// What `update_project` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
}

/// A part of a project that stands for itself, as `production` or `staging`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Environment {
    pub id: EnvironmentId,
    pub project_id: ProjectId,
    pub project_name: Name,
    /// The project has no other one of this name, however it is capitalized.
    pub name: Name,
    /// Where what is put into it goes when nothing else is said. Absent when there is none, and
    /// after that destination was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_destination_id: Option<DestinationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_destination_name: Option<Name>,
    pub created_at: Timestamp,
}

/// What `create_environment` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEnvironment {
    pub project_id: ProjectId,
    pub name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_destination_id: Option<DestinationId>,
}

/// What `update_environment` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateEnvironment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// A destination from now on, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_destination_id: Option<DefaultDestination>,
}

/// A destination, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^(none|[a-z][a-z0-9]{23})$", example = "none")]
pub struct DefaultDestination(String);

impl DefaultDestination {
    /// The word that stands for no destination.
    const NONE: &str = "none";

    /// Which one it is, if any.
    pub fn id(&self) -> Option<DestinationId> {
        self.0.parse().ok()
    }
}

impl From<Option<DestinationId>> for DefaultDestination {
    fn from(id: Option<DestinationId>) -> Self {
        Self(id.map_or_else(|| Self::NONE.to_owned(), Into::into))
    }
}

impl FromStr for DefaultDestination {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::NONE {
            return Ok(None.into());
        }
        let id: DestinationId = text.parse().map_err(|invalid: Invalid| {
            Invalid::new(format!("neither `{}` nor a destination: {invalid}", Self::NONE))
        })?;
        Ok(Some(id).into())
    }
}

text_newtype!(DefaultDestination);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_destination_is_an_id_or_none() {
        let id = DestinationId::generate();
        let chosen: DefaultDestination = id.as_str().parse().expect("an id");
        assert_eq!(chosen.id(), Some(id));
        let none: DefaultDestination = "none".parse().expect("a word");
        assert_eq!(none.id(), None);
        for bad in ["", "None", "web", "none "] {
            assert!(bad.parse::<DefaultDestination>().is_err(), "{bad}");
        }
    }
}
