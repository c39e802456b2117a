//! Files that a Compose file names (`env_file`, `configs`, `secrets`), sent along with it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, RepositoryPath, text::text_newtype};

/// What is in a file: at most 256 KiB of text without NUL. It may be a secret, and is not debugged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 262_144, example = "LEVEL=info\n")]
pub struct FileText(String);

impl FileText {
    pub const MAX: usize = 256 << 10;
}

impl FromStr for FileText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX || text.contains('\0') {
            return Err(Invalid::new(format!(
                "a file has at most {} bytes of text, and no NUL",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(FileText);

impl fmt::Debug for FileText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileText")
    }
}

/// A file that comes along with a Compose file. It is kept sealed, and never comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StackFile {
    /// From the folder of the Compose file on.
    #[schema(value_type = String, example = "config/web.env")]
    pub path: RepositoryPath,
    pub content: FileText,
}

impl StackFile {
    /// So many may come along.
    pub const MOST: usize = 50;
    /// So many bytes there may be in all of them.
    pub const BYTES: usize = 512 << 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_text_and_is_not_debugged() {
        let file: FileText = "open sesame".parse().expect("a file");
        assert!(!format!("{file:?}").contains("sesame"));
        assert!("".parse::<FileText>().is_ok());
        for text in ["a\0b", &"x".repeat(FileText::MAX + 1)] {
            assert!(text.parse::<FileText>().is_err());
        }
    }
}
