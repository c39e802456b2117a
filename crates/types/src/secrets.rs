//! How secrets are sealed: which data keys there are, never the keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// A data key: random, itself sealed by the master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataKeyStatus {
    /// Its name, which begins every value that it sealed.
    #[schema(example = "tz4a98xxat96iws9zmbrgj3a")]
    pub id: String,
    pub created_at: Timestamp,
    /// Since when another seals; absent for the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// How many stored secrets it seals.
    pub values: u64,
}

/// What seals the secrets of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Secrets {
    /// The oldest first. A retired one is dropped some minutes after it seals nothing any more.
    pub keys: Vec<DataKeyStatus>,
    /// How many secrets the master key seals itself: those of versions without data keys, until
    /// they are sealed anew.
    pub by_master_key: u64,
}

impl Secrets {
    /// How many secrets the data key in use does not seal yet.
    pub fn left(&self) -> u64 {
        let retired = self.keys.iter().filter(|key| key.retired_at.is_some());
        self.by_master_key + retired.map(|key| key.values).sum::<u64>()
    }
}
