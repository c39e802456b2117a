//! What concerns a person and no team: signing in, the password, the second factor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Password, Role, SignIn, Team, TeamId, User};

/// What `create_session` takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    #[schema(max_length = 254, example = "owner@example.com")]
    pub email: String,
    pub password: Password,
    /// Six digits of the authenticator, or a recovery code; only when a second factor is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 64)]
    pub code: Option<String>,
    /// The team to be in; the oldest membership without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// What an earlier answer gave as `device`: a known device is not slowed by what strangers try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 128)]
    pub device: Option<String>,
    /// For browsers: the secrets are set as cookies and stand nowhere in the answer.
    #[serde(default)]
    pub cookie: bool,
}

/// A session that has begun. The only answer that holds its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedSession {
    pub session: SignIn,
    pub user: User,
    pub team: Team,
    pub role: Role,
    /// Shown once. Send it as `Authorization: Bearer ...`. Absent when it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "portolan_s_Zm9vYmFyYmF6")]
    pub secret: Option<String>,
    /// Keep it, and send it at the next sign-in. Absent when this device is known already, or when
    /// it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// The session that takes the place of the one that asked, after a change that ends all sessions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenewedSession {
    pub session: SignIn,
    /// Shown once. Absent when it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// How a person may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub user: User,
    pub has_password: bool,
    /// Whether an authenticator's code is wanted besides the password.
    pub has_totp: bool,
    /// Recovery codes that were not used yet.
    #[schema(minimum = 0)]
    pub recovery_codes_left: u32,
}

/// What `change_password` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    pub current: Password,
    pub new: Password,
}

/// An authenticator about to be set up.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewTotp {
    /// In base 32, to be typed into the authenticator.
    pub secret: String,
    /// The same for a program.
    #[schema(example = "otpauth://totp/Portolan:you%40example.com?secret=...&issuer=Portolan")]
    pub uri: String,
    /// The same as a picture (SVG).
    pub qr: String,
}

/// What `confirm_totp` takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// Six digits of the authenticator that was just set up.
    #[schema(write_only, max_length = 64)]
    pub code: String,
    /// Needed from whoever has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// What takes a second factor away, or makes new recovery codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveAgain {
    pub password: Password,
    /// Six digits of the authenticator, or a recovery code.
    #[schema(write_only, max_length = 64)]
    pub code: String,
}

/// Recovery codes, each good once in the place of an authenticator's code. The only answer that
/// holds them: those before are good for nothing any more.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
    pub session: SignIn,
    /// Shown once. Absent when it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What `ask_password_reset` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPasswordReset {
    #[schema(max_length = 254)]
    pub email: String,
}

/// What `reset_password` takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// From the mail, or from `portolan user reset`.
    #[schema(write_only, max_length = 128)]
    pub code: String,
    pub new: Password,
}

/// Written so that no log can hold a secret: only the type is told.
macro_rules! opaque {
    ($($type:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )+};
}

opaque!(
    CreateSession,
    CreatedSession,
    RenewedSession,
    NewTotp,
    ConfirmTotp,
    ProveAgain,
    RecoveryCodes,
    ResetPassword,
);
