//! What the operator says of builds: where repositories may be.

use ipnet::IpNet;

use crate::outbound::Guard;

/// How images are built.
#[derive(Debug, Clone, Default)]
pub struct Builds {
    /// Networks that repositories may be in, besides public addresses.
    pub allow_repositories_at: Vec<IpNet>,
}

impl Builds {
    /// Judges where a repository is.
    pub(crate) fn guard(&self) -> Guard {
        Guard::new(&self.allow_repositories_at, "--allow-repositories-at")
    }
}
