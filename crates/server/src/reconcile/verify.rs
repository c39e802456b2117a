//! Proving with probes that destinations are what they should be, and that one end reaches another:
//! one proof at a time on a server, beside the keeper's other work, over the keeper's connection.
//!
//! Owns the task: when it begins, that it makes way for newer work, and that nothing of it stays on
//! a host. It takes many seconds, most of them waiting for packets that do not come, so the keeper
//! does not wait for it. One proof is in `job`; what a verification tries is in `checks`, its order
//! in `prover`; a question of reach is tried in `reach`.

use std::{sync::Arc, time::Duration};

use portolan_types::{DestinationId, DestinationState, OperationId, OperationKind};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{PassError, Surroundings, work};
use crate::{
    App, Error,
    db::{self, destination, operation::Waiting, server},
    host::Host,
    reach::Asked,
    sighting::Sighting,
};

mod answer;
mod checks;
mod conclude;
mod draft;
mod job;
mod knock;
mod probes;
mod prover;
mod reach;
mod schedule;
mod sweep;

use job::Job;
pub(super) use knock::{Knocked, clear_tries, knock};
pub(super) use schedule::queue_due;

/// How long making way may take, and removing the probes for it.
const CLEANING: Duration = Duration::from_secs(30);
/// What is proved here.
const KINDS: [OperationKind; 2] = [OperationKind::VerifyDestination, OperationKind::ProveReach];
/// How many proofs the whole installation has under way: they are nobody's hurry.
pub(super) const AT_ONCE: usize = 4;

/// The proof under way on a server, if there is one.
#[derive(Debug, Default)]
pub(super) struct Verifier(Option<Running>);

#[derive(Debug)]
struct Running {
    operation: OperationId,
    /// On whose networks it has probes, besides that of its subject.
    on: Vec<DestinationId>,
    cancel: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Verifier {
    /// Ends the one under way when newer work took its place, or needs the networks that it is on:
    /// what it has there would be in the way.
    pub(super) async fn make_way(
        &mut self,
        app: &App,
        rows: &[destination::Assigned],
    ) -> Result<(), Error> {
        let Some(running) = self.0.take_if(|running| running.task.is_finished()) else {
            return self.end_if_over(app, rows).await;
        };
        drop(running);
        Ok(())
    }

    async fn end_if_over(
        &mut self,
        app: &App,
        rows: &[destination::Assigned],
    ) -> Result<(), Error> {
        let Some(running) = &self.0 else { return Ok(()) };
        let mut conn = app.db.acquire().await?;
        let at_work = db::operation::is_at_work(&mut conn, &running.operation).await?;
        drop(conn);
        let goes_on = at_work && !is_in_the_way(&running.on, rows);
        if let Some(running) = self.0.take_if(|_| !goes_on) {
            running.cancel.cancel();
            // It ends after the call that it is in. One that does not is dropped where it stands,
            // and what it made is found by its label.
            drop(timeout(CLEANING, running.task).await);
        }
        Ok(())
    }

    /// Removes what earlier ones left.
    pub(super) async fn sweep(
        &self,
        app: &App,
        row: &server::Assigned,
        host: &dyn Host,
        seen: &Sighting,
    ) -> Result<(), PassError> {
        let at_work = self.0.as_ref().map(|running| &running.operation);
        sweep::left_behind(app, &row.server.id, host, seen, at_work).await
    }

    /// Begins the next one that waits, when none is under way.
    pub(super) fn start_next(
        &mut self,
        around: &Surroundings,
        row: &server::Assigned,
        (waiting, rows): (&[Waiting], &[destination::Assigned]),
        host: &Arc<dyn Host>,
    ) {
        if self.0.is_some() {
            return;
        }
        let mut all = work::of_kinds(waiting, &KINDS);
        let Some(task) = all.find(|task| !is_in_the_way(&stands_on(task), rows)) else { return };
        let cancel = around.shutdown.child_token();
        let job = Job {
            around: around.clone(),
            server: row.clone(),
            task: task.clone(),
            host: host.clone(),
            cancel: cancel.clone(),
        };
        let (operation, on) = (task.id.clone(), stands_on(task));
        let task = AbortOnDropHandle::new(tokio::spawn(job.run()));
        self.0 = Some(Running { operation, on, cancel, task });
    }
}

/// The destinations of a question of reach. Work on the subject of a verification takes its place by
/// itself.
fn stands_on(task: &Waiting) -> Vec<DestinationId> {
    let asked = task.input.as_deref().filter(|_| task.kind == OperationKind::ProveReach);
    let Some(asked) = asked.and_then(|text| serde_json::from_str::<Asked>(text).ok()) else {
        return Vec::new();
    };
    let Asked { answer, .. } = asked;
    [answer.from.destination_id, answer.to.destination_id].into_iter().flatten().collect()
}

/// Whether one of the networks is about to go or to be replaced.
fn is_in_the_way(on: &[DestinationId], rows: &[destination::Assigned]) -> bool {
    let goes = |state| matches!(state, DestinationState::Deleting | DestinationState::Changing);
    let mut all = rows.iter().map(|row| &row.destination);
    all.any(|one| goes(one.state) && on.contains(&one.id))
}
