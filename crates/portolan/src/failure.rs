//! How a command ends, and failures that carry advice.
//!
//! Owns exit codes. What a control plane refuses is `client::Error`.

use std::process::ExitCode;

/// A command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// What was asked for did not come about; why has been said already.
    Failed,
    /// With the status of what ran elsewhere.
    Exit(u8),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::FAILURE,
            Outcome::Exit(status) => Self::from(status),
        }
    }
}

/// Exit code of a command that was written wrongly.
pub(crate) const USAGE: u8 = 2;

/// A failure of our own, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command cannot be carried out as it was written.
    #[error("{message}")]
    Usage { message: String, hint: String },
    #[error("{message}")]
    Advised { message: String, hint: String },
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn advised(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Advised { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::Usage { hint, .. } | Self::Advised { hint, .. } => hint,
        }
    }
}
