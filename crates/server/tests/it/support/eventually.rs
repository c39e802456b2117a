//! Waiting for what happens in its own time.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};

use super::PATIENCE;

/// Before it is asked a second time, and at the most: what takes long is asked less often, or the
/// questions of stories that wait are all that the machine does.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// Asks again until there is an answer, with a deadline instead of a blind sleep.
pub(crate) async fn eventually<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let [mut pause, longest] = PAUSES;
    while tokio::time::Instant::now() < deadline {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 3 / 2);
    }
    bail!("never happened: {what}")
}
