//! Moments: RFC 3339 in UTC outside, whole milliseconds since 1970 inside.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// A moment in UTC with a precision of one millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-01-31T12:00:00.123Z")]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The present, cut to the millisecond so that what is stored equals what was answered.
    pub fn now() -> Self {
        Self::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    /// From milliseconds since 1970, held to the representable years (-9999 to 9999).
    pub fn from_millis(millis: i64) -> Self {
        let bounds = jiff::Timestamp::MIN.as_millisecond()..=jiff::Timestamp::MAX.as_millisecond();
        let held = millis.clamp(*bounds.start(), *bounds.end());
        Self(jiff::Timestamp::from_millisecond(held).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Milliseconds since 1970: the form in the database.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// This moment plus a pause.
    #[must_use]
    pub fn plus(self, pause: Duration) -> Self {
        let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(millis))
    }

    /// This moment plus so many seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.as_millis().saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Whole seconds from this moment to `later`; zero when `later` is earlier.
    pub fn seconds_until(self, later: Self) -> u64 {
        u64::try_from(later.as_millis().saturating_sub(self.as_millis()) / 1_000).unwrap_or(0)
    }

    /// Milliseconds from this moment to `later`; zero when `later` is earlier.
    pub fn millis_until(self, later: Self) -> u64 {
        u64::try_from(later.as_millis().saturating_sub(self.as_millis())).unwrap_or(0)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// Always three digits of the second, so that texts of moments sort as the moments do.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// RFC 3339, as Docker writes it: with any zone and any number of digits.
impl std::str::FromStr for Timestamp {
    type Err = crate::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = text.parse::<jiff::Timestamp>();
        let moment = moment.map_err(|error| crate::Invalid::new(error.to_string()))?;
        Ok(Self::from_millis(moment.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_moments_are_read_and_cut_to_the_millisecond() {
        let read: Timestamp = "2026-01-31T13:00:00.123456789+01:00".parse().expect("a moment");
        assert_eq!(read.to_string(), "2026-01-31T12:00:00.123Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
