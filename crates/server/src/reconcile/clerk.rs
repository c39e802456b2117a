//! Gives events their numbers as soon as they are committed.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{App, events, tasks::Pulse};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(app: Arc<App>, pulse: Pulse, shutdown: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = pulse.run(events::number(&app)).await {
                tracing::error!(%error, "could not number events; trying again");
                pulse.next(Some(PAUSE));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            app.db.committed().await;
        }
    };
    shutdown.run_until_cancelled(work).await;
}
