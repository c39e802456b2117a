//! Sizes and spans for people.

/// `1.5 GiB`, as the script of the pages says it.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
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

/// `2 min 5 s`.
pub(crate) fn span(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_units() {
        assert_eq!((bytes(0), bytes(1_023)), ("0 B".to_owned(), "1023 B".to_owned()));
        assert_eq!((bytes(1_024), bytes(1_536)), ("1.0 KiB".to_owned(), "1.5 KiB".to_owned()));
        assert_eq!((bytes((1 << 20) - 1), bytes(1 << 20)), ("1023.9 KiB".into(), "1.0 MiB".into()));
        assert_eq!(bytes(u64::MAX), "16383.9 PiB");
    }

    #[test]
    fn spans_are_said_in_minutes() {
        assert_eq!((span(59), span(125)), ("59 s".to_owned(), "2 min 5 s".to_owned()));
    }
}
