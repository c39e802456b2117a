//! A check while it is being made: what was tried so far, and what it comes to.

use portolan_types::{Check, CheckName, CheckOutcome, Evidence};

use super::probes::{Stop, Trouble};

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed { reason: String, remedy: String },
    Skipped { reason: String, remedy: Option<String> },
}

impl Verdict {
    pub(super) fn failed(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), remedy: remedy.into() }
    }

    /// It has nothing to say here.
    pub(super) fn not_here(reason: impl Into<String>) -> Self {
        Self::Skipped { reason: reason.into(), remedy: None }
    }

    /// It could not be tried.
    pub(super) fn untried(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Skipped { reason: reason.into(), remedy: Some(remedy.into()) }
    }
}

/// A check in the making.
#[derive(Debug)]
pub(super) struct Draft {
    name: CheckName,
    evidence: Vec<Evidence>,
}

impl Draft {
    pub(super) const fn new(name: CheckName) -> Self {
        Self { name, evidence: Vec::new() }
    }

    /// One thing that was tried.
    pub(super) fn saw(
        &mut self,
        (from, to): (impl Into<String>, impl Into<String>),
        tried: impl Into<String>,
        answer: impl Into<String>,
    ) {
        let (from, to) = (from.into(), to.into());
        self.evidence.push(Evidence { from, to, tried: tried.into(), answer: answer.into() });
    }

    /// The check. What the host refused was not tried, and proves nothing.
    pub(super) fn end(self, verdict: Result<Verdict, Trouble>) -> Result<Check, Stop> {
        match verdict {
            Ok(verdict) => Ok(self.with(verdict)),
            Err(Trouble::Refused(error)) => {
                let reason = format!("it could not be tried: {error}");
                Ok(self.with(Verdict::untried(reason, error.remedy())))
            }
            Err(Trouble::Stop(stop)) => Err(stop),
        }
    }

    /// The check.
    pub(super) fn with(self, verdict: Verdict) -> Check {
        let (outcome, reason, remedy) = match verdict {
            Verdict::Passed => (CheckOutcome::Passed, None, None),
            Verdict::Failed { reason, remedy } => {
                (CheckOutcome::Failed, Some(reason), Some(remedy))
            }
            Verdict::Skipped { reason, remedy } => (CheckOutcome::Skipped, Some(reason), remedy),
        };
        Check { name: self.name, outcome, evidence: self.evidence, reason, remedy }
    }
}
