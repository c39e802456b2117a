//! Passkeys: keys of a person's own devices (WebAuthn Level 3).
//!
//! The shapes that travel between browser and control plane are those of
//! `PublicKeyCredential.parseCreationOptionsFromJSON` and `toJSON`, with their names.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, PasskeyId, Timestamp};

/// A passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: Name,
    /// Whether it outlives the device, by the authenticator's word.
    pub backed_up: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What `create_passkey` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskey {
    pub name: Name,
    pub credential: MadeCredential,
}

/// What `update_passkey` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePasskey {
    pub name: Name,
}

/// What `sign_in_by_passkey` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInByPasskey {
    pub credential: UsedCredential,
    /// What an earlier answer gave as `device`: a known device is not slowed by what strangers try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 128)]
    pub device: Option<String>,
    /// For browsers: the secrets are set as cookies and stand nowhere in the answer.
    #[serde(default)]
    pub cookie: bool,
}

/// What `navigator.credentials.create` takes, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCreation {
    /// 32 bytes in base64url, as all bytes here.
    pub challenge: String,
    pub rp: PasskeyParty,
    pub user: PasskeyUser,
    pub pub_key_cred_params: Vec<PasskeyAlgorithm>,
    /// Milliseconds.
    pub timeout: u32,
    pub exclude_credentials: Vec<PasskeyDescriptor>,
    pub authenticator_selection: PasskeySelection,
    #[schema(example = "none")]
    pub attestation: String,
}

/// What `navigator.credentials.get` takes, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyRequest {
    /// 32 bytes in base64url.
    pub challenge: String,
    #[schema(example = "portolan.example.com")]
    pub rp_id: String,
    /// Milliseconds.
    pub timeout: u32,
    #[schema(example = "required")]
    pub user_verification: String,
    /// Empty: the person chooses.
    pub allow_credentials: Vec<PasskeyDescriptor>,
}

/// For whom a passkey is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyParty {
    pub id: String,
    pub name: String,
}

/// Whose passkey it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyUser {
    pub id: String,
    pub name: String,
    pub display_name: String,
}

/// A way of signing, by its number at IANA (COSE algorithms).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyAlgorithm {
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    #[schema(example = -7)]
    pub alg: i64,
}

/// A passkey that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyDescriptor {
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    pub id: String,
}

/// What is asked of the authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeySelection {
    pub resident_key: String,
    pub require_resident_key: bool,
    pub user_verification: String,
}

/// There is one kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CredentialKind {
    #[serde(rename = "public-key")]
    PublicKey,
}

/// What a browser made of a [`PasskeyCreation`]: `credential.toJSON()`. More fields are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeCredential {
    #[schema(max_length = 1366)]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    pub response: MadeResponse,
}

/// What the authenticator said of a new passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeResponse {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    #[serde(rename = "attestationObject")]
    pub attestation_object: String,
}

/// What a browser made of a [`PasskeyRequest`]: `credential.toJSON()`. More fields are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsedCredential {
    #[schema(max_length = 1366)]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    pub response: UsedResponse,
}

/// What the authenticator signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedResponse {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    pub authenticator_data: String,
    pub signature: String,
    /// The person's id, as the authenticator keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
}
