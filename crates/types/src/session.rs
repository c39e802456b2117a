//! People, teams, the first sign-in, and what shows who is asking.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CreatedToken, Name, Password, Sees, SessionId, TeamId, Timestamp, Token, UserId, text::words,
};

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
    /// What of the team they see; admins and owners always `team`.
    pub sees: Sees,
    #[serde(flatten)]
    pub credential: Credential,
}

/// With what a request shows who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// A program's, made for one purpose.
    Token(Token),
    /// A person who signed in.
    Session(SignIn),
}

words! {
    /// How a person showed at sign-in who they are.
    pub enum SignInMethod ("way to sign in") {
        Password = "password",
        Passkey = "passkey",
        OpenId = "openid",
    }
}

/// A sign-in that goes on: a browser's or a command line's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    pub id: SessionId,
    pub method: SignInMethod,
    /// From where it was begun.
    pub address: Option<String>,
    /// What the program called itself: anything at all.
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// It ends then, and earlier when it is not used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// How many sessions were ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndedSessions {
    #[schema(minimum = 0)]
    pub ended: u64,
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
    /// To sign in with from now on; other sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
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
