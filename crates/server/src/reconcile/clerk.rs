//! Gives events their numbers, and entries of the audit their places, as soon as they are committed.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{App, Error, audit, events, tasks::Pulse};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(app: Arc<App>, pulse: Pulse, shutdown: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = pulse.run(number(&app)).await {
                tracing::error!(%error, "could not number events or the audit; trying again");
                pulse.next(Some(PAUSE));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            app.db.committed().await;
        }
    };
    shutdown.run_until_cancelled(work).await;
}

async fn number(app: &App) -> Result<(), Error> {
    events::number(app).await?;
    audit::extend(app).await
}
