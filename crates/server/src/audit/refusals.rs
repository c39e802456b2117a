//! What bounds the audit: how often the same refusal is written down, and how many verify at once.

use governor::{DefaultKeyedRateLimiter, Quota};
use std::num::NonZeroU32;
use tokio::sync::{Mutex, MutexGuard};

/// Refusals that are forgotten when this many are known.
const MAX_KNOWN: usize = 10_000;

/// One per process.
#[derive(Debug)]
pub(crate) struct Refusals {
    told: DefaultKeyedRateLimiter<String>,
    verifying: Mutex<()>,
}

impl Default for Refusals {
    fn default() -> Self {
        let told = DefaultKeyedRateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN));
        Self { told, verifying: Mutex::default() }
    }
}

impl Refusals {
    /// Whether the same was not told within the last minute.
    pub(super) fn is_news(&self, same: &str) -> bool {
        if self.told.len() > MAX_KNOWN {
            self.told.retain_recent();
        }
        self.told.check_key(&same.to_owned()).is_ok()
    }

    /// Waits for one's turn: each reads the whole audit.
    pub(super) async fn verifying(&self) -> MutexGuard<'_, ()> {
        self.verifying.lock().await
    }
}
