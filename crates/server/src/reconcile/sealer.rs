//! Seals secrets anew when there is another data key, and drops those that seal nothing any more.

use std::{sync::Arc, time::Duration};

use portolan_types::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{App, Error, secrets, tasks::Pulse};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);
const PERIOD: Duration = Duration::from_hours(1);

pub(super) async fn run(app: Arc<App>, pulse: Pulse, shutdown: CancellationToken) {
    let work = async {
        loop {
            let wait = match pulse.run(pass(&app)).await {
                Ok(again) => again.map_or(PERIOD, until),
                Err(error) => {
                    tracing::error!(%error, "could not seal secrets anew; trying again");
                    PAUSE
                }
            };
            pulse.next(Some(wait));
            // Rung or not, a pass looks at everything.
            let _rung = tokio::time::timeout(wait, app.sealer.notified()).await;
        }
    };
    shutdown.run_until_cancelled(work).await;
}

/// One look at all secrets; answers when the next data key can be dropped.
async fn pass(app: &App) -> Result<Option<Timestamp>, Error> {
    secrets::refresh(app).await?;
    let left = secrets::reseal(&app.db, &app.vault).await?;
    if left > 0 {
        tracing::error!(left, "secrets that cannot be opened keep their data key");
    }
    secrets::drop_unused(&app.db, &app.vault, Timestamp::now()).await
}

fn until(moment: Timestamp) -> Duration {
    let seconds = Timestamp::now().seconds_until(moment);
    // A second more: the moment itself has to be over.
    Duration::from_secs(seconds.saturating_add(1))
}
