//! Why packets that are to be encrypted do not leave: the kernel's own count of those for which it
//! found no key.

use std::{fs, io};

use crate::json::Object;

/// Since the network namespace was made.
const NO_STATES: &str = "XfrmOutNoStates";

pub(crate) fn run() -> io::Result<String> {
    let counters = match fs::read_to_string("/proc/net/xfrm_stat") {
        Ok(counters) => counters,
        // A kernel without IPsec has no such file, and encrypts nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    Ok(Object::new().number("without_key", count(&counters)).end())
}

fn count(counters: &str) -> u64 {
    let mut lines = counters.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let found = lines.find(|(name, _)| *name == NO_STATES);
    found.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_counter_counts() {
        let counters =
            "XfrmInError             \t0\nXfrmOutNoStates         \t8\nXfrmOutStateInvalid\t3\n";
        assert_eq!(count(counters), 8);
        assert_eq!(count(""), 0);
    }
}
