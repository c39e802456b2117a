//! Passwords on their way in. They are wiped from memory when they are let go of, and no log and no
//! answer can hold one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

/// What a person types to show who they are. Whether it is long and rare enough is asked when it is
/// chosen, not when it is used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// NIST SP 800-63B-4, 3.1.1.2: fifteen where a password alone suffices. Characters.
    pub const SHORTEST: usize = 15;
    /// Longer than any phrase, and short enough to be hashed without a thought. Bytes.
    pub const LONGEST: usize = 1_024;

    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for whoever hashes or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_debugged() {
        let password: Password = serde_json::from_str("\"open sesame\"").expect("a password");
        assert_eq!(password.expose(), "open sesame");
        assert!(!format!("{password:?}").contains("sesame"));
    }
}
