//! An answer that is no text, however long it is.

use std::time::Duration;

use reqwest::Response;

use super::{BaseUrl, Error};

/// A control plane that sends nothing for so long is gone.
const SILENCE: Duration = Duration::from_mins(1);

/// Bytes as they come.
#[derive(Debug)]
pub(crate) struct Content {
    url: BaseUrl,
    response: Response,
}

impl Content {
    pub(super) fn new(url: BaseUrl, response: Response) -> Self {
        Self { url, response }
    }

    /// The next of them; `None` at the end. What breaks off before it is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = tokio::time::timeout(SILENCE, self.response.chunk()).await;
        let chunk = chunk.map_err(|_| Error::silent(&self.url))?;
        let chunk = chunk.map_err(|error| Error::sending(&self.url, &error))?;
        Ok(chunk.map(Vec::from))
    }
}
