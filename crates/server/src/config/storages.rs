//! What the operator says of storages: where buckets may be.

use ipnet::IpNet;

use crate::outbound::Guard;

/// Where backups may be kept.
#[derive(Debug, Clone, Default)]
pub struct Storages {
    /// Networks that services of buckets may be in, besides public addresses.
    pub allow_storages_at: Vec<IpNet>,
}

impl Storages {
    /// Judges where a bucket is.
    pub(crate) fn guard(&self) -> Guard {
        Guard::new(&self.allow_storages_at, "--allow-storages-at")
    }
}
