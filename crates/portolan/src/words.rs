//! Ages, durations and sizes in words.
//!
//! Owns how they read, not what is measured.

use portolan_types::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `3 s ago`.
pub(crate) fn age(seconds: u64) -> String {
    format!("{} ago", span(seconds))
}

/// How long before now.
pub(crate) fn since(moment: Timestamp) -> String {
    age(moment.seconds_until(Timestamp::now()))
}

/// How long after now, or that it is past.
pub(crate) fn until(moment: Timestamp) -> String {
    match Timestamp::now().seconds_until(moment) {
        0 => "expired".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// The largest unit that fits: nobody asks for the seconds of a day.
fn span(seconds: u64) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        DAY.. => format!("{} d", seconds / DAY),
    }
}

/// `3 ms`, `1.2 s`, `2 min 5 s`.
pub(crate) fn took(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        60_000.. => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// `1.5 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = u128::from(count) * 10;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_at_their_bounds() {
        let ages = [0, 59, 60, 3_599, 3_600, 86_399, 86_400].map(age);
        assert_eq!(
            ages,
            ["0 s ago", "59 s ago", "1 min ago", "59 min ago", "1 h ago", "23 h ago", "1 d ago"]
        );
        assert_eq!([3, 1_250, 125_000].map(took), ["3 ms", "1.2 s", "2 min 5 s"]);
        assert_eq!([512, 1_024, 1_610_612_736].map(bytes), ["512 B", "1.0 KiB", "1.5 GiB"]);
    }
}
