//! Answers of one JSON object a line, however many there are.

use std::time::Duration;

use reqwest::Response;

use super::{BaseUrl, Error};

/// A control plane that sends nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// No object is larger: more without an end is none of ours.
const MAX_LINE: usize = 1_024 * 1_024;

/// Lines as they come.
#[derive(Debug)]
pub(crate) struct Lines {
    url: BaseUrl,
    response: Response,
    buffer: Vec<u8>,
}

impl Lines {
    pub(super) fn new(url: BaseUrl, response: Response) -> Self {
        Self { url, response, buffer: Vec::new() }
    }

    /// The next line; `None` at the end. What breaks off in the middle of one is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Error> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8(line);
                return line.map(Some).map_err(|error| Error::unreadable(&self.url, &error));
            }
            if self.buffer.len() > MAX_LINE {
                return Err(Error::unreadable(&self.url, &"a line without an end"));
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Error::silent(&self.url))?;
            match chunk.map_err(|error| Error::sending(&self.url, &error))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Error::unreadable(&self.url, &"it ends within a line")),
            }
        }
    }
}
