//! Waiting for what happens in its own time.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};

use super::PATIENCE;

/// Asks again until there is an answer, with a deadline instead of a blind sleep.
pub(crate) async fn eventually<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("never happened: {what}")
}
