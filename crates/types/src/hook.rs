//! Hooks: how the host of a repository tells of a push.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApplicationId, OperationId, Timestamp, TokenId};

/// The hook of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    pub application_id: ApplicationId,
    /// Where it is called, below the address of this control plane.
    #[schema(example = "/v1/hooks/tz4a98xxat96iws9zmbrgj3a")]
    pub path: String,
    /// The token with whose rights it deploys: revoked, the hook does nothing any more.
    pub token_id: TokenId,
    pub created_at: Timestamp,
    /// The latest call that was signed.
    pub called_at: Option<Timestamp>,
    /// What came of that.
    pub outcome: Option<String>,
}

/// What `create_hook` answers. The secret is shown nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedHook {
    #[serde(flatten)]
    pub hook: Hook,
    /// To be given to the host of the repository, which signs with it.
    pub secret: String,
}

/// What `call_hook` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HookAnswer {
    /// The deployment that was asked for; without it the call led to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// For whoever reads what came of a call.
    pub message: String,
}
