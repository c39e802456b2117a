//! A terminal on the host of a server: whether there may be one, how large it is, and what is said
//! beside its bytes.
//!
//! Owns the words. What is typed and shown is bytes, and no word of ours.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Argument, ContainerUser, Invalid, text::words};

words! {
    /// Whether terminals may be opened on a server.
    #[derive(Default)]
    pub enum TerminalSwitch ("switch for terminals") {
        #[default]
        On = "on",
        Off = "off",
    }
}

/// Columns or rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Cells(u16);

impl Cells {
    /// More than any screen has; programs on the host reserve memory for each of them.
    const MOST: u16 = 1_000;
    const COLUMNS: Self = Self(80);
    const ROWS: Self = Self(24);

    const fn columns() -> Self {
        Self::COLUMNS
    }

    const fn rows() -> Self {
        Self::ROWS
    }

    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Cells {
    type Error = Invalid;

    fn try_from(cells: u16) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&cells) {
            return Ok(Self(cells));
        }
        Err(Invalid::new("a terminal has 1 to 1000 columns and as many rows"))
    }
}

impl From<Cells> for u16 {
    fn from(cells: Cells) -> Self {
        cells.0
    }
}

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TerminalSize {
    #[serde(default = "Cells::columns")]
    #[schema(value_type = u16, minimum = 1, maximum = 1000, default = 80)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 80)]
    pub columns: Cells,
    #[serde(default = "Cells::rows")]
    #[schema(value_type = u16, minimum = 1, maximum = 1000, default = 24)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 24)]
    pub rows: Cells,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { columns: Cells::COLUMNS, rows: Cells::ROWS }
    }
}

/// What a client says of its terminal, in frames of text beside the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TerminalRequest {
    /// Nothing more is to be shown for a while, or it may go on.
    Flow {
        flow: TerminalFlow,
    },
    Size(TerminalSize),
}

words! {
    /// Whether more may be shown.
    pub enum TerminalFlow ("flow of a terminal") {
        Stop = "stop",
        Go = "go",
    }
}

/// What the control plane says of a terminal, in frames of text beside the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TerminalMessage {
    /// The shell has begun: what follows is its own.
    Opened {},
    /// It is over, and nothing follows.
    Ended(TerminalEnd),
}

/// How a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalEnd {
    pub cause: TerminalCause,
    /// The shell's, when it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u32>,
    /// For people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

words! {
    /// Why a terminal ended.
    pub enum TerminalCause ("cause of an end") {
        /// The shell ended.
        Exited = "exited",
        /// Its person closed it, or their connection broke off.
        Closed = "closed",
        /// The host could not be reached, or gave no terminal.
        Refused = "refused",
        /// The connection to the host broke off.
        Lost = "lost",
        /// Nobody typed anything for long.
        Idle = "idle",
        /// Its person may not have it any more.
        Revoked = "revoked",
        /// The server was removed, connected otherwise, or had its terminals turned off.
        ServerChanged = "server-changed",
        /// What was sent is no size.
        Misused = "misused",
        /// Portolan stops.
        Stopping = "stopping",
    }
}

/// What a terminal in a container runs, as it stands in an address: JSON, as `["psql", "-U", "shop"]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Program(Vec<Argument>);

impl Program {
    /// More than anybody types; an address is no place for long texts.
    const MOST: usize = 4 << 10;

    pub fn arguments(&self) -> &[Argument] {
        &self.0
    }
}

impl TryFrom<String> for Program {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read: Option<Vec<Argument>> =
            serde_json::from_str(&text).ok().filter(|_| text.len() <= Self::MOST);
        match read {
            Some(words) if words.first().is_some_and(|one| !one.as_str().is_empty()) => {
                Ok(Self(words))
            }
            Some(_) | None => Err(Invalid::new(format!(
                "a program is a list of texts as JSON, the program first, of at most {} bytes",
                Self::MOST
            ))),
        }
    }
}

/// A terminal in a container: its size, and what runs in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ContainerTerminal {
    #[serde(default = "Cells::columns")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 80)]
    pub columns: Cells,
    #[serde(default = "Cells::rows")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 24)]
    pub rows: Cells,
    /// The program and its arguments as JSON; without one a shell. Addresses are written down by
    /// proxies and browsers: no place for secrets.
    #[param(value_type = Option<String>, example = "[\"psql\", \"-U\", \"shop\"]")]
    pub command: Option<Program>,
    /// Instead of the container's own.
    #[param(value_type = Option<String>)]
    pub user: Option<ContainerUser>,
}

impl ContainerTerminal {
    pub const fn size(&self) -> TerminalSize {
        TerminalSize { columns: self.columns, rows: self.rows }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json, to_value};

    use super::*;

    #[test]
    fn a_size_is_one_that_a_screen_can_have() {
        let size: TerminalSize = from_str(r#"{"columns":120,"rows":40}"#).expect("a size");
        assert_eq!((size.columns.get(), size.rows.get()), (120, 40));
        assert_eq!(from_str::<TerminalSize>("{}").expect("the usual one"), TerminalSize::default());
        for bad in [r#"{"columns":0}"#, r#"{"rows":1001}"#, r#"{"rows":-1}"#, r#"{"rows":"x"}"#] {
            assert!(from_str::<TerminalSize>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_is_a_size_or_a_flow() {
        let read = |text| from_str::<TerminalRequest>(text).ok();
        let flow = TerminalRequest::Flow { flow: TerminalFlow::Stop };
        assert_eq!(read(r#"{"flow":"stop"}"#), Some(flow));
        assert_eq!(read(r#"{"rows":9}"#).map(|asked| asked == flow), Some(false));
        for bad in [r#"{"flow":"on"}"#, r#"{"exit":1}"#, r#"{"rows":"9"}"#, "1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn messages_are_named_by_their_key() {
        assert_eq!(to_value(TerminalMessage::Opened {}).expect("JSON"), json!({ "opened": {} }));
        let end = TerminalEnd {
            cause: TerminalCause::Exited,
            exit_status: Some(0),
            message: "the shell ended".into(),
            remedy: None,
        };
        let told = to_value(TerminalMessage::Ended(end)).expect("JSON");
        let wanted = json!({
            "ended": { "cause": "exited", "exit_status": 0, "message": "the shell ended" },
        });
        assert_eq!(told, wanted);
    }
}
