//! What workers share: taking up what waits, what they have at hand, and how a call to the host
//! fails.

use portolan_types::{Failure, OperationKind, ServerId, Subject};

use super::{
    PassError,
    recorder::{OpenStep, Recorder, host_failure},
};
use crate::{
    App, Error,
    db::{self, destination::Assigned, operation::Waiting},
    events::{self, Entry, Happened},
    host::{Host, HostError, HostNetwork},
};

/// The outer error ends the pass and leaves the work for the next one; the inner one is the
/// outcome of the work.
pub(super) type Attempt<T> = Result<Result<T, Failure>, PassError>;

/// Work that waits for a server or for its destinations, in the order in which it was asked for.
pub(super) async fn waiting(app: &App, server: &ServerId) -> Result<Vec<Waiting>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::operation::list_waiting(&mut conn, server).await?)
}

/// What waits of some kinds.
pub(super) fn of_kinds<'a>(
    waiting: &'a [Waiting],
    kinds: &'a [OperationKind],
) -> impl Iterator<Item = &'a Waiting> {
    waiting.iter().filter(|one| kinds.contains(&one.kind))
}

/// Why work stopped before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// It cannot be done: an outcome.
    Refused(Failure),
    /// Not now: the next pass goes on.
    Pass(PassError),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl<E: Into<PassError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Pass(error.into())
    }
}

/// A host's error while something is done there: a refusal is put into words; a lost connection, or a
/// swarm that cannot be asked, ends the pass.
pub(super) fn halt(server: &str, error: HostError, action: &str) -> Halt {
    if error.is_undecided() {
        Halt::Pass(error.into())
    } else {
        Halt::Refused(host_failure(action, server, &error))
    }
}

/// A call to a host while a step of an operation is under way.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// In words: "list the networks".
    pub action: &'a str,
    /// The server's name.
    pub server: &'a str,
}

impl Recorder<'_> {
    /// A host's refusal is an outcome. A lost connection is none, nor is a swarm that cannot be
    /// asked: the work stays as it is.
    pub(super) async fn refused<T>(
        &self,
        step: OpenStep,
        call: &Call<'_>,
        error: HostError,
    ) -> Attempt<T> {
        let failure = host_failure(call.action, call.server, &error);
        self.fail(step, &failure).await?;
        if error.is_undecided() { Err(error.into()) } else { Ok(Err(failure)) }
    }
}

/// One destination in work.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub app: &'a App,
    pub host: &'a dyn Host,
    pub row: &'a Assigned,
    /// The host's networks as this pass found them.
    pub networks: &'a [HostNetwork],
    pub recorder: Recorder<'a>,
}

impl Work<'_> {
    /// [`Recorder::refused`] on the destination's server.
    pub(super) async fn fail<T>(
        &self,
        step: OpenStep,
        action: &str,
        error: HostError,
    ) -> Attempt<T> {
        let server = self.row.destination.server_name.as_str();
        self.recorder.refused(step, &Call { action, server }, error).await
    }

    /// A host's answer. Its refusal is put into words; a lost connection ends the pass.
    pub(super) fn answer<T>(
        &self,
        answer: Result<T, HostError>,
        action: impl FnOnce() -> String,
    ) -> Result<T, Halt> {
        let server = self.row.destination.server_name.as_str();
        answer.map_err(|error| halt(server, error, &action()))
    }

    /// One step with what it found. A lost connection leaves it open: whoever takes the work up
    /// again ends it.
    pub(super) async fn step<T>(
        &self,
        name: &str,
        doing: impl Future<Output = Result<(T, String), Halt>>,
    ) -> Result<T, Halt> {
        let step = self.recorder.begin(name).await?;
        match doing.await {
            Ok((found, detail)) => {
                self.recorder.done(step, &detail).await?;
                Ok(found)
            }
            Err(Halt::Refused(failure)) => {
                self.recorder.fail(step, &failure).await?;
                Err(failure.into())
            }
            Err(halt @ Halt::Pass(_)) => Err(halt),
        }
    }

    /// An event about the destination.
    pub(super) fn event(&self, kind: &'static str, message: String) -> Entry<'_> {
        let destination = &self.row.destination;
        let happened = Happened {
            team: &self.row.team_id,
            kind,
            subject: Subject::Destination(destination.id.clone()),
            name: destination.name.as_str(),
            message,
        };
        let task = events::portolan(self.recorder.kind().as_str());
        happened.by(task).part_of(&self.recorder.id).on(&destination.server_id)
    }
}
