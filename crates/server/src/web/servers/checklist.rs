//! What has to be so before a server is of use, one check after the other, while a validation goes
//! through them. The checks are the steps of the operation; those that it has not come to are
//! listed as well.

use portolan_types::{
    Connection, Operation, OperationId, OperationKind, OperationState, Server, Step, StepState,
};

use crate::web::acts::Near;

/// The steps of a validation in their order, with what each asks.
const STEPS: [(&str, &str); 10] = [
    ("resolve", "Its name has an address"),
    ("connect", "Its SSH port answers"),
    ("host-key", "It shows its host key"),
    ("login", "It lets Portolan in with the key"),
    ("socket", "Docker can be reached from there"),
    ("engine", "Docker is new enough"),
    ("system", "Operating system"),
    ("role", "Its part in a swarm"),
    ("resources", "Memory and disk"),
    ("pools", "Room for networks"),
];
/// Those that only a host over SSH has.
const OF_SSH: usize = 4;

/// One thing that is checked.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) struct Check {
    pub text: &'static str,
    /// The word of the step's state; `waiting` before it began, `skipped` when it never will.
    pub state: &'static str,
    pub detail: Option<String>,
    pub remedy: Option<String>,
}

/// The checks of a server, as far as they are.
#[derive(Debug)]
pub(in crate::web) struct Checklist {
    pub operation: OperationId,
    pub checks: Vec<Check>,
    pub state: OperationState,
    pub near: Near,
}

impl Checklist {
    /// `None` when the work is no validation.
    pub(in crate::web) fn of(server: &Server, operation: &Operation) -> Option<Self> {
        if operation.kind != OperationKind::ValidateServer {
            return None;
        }
        let skip = match server.connection {
            Connection::Local { .. } => OF_SSH,
            Connection::Ssh { .. } => 0,
        };
        let checks = STEPS[skip..].iter().map(|(name, text)| check(operation, name, text));
        let checks = checks.collect();
        let near = Near::operation(operation);
        Some(Self { operation: operation.id.clone(), checks, state: operation.state, near })
    }

    pub(in crate::web) fn is_over(&self) -> bool {
        self.state.is_over()
    }

    /// How many are done.
    pub(in crate::web) fn done(&self) -> usize {
        self.checks.iter().filter(|check| matches!(check.state, "passed" | "warned")).count()
    }
}

fn check(operation: &Operation, name: &str, text: &'static str) -> Check {
    // A validation that began anew has a step twice: the latter counts.
    let Some(step) = operation.steps.iter().rev().find(|step| step.name == name) else {
        let state = if operation.state.is_over() { "skipped" } else { "waiting" };
        return Check { text, state, detail: None, remedy: None };
    };
    let Step { detail, remedy, .. } = step.clone();
    Check { text, state: word(step.state), detail, remedy }
}

const fn word(state: StepState) -> &'static str {
    match state {
        StepState::Running => "checking",
        StepState::Succeeded => "passed",
        StepState::Warned => "warned",
        StepState::Failed => "failed",
    }
}
