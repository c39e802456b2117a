//! What members may do on a server or in a project: the levels, and who has which of them where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, ProjectId, ServerId, text::words};

words! {
    /// What somebody may do on a server or in a project. Each level has the ones before it; admins
    /// and owners have the last on all of them.
    pub enum Right ("right") {
        /// Sees it and everything on it.
        View = "view",
        /// On a server: connects, disconnects and moves containers, and leads routes to them.
        Use = "use",
        /// On a server: makes, changes, verifies, repairs and removes destinations.
        Operate = "operate",
        /// Changes the server or project itself: a server's proxy, its policies, its place in the
        /// team; a project's name and its environments.
        Manage = "manage",
    }
}

words! {
    /// What a member sees of the team. Admins and owners see all of it.
    #[derive(Default)]
    pub enum Sees ("extent of what a member sees") {
        /// Everything that the team has.
        #[default]
        Team = "team",
        /// The servers and projects on which they have a right, and what is on those.
        Granted = "granted",
    }
}

/// What a right is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "id", rename_all = "kebab-case")]
pub enum GrantedOn {
    Server(ServerId),
    Project(ProjectId),
}

impl GrantedOn {
    /// The word of its type: as in JSON, in SQL and for people.
    pub const fn type_word(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Project(_) => "project",
        }
    }

    /// The identifier as text, whatever it is of.
    pub fn id(&self) -> &str {
        match self {
            Self::Server(id) => id.as_str(),
            Self::Project(id) => id.as_str(),
        }
    }
}

impl From<&ServerId> for GrantedOn {
    fn from(id: &ServerId) -> Self {
        Self::Server(id.clone())
    }
}

impl From<&ProjectId> for GrantedOn {
    fn from(id: &ProjectId) -> Self {
        Self::Project(id.clone())
    }
}

/// A right on one server or project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    pub on: GrantedOn,
    /// That of the server or project.
    pub name: Name,
    pub right: Right,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_the_ones_before_it() {
        assert!(Right::View < Right::Use && Right::Use < Right::Operate);
        assert!(Right::Operate < Right::Manage);
    }
}
