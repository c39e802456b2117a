//! Sends mail to those who forgot their password. Apart from the request, so that its answer comes
//! as soon for an address that nobody has.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{App, accounts, tasks::Pulse};

/// One after the other: a flood of requests must not become a flood of mail at a time. What was not
/// sent when the process ends is asked for again by whoever waits for it.
pub(super) async fn run(
    app: Arc<App>,
    mut asked: mpsc::Receiver<String>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let work = async {
        while let Some(email) = asked.recv().await {
            if let Err(error) = pulse.run(accounts::mail_reset(&app, &email)).await {
                tracing::error!(%error, "could not make a way back for a forgotten password");
            }
        }
    };
    shutdown.run_until_cancelled(work).await;
}
