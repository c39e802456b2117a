//! Programs that are run in containers: what is asked for, and what came of it.
//!
//! Owns the shapes. Who may run one is the server's affair.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Argument, ContainerName, Invalid, Seconds, text::text_newtype};

/// Whom a program runs as in a container: a name or number there, with a group after `:` where that
/// matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 128, example = "postgres")]
pub struct ContainerUser(String);

impl FromStr for ContainerUser {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MAX: usize = 128;
        let good = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
        if text.is_empty() || text.len() > MAX || !text.chars().all(good) {
            return Err(Invalid::new(format!(
                "a user of a container has 1 to {MAX} letters, digits and `._-`, with `:` before a group"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(ContainerUser);

/// What `run_in_container` and `run_in_application` take.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunCommand {
    /// The program and its arguments. No shell reads them: name one where one is wanted. Only the
    /// program is written down.
    #[schema(min_items = 1, max_items = 256, example = json!(["/app/shop", "migrate"]))]
    pub command: Vec<Argument>,
    /// Instead of the container's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<ContainerUser>,
    /// How long it may take [default: 60].
    #[serde(default = "RunCommand::within")]
    #[schema(default = 60)]
    pub within_seconds: Seconds,
}

impl RunCommand {
    /// Most arguments, the program included.
    pub const MOST: usize = 256;

    /// How long a program may take of which nothing else is said.
    pub fn within() -> Seconds {
        Seconds::MINUTE
    }

    /// The program without its arguments, where there is one.
    pub fn program(&self) -> Option<&str> {
        self.command.first().map(Argument::as_str).filter(|program| !program.is_empty())
    }
}

/// Arguments may be secrets: they are in no log.
impl fmt::Debug for RunCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (program, user) = (self.program(), &self.user);
        f.debug_struct("RunCommand")
            .field("program", &program)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// What a program in a container did. The texts are its own: show them as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandResult {
    pub container: ContainerName,
    pub program: String,
    pub exit_code: i64,
    pub stdout: String,
    pub stderr: String,
    /// Whether these are only the ends of what it said.
    pub truncated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_numbers() {
        for good in ["root", "1000", "1000:1000", "www-data", "a.b_c:d"] {
            assert!(good.parse::<ContainerUser>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n", "$(id)", "\u{202e}", &"x".repeat(129)] {
            assert!(bad.parse::<ContainerUser>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_minute_is_the_usual_bound() {
        let asked: RunCommand = serde_json::from_str(r#"{"command": ["ls", "-l"]}"#).expect("it");
        assert_eq!((asked.program(), u32::from(asked.within_seconds)), (Some("ls"), 60));
        assert_eq!(
            serde_json::to_string(&asked).expect("JSON"),
            r#"{"command":["ls","-l"],"within_seconds":60}"#
        );
        assert!(!format!("{asked:?}").contains("-l"), "{asked:?}");
        for bad in [r#"{"command": "ls"}"#, r#"{"command": ["ls"], "within_seconds": 0}"#] {
            assert!(serde_json::from_str::<RunCommand>(bad).is_err(), "{bad}");
        }
    }
}
