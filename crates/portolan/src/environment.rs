//! Reads environment variables.

/// Reads a variable; empty counts as not set, as container files often have it.
pub(crate) type Environment = fn(&str) -> Option<String>;

/// The environment of this process.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
