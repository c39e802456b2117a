//! Images as engines report them.

use std::collections::BTreeMap;

/// An image of a host. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostImage {
    /// `sha256:` and 64 digits.
    pub docker_id: String,
    /// References that mean it now: `caddy:2`.
    pub tags: Vec<String>,
    /// References that mean it for ever: `caddy@sha256:...`. Empty for one that was loaded.
    pub digests: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
    pub size_bytes: u64,
}
