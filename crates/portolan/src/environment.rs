//! Reads environment variables.

/// A variable of this process; empty counts as not set, as container files often have it.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
