//! Verifications that nobody asks for: each destination once in a while, spread over the day so
//! that a fleet is not verified at once.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use portolan_types::{
    Destination, DestinationId, DestinationState, OperationKind, Subject, Timestamp, VerifyEvery,
};

use crate::{
    App, Error,
    db::{self, destination::Assigned, operation::Waiting},
    operations::{self, Task},
};

/// Queues those that are due, but for what waits already. Answers how many.
pub(in super::super) async fn queue_due(
    app: &App,
    rows: &[Assigned],
    waiting: &[Waiting],
) -> Result<usize, Error> {
    let is_ready = |row: &&Assigned| row.destination.state == DestinationState::Ready;
    let scheduled: Vec<(&Assigned, Duration)> = rows
        .iter()
        .filter(is_ready)
        .filter_map(|row| Some((row, every(app, &row.destination)?)))
        .collect();
    if scheduled.is_empty() {
        return Ok(0);
    }
    let ends = ends(app, rows).await?;
    let mut queued = 0;
    for (row, every) in scheduled {
        let id = &row.destination.id;
        if !waits(waiting, id) && is_due(&row.destination, ends.get(id).copied(), every) {
            queue(app, row).await?;
            queued += 1;
        }
    }
    Ok(queued)
}

/// Its own pause before the installation's; `None` when it is not verified by itself.
fn every(app: &App, destination: &Destination) -> Option<Duration> {
    match destination.verify_every {
        VerifyEvery::Default => app.config.verify_every,
        VerifyEvery::Never => None,
        VerifyEvery::After(pause) => Some(pause.as_duration()),
    }
}

/// Read once a look and server: those of a swarm may be on several.
async fn ends(app: &App, rows: &[Assigned]) -> Result<HashMap<DestinationId, Timestamp>, Error> {
    let servers: BTreeSet<_> = rows.iter().map(|row| &row.destination.server_id).collect();
    let mut conn = app.db.acquire().await?;
    let mut ends = HashMap::new();
    for server in servers {
        ends.extend(db::verification::list_latest_ends(&mut conn, server).await?);
    }
    Ok(ends)
}

fn waits(waiting: &[Waiting], destination: &DestinationId) -> bool {
    waiting.iter().any(|one| one.subject.id() == destination.as_str())
}

fn is_due(destination: &Destination, last: Option<Timestamp>, every: Duration) -> bool {
    let since = last.unwrap_or(destination.created_at);
    let pause = i64::try_from(pause(&destination.id, every).as_secs()).unwrap_or(i64::MAX);
    since.plus_seconds(pause) <= Timestamp::now()
}

/// Between three quarters of the time and the whole, by the destination's id: the same after a
/// restart.
fn pause(id: &DestinationId, every: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let share = u32::try_from(hasher.finish() % 256).unwrap_or_default();
    every * 3 / 4 + every * share / 1_024
}

async fn queue(app: &App, row: &Assigned) -> Result<(), Error> {
    let destination = &row.destination;
    let mut tx = app.db.begin().await?;
    let task = Task {
        kind: OperationKind::VerifyDestination,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        input: None,
    };
    operations::queue(&mut tx, &row.team_id, task).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_spread_and_none_waits_too_long() {
        let day = Duration::from_hours(24);
        let pauses: Vec<Duration> =
            (0..200).map(|_| pause(&DestinationId::generate(), day)).collect();
        assert!(pauses.iter().all(|pause| *pause >= day * 3 / 4 && *pause <= day));
        let late = pauses.iter().filter(|pause| **pause > day * 7 / 8).count();
        assert!((40..160).contains(&late), "{late} of 200 in the second half");
    }
}
