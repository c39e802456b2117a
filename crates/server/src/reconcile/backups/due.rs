//! The clock of schedules: asks for backups when they are due. What is due, and what is written down of
//! it, is in `databases::backups`.

use std::time::Duration;

use portolan_types::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{App, databases::backups::begin_due, schedule, tasks::Pulse};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);

/// Looks when the next one is due, and whenever a schedule was set, until `shutdown`. Waits first until
/// what an earlier process began is over: it would be in the way of what was missed.
pub(super) async fn run(app: &App, swept: &Notify, pulse: &Pulse, shutdown: &CancellationToken) {
    if shutdown.run_until_cancelled(swept.notified()).await.is_none() {
        return;
    }
    loop {
        let next = match pulse.run(Box::pin(begin_due(app))).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "could not see to backups that are due; trying again");
                Some(Timestamp::now().plus(PAUSE))
            }
        };
        let until = |at| Duration::from_millis(Timestamp::now().millis_until(at));
        pulse.next(next.map(until));
        if shutdown.run_until_cancelled(wait(app, next)).await.is_none() {
            return;
        }
    }
}

async fn wait(app: &App, next: Option<Timestamp>) {
    tokio::select! {
        () = app.backups.scheduled.notified() => {}
        () = schedule::arrives(next) => {}
    }
}
