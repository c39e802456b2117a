//! How it is found out whether an application is well.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Argument;
use crate::Invalid;

/// A span of 1 second to 1 hour, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 3600, example = 10)]
pub struct Seconds(u32);

impl Seconds {
    pub const MAX: u32 = 3600;
    pub const MINUTE: Self = Self(60);

    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl TryFrom<u32> for Seconds {
    type Error = Invalid;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Invalid::new(format!("a time is 1 to {} seconds", Self::MAX)))
        }
    }
}

impl From<Seconds> for u32 {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}

/// A program that is run in the container now and then: while it ends with 0, the application is
/// healthy. The engine runs it (<https://docs.docker.com/reference/dockerfile/#healthcheck>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The program and its arguments; no shell reads them.
    #[schema(min_items = 1, max_items = 100)]
    pub command: Vec<Argument>,
    #[serde(default = "HealthCheck::interval")]
    pub interval_seconds: Seconds,
    #[serde(default = "HealthCheck::timeout")]
    pub timeout_seconds: Seconds,
    /// How long failures do not count after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<Seconds>,
    /// How many failures in a row make it unhealthy.
    #[serde(default = "HealthCheck::retries")]
    #[schema(minimum = 1, maximum = 100)]
    pub retries: u8,
}

impl HealthCheck {
    /// Of a program alone.
    pub const fn of(command: Vec<Argument>) -> Self {
        Self {
            command,
            interval_seconds: Self::interval(),
            timeout_seconds: Self::timeout(),
            start_seconds: None,
            retries: Self::retries(),
        }
    }

    const fn interval() -> Seconds {
        Seconds(10)
    }

    const fn timeout() -> Seconds {
        Seconds(5)
    }

    const fn retries() -> u8 {
        3
    }
}
