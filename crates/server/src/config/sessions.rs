//! What the operator says of sessions: how long a person stays signed in.

use std::time::Duration;

use portolan_types::Timestamp;

/// How long a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub lifetime: Duration,
}

impl Default for Sessions {
    /// NIST SP 800-63B-4 (2.1.3) wants people to sign in again after 30 days at the latest.
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self { idle: DAY * 7, lifetime: DAY * 30 }
    }
}

impl Sessions {
    /// When a session that begins now ends at the latest.
    pub(crate) fn end(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(seconds(self.lifetime))
    }

    /// One that was not used after this has ended.
    pub(crate) fn used_after(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(-seconds(self.idle))
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
