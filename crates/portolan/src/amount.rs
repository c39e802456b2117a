//! Amounts as people write them: memory and processors.
//!
//! Owns how they are read; what may be asked for is judged by the control plane.

use portolan_types::Invalid;

/// Bytes of `512M`, `2GiB` or `1073741824`. A unit is a power of 1024, as it is in Docker.
pub(crate) fn memory(text: &str) -> Result<u64, Invalid> {
    let wrong = || Invalid::new("memory is written as `512M`, `2G` or as a number of bytes");
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let shift = match unit {
        "" | "B" => 0,
        "k" | "K" | "KiB" => 10,
        "m" | "M" | "MiB" => 20,
        "g" | "G" | "GiB" => 30,
        "t" | "T" | "TiB" => 40,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(|| Invalid::new("that is more memory than there is"))
}

/// Thousandths of a processor of `0.5` or `2`.
pub(crate) fn millicpus(text: &str) -> Result<u32, Invalid> {
    let wrong =
        || Invalid::new("processors are written as `2` or `0.5`, with at most three decimals");
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let part: u32 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
    whole.checked_mul(1_000).and_then(|whole| whole.checked_add(part)).ok_or_else(wrong)
}

/// The same the other way round.
pub(crate) fn cpus(millicpus: u32) -> String {
    match (millicpus / 1_000, millicpus % 1_000) {
        (whole, 0) => whole.to_string(),
        (whole, part) => format!("{whole}.{part:03}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_units() {
        let read = ["1024", "4K", "512M", "512MiB", "2g"].map(memory).map(Result::ok);
        let wanted = [1_024, 4_096, 536_870_912, 536_870_912, 2_147_483_648];
        assert_eq!(read, wanted.map(Some));
        for text in ["", "M", "1.5G", "512MB", "-1", "1 G", "99999999999999T"] {
            assert!(memory(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn processors_have_decimals() {
        let read = ["2", "0.5", "1.25", "0.001"].map(millicpus).map(Result::ok);
        assert_eq!(read, [2_000, 500, 1_250, 1].map(Some));
        for text in ["", ".5", "1.", "1,5", "0.0001", "-1", "+1", "1e3", "5000000"] {
            assert!(millicpus(text).is_err(), "{text:?}");
        }
        assert_eq!([2_000, 500, 1_250, 1].map(cpus), ["2", "0.5", "1.25", "0.001"]);
    }
}
