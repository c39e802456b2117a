//! Labels that people give: names and descriptions. Free text, shown as text, never interpreted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// A label of a key, server, token or destination: 1 to 200 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "production web")]
pub struct Name(String);

impl Name {
    /// Characters, not bytes.
    pub const MAX: usize = 200;

    /// Cuts a composed name to the bound instead of failing: used for names that we propose.
    pub fn proposed(text: &str) -> Result<Self, Invalid> {
        text.chars().take(Self::MAX).collect::<String>().parse()
    }
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("a name must not be empty"));
        }
        if text.chars().count() > Self::MAX {
            return Err(Invalid::new(format!("a name has at most {} characters", Self::MAX)));
        }
        refuse_control("a name", text)?;
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Name);

/// A free remark of at most 1,000 characters; may be empty and may have several lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 1000, example = "behind the office firewall")]
pub struct Description(String);

impl Description {
    /// Characters, not bytes.
    pub const MAX: usize = 1_000;
}

impl FromStr for Description {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().count() > Self::MAX {
            return Err(Invalid::new(format!(
                "a description has at most {} characters",
                Self::MAX
            )));
        }
        refuse_control("a description", &text.replace('\n', " "))?;
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Description);

/// Control characters would let a name rewrite a terminal; direction overrides would let it lie.
pub(crate) fn refuse_control(what: &str, text: &str) -> Result<(), Invalid> {
    let hostile =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(hostile) {
        return Err(Invalid::new(format!(
            "{what} must not contain control or text-direction characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert_eq!(" web ".parse::<Name>().map(String::from), Ok("web".to_owned()));
        assert!("é".repeat(200).parse::<Name>().is_ok());
        assert!("é".repeat(201).parse::<Name>().is_err());
        for text in ["", "  ", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "a\0"] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
        assert!("two\nlines".parse::<Description>().is_ok());
        assert!("a\u{7}".parse::<Description>().is_err());
    }

    #[test]
    fn a_proposed_name_is_cut() {
        assert_eq!(Name::proposed(&"x".repeat(300)).map(|name| name.as_str().len()), Ok(200));
    }
}
