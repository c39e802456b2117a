//! SSH keys as the API shows them: never the private part.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{KeyId, Name, Timestamp, text::words};

words! {
    /// The family of a key.
    pub enum KeyAlgorithm ("key algorithm") {
        Ed25519 = "ed25519",
        Ecdsa = "ecdsa",
        Rsa = "rsa",
    }
}

/// An SSH private key, stored encrypted. Only its public side is ever shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    pub id: KeyId,
    pub name: Name,
    pub algorithm: KeyAlgorithm,
    /// The line for `authorized_keys`.
    #[schema(example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...")]
    pub public_key: String,
    #[schema(example = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM")]
    pub fingerprint: String,
    /// Servers that log in with it.
    pub servers: u64,
    pub created_at: Timestamp,
}

/// What `create_key` takes. Without a private key a new ed25519 key is made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    pub name: Name,
    /// OpenSSH or PEM (PKCS#1, PKCS#8, SEC1): ed25519, ecdsa or rsa.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 32768)]
    pub private_key: Option<String>,
    /// Opens the private key; it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 1024)]
    pub passphrase: Option<String>,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for CreateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What `update_key` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateKey {
    pub name: Name,
}
