//! The one error of parsing: a sentence for the person who typed the value.

/// Why a value was refused. The text names the value and the rule, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    /// The sentence names the value and the rule, and never holds a secret.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
