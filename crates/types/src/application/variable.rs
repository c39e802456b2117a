//! Environment variables of an application.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FromDatabase, Invalid, Timestamp, text::text_newtype};

/// The name of an environment variable, as POSIX has it: letters, digits and `_`, no digit first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 255,
    pattern = "^[A-Za-z_][A-Za-z0-9_]*$",
    example = "DATABASE_URL"
)]
pub struct VariableName(String);

impl FromStr for VariableName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let all = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !first || !all || text.len() > 255 {
            return Err(Invalid::new(
                "a variable's name has 1 to 255 letters, digits and `_`, and no digit first",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(VariableName);

/// The value of a variable: any text of at most 64 KiB without NUL; it may have several lines. It is
/// not debugged, as it may be a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 65536, example = "info")]
pub struct VariableValue(String);

impl VariableValue {
    pub const MAX: usize = 64 << 10;
}

impl FromStr for VariableValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX || text.contains('\0') {
            return Err(Invalid::new(format!(
                "a value has at most {} bytes, and no NUL",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(VariableValue);

impl fmt::Debug for VariableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VariableValue")
    }
}

/// An environment variable of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variable {
    pub name: VariableName,
    /// Absent when it is secret: such a value never comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<VariableValue>,
    /// What it is taken from, where it has no value of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_database: Option<FromDatabase>,
    pub secret: bool,
    /// Whether it is for builds alone: the program does not get it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub build: bool,
    pub updated_at: Timestamp,
}

/// The variables of an application, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variables {
    pub items: Vec<Variable>,
}

/// A variable to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVariable {
    pub name: VariableName,
    pub value: VariableValue,
    #[serde(default)]
    pub secret: bool,
    /// For builds alone: an argument of the Dockerfile (`ARG`), and nothing that the program gets. A
    /// secret one is no argument, because an image shows its arguments: single steps read it
    /// (`RUN --mount=type=secret,id=NAME`), or it is for the login of a repository.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub build: bool,
}

/// A variable that is taken from a database, whenever the application is deployed: nobody has to see
/// the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferVariable {
    pub name: VariableName,
    pub from_database: FromDatabase,
}

/// What `change_variables` takes. Variables that are not named stay. It changes the next deployment,
/// and nothing that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeVariables {
    #[schema(max_items = 500)]
    pub set: Vec<SetVariable>,
    /// Of databases on the same destination.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    pub refer: Vec<ReferVariable>,
    #[schema(max_items = 500)]
    pub remove: Vec<VariableName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_posix() {
        for text in ["A", "_", "DATABASE_URL", "a1", &"x".repeat(255)] {
            assert!(text.parse::<VariableName>().is_ok(), "{text}");
        }
        for text in ["", "1A", "A-B", "A=B", "A B", "É", "A\n", &"x".repeat(256)] {
            assert!(text.parse::<VariableName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn values_have_lines_and_are_not_debugged() {
        let value: VariableValue = "open\nsesame".parse().expect("a value");
        assert!(!format!("{value:?}").contains("sesame"));
        assert!("a\0b".parse::<VariableValue>().is_err());
        assert!("x".repeat(VariableValue::MAX + 1).parse::<VariableValue>().is_err());
    }
}
