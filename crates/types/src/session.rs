//! People, teams and the first sign-in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CreatedToken, Name, TeamId, Token, UserId, text::words};

words! {
    /// What a person may do in a team: a member reads, an admin changes, an owner also hands out
    /// tokens.
    pub enum Role ("role") {
        Owner = "owner",
        Admin = "admin",
        Member = "member",
    }
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Team {
    pub id: TeamId,
    pub name: Name,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub email: String,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub token: Token,
}

/// What `set_up` takes: it makes the first owner, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Printed by `portolan serve` at its first start.
    #[schema(write_only)]
    pub setup_token: String,
    #[schema(max_length = 254, example = "owner@example.com")]
    pub email: String,
    /// Default: `Default team`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("team", &self.team).finish_non_exhaustive()
    }
}

/// The first owner, their team and their token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetupDone {
    pub user: User,
    pub team: Team,
    pub token: CreatedToken,
}
