//! Chromium, as the stories of the pages drive it; here it visits the built program.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};

#[expect(dead_code, reason = "the stories of the pages use all of it")]
#[path = "../../../../server/tests/it/support/chromium.rs"]
mod chromium;

pub(crate) use chromium::Chromium;

use super::PATIENCE;

/// Asks again until there is an answer, with a deadline instead of a blind sleep.
async fn eventually<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("never happened: {what}")
}
