//! Teams as people share them: who is in one, with which role and rights, and who is invited.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CreatedToken, Email, Grant, GrantedOn, InviteId, Name, Password, Right, Role, Sees, Team,
    TeamId, Timestamp, User, UserId,
};

/// A team of the caller's, and what they are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    pub team: Team,
    pub role: Role,
    /// Whether the caller acts in it now.
    pub current: bool,
    pub joined_at: Timestamp,
}

/// What `create_team` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeam {
    pub name: Name,
}

/// What `rename_team` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameTeam {
    pub name: Name,
}

/// What `switch_team` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchTeam {
    pub team_id: TeamId,
}

/// What `transfer_team` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferTeam {
    /// The member who becomes owner. Whoever hands the team over becomes an admin.
    pub user_id: UserId,
    /// The name of the team, so that it is the one that was meant.
    pub team: Name,
}

/// Somebody in the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub user_id: UserId,
    pub email: String,
    pub role: Role,
    /// What of the team they see; admins and owners always `team`.
    pub sees: Sees,
    /// Rights beside what the role gives, by type and name of what they are on. Admins and
    /// owners need none. Whoever sees only what is granted is told of those where they see the
    /// server or project themselves.
    pub grants: Vec<Grant>,
    pub joined_at: Timestamp,
}

/// What `update_member` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// `granted` is for members alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sees: Option<Sees>,
}

/// What `grant_right` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRight {
    pub right: Right,
}

/// A right on a server or project that is to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    pub on: GrantedOn,
    pub right: Right,
}

/// An invitation that was not used yet: its secret cannot be shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    pub id: InviteId,
    /// For whom alone it is; without it for whoever has the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    pub role: Role,
    /// What of the team they will see.
    pub sees: Sees,
    /// Rights that come with it.
    pub grants: Vec<NewGrant>,
    /// The address of whoever invites.
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What `create_invite` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvite {
    /// At most one's own.
    pub role: Role,
    /// For whom alone it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Rights of a member on servers and projects, beside what the role gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub grants: Vec<NewGrant>,
    /// What of the team they will see; `granted` is for members alone.
    #[serde(default)]
    #[schema(default = "team")]
    pub sees: Sees,
    /// Days until it ends, 1 to 30. Without it the invitation ends after 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 30, example = 7)]
    pub expires_in_days: Option<u16>,
    /// Whether it is sent to `email` by the installation's mail server.
    #[serde(default)]
    #[schema(default = false)]
    pub send: bool,
}

/// The only answer that holds an invitation's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedInvite {
    pub invite: Invite,
    /// Shown once. Whoever has it can use it, once.
    #[schema(example = "portolan_i_Zm9vYmFyYmF6")]
    pub secret: String,
    /// What came of sending it, in the mail server's words; absent when it was not to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<InviteMail>,
}

/// What came of sending an invitation. It stands either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteMail {
    pub sent: bool,
    pub answer: String,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for CreatedInvite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedInvite").field("invite", &self.invite).finish_non_exhaustive()
    }
}

/// What `join_team` takes: from somebody who is signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTeam {
    /// Of the invitation.
    #[schema(write_only, max_length = 200)]
    pub secret: String,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for JoinTeam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinTeam").finish_non_exhaustive()
    }
}

/// What `accept_invite` takes: from somebody who has no account yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvite {
    /// Of the invitation.
    #[schema(write_only, max_length = 200)]
    pub secret: String,
    /// The new person's address: the one that the invitation is for, when it is for one.
    pub email: Email,
    /// To sign in with from now on. Without it the new person has the token alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for AcceptInvite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptInvite").finish_non_exhaustive()
    }
}

/// A new person in the team, with their first token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedInvite {
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub token: CreatedToken,
}
