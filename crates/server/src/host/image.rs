//! Images as engines report them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

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

impl HostImage {
    /// The reference by which any host gets this very image, where it came from this repository.
    pub fn pinned(&self, repository: &str) -> Option<String> {
        let parts = self.digests.iter().filter_map(|one| one.split_once('@'));
        let mut its = parts.filter(|(name, _)| familiar(name) == familiar(repository));
        its.next().map(|(_, digest)| format!("{repository}@{digest}"))
    }
}

/// As engines call a repository of Docker Hub: without what goes without saying.
fn familiar(repository: &str) -> &str {
    let name = repository.strip_prefix("docker.io/").unwrap_or(repository);
    name.strip_prefix("library/").filter(|rest| !rest.contains('/')).unwrap_or(name)
}

/// How far the fetching of an image is, as far as its registry tells: told by the host, read by
/// whoever waits.
#[derive(Debug, Clone, Default)]
pub struct PullProgress(Arc<AtomicU8>);

impl PullProgress {
    /// Of all that is known to come; `None` while nothing is known.
    pub fn percent(&self) -> Option<u8> {
        // One more than the percentage, so that nothing is nothing.
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The same, with somebody to tell of every tenth.
    pub fn on_news<'a>(&'a self, tell: &'a (dyn Fn() + Send + Sync)) -> PullListener<'a> {
        PullListener { progress: self, tell }
    }
}

/// Takes the progress of one pull.
pub struct PullListener<'a> {
    progress: &'a PullProgress,
    tell: &'a (dyn Fn() + Send + Sync),
}

impl PullListener<'_> {
    /// So many bytes of so many have come.
    pub fn heard(&self, current: u64, total: u64) {
        // An engine may tell of more bytes than there are: what they make a hundred of has no room.
        let (current, total) = (u128::from(current.min(total)), u128::from(total));
        let Some(percent) = (current * 100).checked_div(total) else { return };
        // At most 100.
        let percent = u8::try_from(percent).unwrap_or(100);
        let before = self.progress.percent();
        self.progress.0.store(percent + 1, Ordering::Relaxed);
        if before.is_none_or(|before| before / 10 != percent / 10) {
            (self.tell)();
        }
    }
}

impl fmt::Debug for PullListener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PullListener").field(&self.progress).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn an_image_is_pinned_by_its_own_repository() {
        let digests = ["shop@sha256:aa", "ghcr.io/example/shop@sha256:bb"].map(str::to_owned);
        let image = HostImage { digests: digests.to_vec(), ..HostImage::default() };
        let pinned = |repository| image.pinned(repository);
        assert_eq!(pinned("shop").as_deref(), Some("shop@sha256:aa"));
        let long = "docker.io/library/shop";
        assert_eq!(pinned(long), Some(format!("{long}@sha256:aa")));
        assert_eq!(
            pinned("ghcr.io/example/shop").as_deref(),
            Some("ghcr.io/example/shop@sha256:bb")
        );
        assert_eq!(pinned("ghcr.io/other/shop"), None);
    }

    #[test]
    fn every_tenth_is_told() {
        let (progress, told) = (PullProgress::default(), AtomicUsize::new(0));
        let tell = || {
            told.fetch_add(1, Ordering::Relaxed);
        };
        let listener = progress.on_news(&tell);
        listener.heard(0, 0);
        assert_eq!(progress.percent(), None);
        for current in 0..=1_000 {
            listener.heard(current, 1_000);
        }
        assert_eq!(progress.percent(), Some(100));
        assert_eq!(told.load(Ordering::Relaxed), 11);
        // A layer more has become known.
        listener.heard(u64::from(u32::MAX), u64::from(u32::MAX) * 2);
        assert_eq!(progress.percent(), Some(50));
        // More bytes than there are.
        listener.heard(u64::MAX, u64::MAX);
        assert_eq!(progress.percent(), Some(100));
    }
}
