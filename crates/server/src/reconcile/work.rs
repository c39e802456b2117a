//! What the workers on one destination share: what they have at hand, and how a call to the host
//! fails.

use portolan_types::{Failure, Subject};

use super::{
    PassError,
    recorder::{OpenStep, Recorder, host_failure},
};
use crate::{
    App,
    db::destination::Assigned,
    events::Happened,
    host::{Host, HostError},
};

/// One destination in work.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub app: &'a App,
    pub host: &'a dyn Host,
    pub row: &'a Assigned,
    pub recorder: Recorder<'a>,
}

/// The outer error ends the pass and leaves the row for the next one; the inner one is the
/// outcome of the work.
pub(super) type Attempt<T> = Result<Result<T, Failure>, PassError>;

impl Work<'_> {
    /// A host's refusal is an outcome. A lost connection is none, nor is a swarm that cannot be asked:
    /// the row stays as it is.
    pub(super) async fn fail<T>(
        &self,
        step: OpenStep,
        action: &str,
        error: HostError,
    ) -> Attempt<T> {
        let server = self.row.destination.server_name.as_str();
        let failure = host_failure(action, server, &error);
        self.recorder.fail(step, &failure).await?;
        let undecided = error.is_connection() || error.is_of_swarm();
        if undecided { Err(error.into()) } else { Ok(Err(failure)) }
    }

    /// An event about the destination.
    pub(super) fn event(&self, kind: &'static str, message: String) -> Happened<'_> {
        let destination = &self.row.destination;
        Happened {
            team: &self.row.team_id,
            kind,
            subject: Subject::Destination(destination.id.clone()),
            name: destination.name.as_str(),
            message,
        }
    }
}
