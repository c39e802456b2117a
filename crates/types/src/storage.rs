//! Storages: where the backups of a team's databases are kept.
//!
//! Owns what one is. How bytes get there and back is the server's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, StorageId, Timestamp, text::words};

mod bucket;

pub use bucket::{AccessKey, BucketEndpoint, BucketName, BucketRegion, KeyPrefix, SecretKey};

words! {
    /// What a storage is.
    pub enum StorageKind ("kind of storage") {
        /// A folder of the control plane's own, on its disk.
        Disk = "disk",
        /// A bucket of a service that speaks as Amazon's S3 does.
        S3 = "s3",
    }
}

words! {
    /// Where the name of a bucket stands in an address.
    #[derive(Default)]
    pub enum BucketStyle ("style of a bucket's address") {
        /// In the path: every service knows it.
        #[default]
        Path = "path",
        /// Before the service's name.
        Host = "host",
    }
}

/// A bucket, and who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Place {
    pub endpoint: BucketEndpoint,
    pub bucket: BucketName,
    #[serde(default)]
    #[schema(default = "us-east-1")]
    pub region: BucketRegion,
    /// What the name of each object begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<KeyPrefix>,
    #[serde(default)]
    pub style: BucketStyle,
    pub access_key: AccessKey,
}

/// A place for backups. Which one is chosen for a backup stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Storage {
    pub id: StorageId,
    /// The team has no other one of this name, however it is capitalized.
    pub name: Name,
    pub kind: StorageKind,
    /// Where it is, of `s3`. Its secret key is never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Place>,
    /// How many backups are there.
    pub backups: u64,
    /// What they take there, in bytes.
    pub bytes: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What `create_storage` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStorage {
    pub name: Name,
    pub kind: StorageKind,
    /// Where it is, of `s3` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Place>,
    /// With `s3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretKey>,
}

/// What `update_storage` takes; what is left out stays. Where it is stays in any case: backups are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStorage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Of `s3`, with its secret key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<AccessKey>,
    /// Of `s3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretKey>,
}

/// That a storage could be written, read and cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageTrial {
    pub storage_id: StorageId,
    /// How long that took.
    pub took_ms: u64,
}
