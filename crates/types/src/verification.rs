//! Proof that a destination is what it should be: what was tried on its host, and what came of it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, RefOr, Schema, Type},
};

use crate::{DestinationId, Invalid, OperationId, Pause, Timestamp, text::words};

words! {
    /// What is proved of a destination.
    pub enum CheckName ("check") {
        /// The network on the host is the one that the destination says.
        Network = "network",
        /// A container's name is answered with its address by another one on the network.
        NameResolution = "name-resolution",
        /// Two containers on the network reach each other.
        TcpInside = "tcp-inside",
        /// Nothing from a foreign network gets in.
        IsolationInward = "isolation-inward",
        /// Nothing gets out to a foreign network.
        IsolationOutward = "isolation-outward",
        /// Packets leave as configured: not at all from an internal network.
        Outbound = "outbound",
        /// The server's proxy is on the network, or is not, as wanted.
        ProxyAttached = "proxy-attached",
        /// The proxy reaches each routed container over this network.
        RoutedTargets = "routed-targets",
        /// Containers on different nodes of the swarm reach each other.
        AcrossNodes = "across-nodes",
        /// What travels between the nodes cannot be read on the way.
        Encrypted = "encrypted",
    }
}

words! {
    /// What came of a check, or of all together.
    pub enum CheckOutcome ("outcome of a check") {
        Passed = "passed",
        Failed = "failed",
        /// It could not be tried, or has nothing to say here; the reason tells. Never shown as proved.
        Skipped = "skipped",
    }
}

/// One thing that was tried. Names and answers come from the host: show them as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    #[schema(example = "a probe on `shop` (10.64.3.3)")]
    pub from: String,
    #[schema(example = "a probe on `shop`, 10.64.3.2:7411")]
    pub to: String,
    /// What was tried.
    #[schema(example = "a TCP connection")]
    pub tried: String,
    /// What came back.
    #[schema(example = "answered after 1 ms")]
    pub answer: String,
}

/// One check with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    pub name: CheckName,
    pub outcome: CheckOutcome,
    /// What was tried from where to where, in the order in which it was tried.
    pub evidence: Vec<Evidence>,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// All checks of a destination at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// The piece of work that made it, and its name.
    pub operation_id: OperationId,
    pub destination_id: DestinationId,
    /// Failed when a check failed; passed when one passed and none failed.
    pub outcome: CheckOutcome,
    pub checks: Vec<Check>,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
}

/// How often a destination is verified without anybody asking: `default`, `never`, or a pause like
/// `6h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum VerifyEvery {
    /// As often as the installation has it.
    #[default]
    Default,
    Never,
    After(Pause),
}

/// Text: utoipa derives no such thing for an enum.
impl PartialSchema for VerifyEvery {
    fn schema() -> RefOr<Schema> {
        let text = Object::builder()
            .schema_type(Type::String)
            .description(Some("`default`, `never`, or a pause like `6h` of ten minutes or more."))
            .examples(["6h"]);
        text.build().into()
    }
}

impl ToSchema for VerifyEvery {}

impl FromStr for VerifyEvery {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "default" => Ok(Self::Default),
            "never" => Ok(Self::Never),
            pause => pause.parse().map(Self::After).map_err(|_| {
                Invalid::new(
                    "write a pause like `90m`, `24h` or `7d` (10m or more), `never` or `default`",
                )
            }),
        }
    }
}

impl fmt::Display for VerifyEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Never => f.write_str("never"),
            Self::After(pause) => pause.fmt(f),
        }
    }
}

impl TryFrom<String> for VerifyEvery {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<VerifyEvery> for String {
    fn from(every: VerifyEvery) -> Self {
        every.to_string()
    }
}

impl CheckOutcome {
    /// What all together come to: one failure is a failure, and nothing tried proves nothing.
    pub fn of_all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        outcomes.into_iter().fold(Self::Skipped, |all, one| match (all, one) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Passed, _) | (_, Self::Passed) => Self::Passed,
            (Self::Skipped, Self::Skipped) => Self::Skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckOutcome::*, *};

    #[test]
    fn schedules_are_read_and_written() {
        for text in ["default", "never", "6h"] {
            assert_eq!(text.parse::<VerifyEvery>().map(|every| every.to_string()), Ok(text.into()));
        }
        for bad in ["", "off", "Never", "6", "1m"] {
            assert!(bad.parse::<VerifyEvery>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_failure_fails_all_and_nothing_tried_proves_nothing() {
        assert_eq!(CheckOutcome::of_all([]), Skipped);
        assert_eq!(CheckOutcome::of_all([Skipped, Skipped]), Skipped);
        assert_eq!(CheckOutcome::of_all([Skipped, Passed]), Passed);
        assert_eq!(CheckOutcome::of_all([Failed, Passed, Skipped]), Failed);
        assert_eq!(CheckOutcome::of_all([Passed, Failed]), Failed);
    }
}
