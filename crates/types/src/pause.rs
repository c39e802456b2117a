//! How long to wait between two times, as people write it: `90m`, `24h`, `7d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// Units from the largest, with their seconds.
const UNITS: [(char, u64); 3] = [('d', 86_400), ('h', 3_600), ('m', 60)];

/// `90m`, `24h` or `7d`: ten minutes or more, because below that a fleet would be busy with nothing
/// else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "6h")]
pub struct Pause(u64);

impl Pause {
    const LEAST: u64 = 10 * 60;

    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Pause {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        seconds(text).filter(|seconds| *seconds >= Self::LEAST).map(Self).ok_or_else(|| {
            Invalid::new("a pause is written `90m`, `24h` or `7d`, and is 10m or more")
        })
    }
}

fn seconds(text: &str) -> Option<u64> {
    let (end, letter) = text.char_indices().next_back()?;
    let (_, unit) = UNITS.into_iter().find(|(of, _)| *of == letter)?;
    // `u32` reads a plus sign as well.
    let digits =
        text.get(..end).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(u64::from(digits.parse::<u32>().ok()?) * unit)
}

/// In the largest unit that it is a whole number of.
impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, unit): &(char, u64)| self.0.is_multiple_of(*unit);
        let (letter, unit) = UNITS.into_iter().find(whole).unwrap_or(('m', 60));
        write!(f, "{}{letter}", self.0 / unit)
    }
}

impl TryFrom<String> for Pause {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pause> for String {
    fn from(pause: Pause) -> Self {
        pause.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_read_and_written() {
        for (text, seconds, written) in [
            ("10m", 600, "10m"),
            ("90m", 5_400, "90m"),
            ("120m", 7_200, "2h"),
            ("7d", 604_800, "7d"),
        ] {
            let pause: Pause = text.parse().expect("a pause");
            assert_eq!(pause.as_duration(), Duration::from_secs(seconds), "{text}");
            assert_eq!(pause.to_string(), written);
        }
        for bad in ["", "24", "h", "9m", "-1h", "+1h", "1.5h", "24h ", "1\u{b5}", "4294967296d"] {
            assert!(bad.parse::<Pause>().is_err(), "{bad}");
        }
    }
}
