//! Times and sizes as Compose writes them: `1m30s`, `512m`.

use std::time::Duration;

use portolan_types::{Invalid, Seconds};

use super::{finding::Findings, spot::Spot};

/// A time in whole seconds; what is left of one counts as one.
pub(super) fn seconds(spot: &Spot<'_>, findings: &mut Findings) -> Option<Seconds> {
    let time = time(spot, findings)?;
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let whole = u32::try_from(whole).unwrap_or(u32::MAX);
    spot.accept(findings, Seconds::try_from(whole))
}

/// A time; a number alone is seconds.
pub(super) fn time(spot: &Spot<'_>, findings: &mut Findings) -> Option<Duration> {
    let text = spot.text(findings)?;
    spot.accept(
        findings,
        duration(text).ok_or_else(|| Invalid::new(format!("`{text}` is no time, as `1m30s`"))),
    )
}

fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()?;
        sum = sum.checked_add(part)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// A size in bytes: a number, and a unit of 1,024.
pub(super) fn bytes(spot: &Spot<'_>, findings: &mut Findings) -> Option<u64> {
    let text = spot.text(findings)?;
    spot.accept(
        findings,
        size(text).ok_or_else(|| Invalid::new(format!("`{text}` is no size, as `512m`"))),
    )
}

/// A size as options of mounts have it.
pub(super) fn size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 1,
        "m" | "mb" => 2,
        "g" | "gb" => 3,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << (10 * power))
}

/// Processors as thousandths: `0.5`, `2`.
pub(super) fn millicpus(spot: &Spot<'_>, findings: &mut Findings) -> Option<u32> {
    let text = spot.text(findings)?;
    spot.accept(
        findings,
        thousandths(text)
            .ok_or_else(|| Invalid::new(format!("`{text}` is no number of processors, as `0.5`"))),
    )
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u32 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    whole.checked_mul(1_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        let cases =
            [("30", 30_000), ("1m30s", 90_000), ("1h", 3_600_000), ("500ms", 500), ("1.5s", 1_500)];
        for (text, millis) in cases {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert!(
            ["", "s", "1x", "1m 30s", "-1s", "1m30"].iter().all(|text| duration(text).is_none())
        );
        assert_eq!(
            ["64", "64b", "1k", "512M", "2gb"].map(size),
            [64, 64, 1 << 10, 512 << 20, 2 << 30].map(Some)
        );
        assert!(["", "m", "1t", "1.5g", "99999999999g"].iter().all(|text| size(text).is_none()));
        assert_eq!(["0.5", "2", ".25", "0.0009"].map(thousandths), [500, 2_000, 250, 0].map(Some));
        assert!(["", ".", "a", "-1", "1e3"].iter().all(|text| thousandths(text).is_none()));
    }
}
