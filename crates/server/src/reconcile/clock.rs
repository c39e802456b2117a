//! A clock: asks for what is due when its time comes.
//!
//! What is due, and what is written down of it, is said by who is asked.

use std::time::Duration;

use portolan_types::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{Error, schedule, tasks::Pulse};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Clock<'a> {
    /// Rung when what an earlier process began is over: it would be in the way of what was missed.
    pub ready: &'a Notify,
    /// Rung when a time was set.
    pub set: &'a Notify,
    /// What it asks for, in the log.
    pub what: &'static str,
}

impl Clock<'_> {
    /// Has what is due begun, which answers when there is more; until `shutdown`.
    pub(super) async fn run<F>(
        &self,
        begin_due: impl Fn() -> F,
        pulse: &Pulse,
        shutdown: &CancellationToken,
    ) where
        F: Future<Output = Result<Option<Timestamp>, Error>>,
    {
        if shutdown.run_until_cancelled(self.ready.notified()).await.is_none() {
            return;
        }
        loop {
            let next = match pulse.run(Box::pin(begin_due())).await {
                Ok(next) => next,
                Err(error) => {
                    let what = self.what;
                    tracing::error!(%error, "could not see to {what} that are due; trying again");
                    Some(Timestamp::now().plus(PAUSE))
                }
            };
            let until = |at| Duration::from_millis(Timestamp::now().millis_until(at));
            pulse.next(next.map(until));
            if shutdown.run_until_cancelled(self.wait(next)).await.is_none() {
                return;
            }
        }
    }

    async fn wait(&self, next: Option<Timestamp>) {
        tokio::select! {
            () = self.set.notified() => {}
            () = schedule::arrives(next) => {}
        }
    }
}
