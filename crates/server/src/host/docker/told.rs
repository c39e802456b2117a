//! What an engine tells while it works: JSON, a line at a time. It has answered 200 before it knows the
//! end.

use std::{io, time::Duration};

use futures_util::{StreamExt, TryStreamExt};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_util::{
    codec::{FramedRead, LinesCodec},
    io::StreamReader,
};

use super::super::{HostError, engine::Engine};

/// How it is listened to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attention {
    /// For people, as in "the image".
    pub(super) about: &'static str,
    /// So long a silence is an error.
    pub(super) silence: Duration,
    /// Most bytes of a line.
    pub(super) line: usize,
}

/// Hands over each line until the end, or until the taker refuses one.
pub(super) async fn each(
    engine: &Engine,
    body: Incoming,
    attention: Attention,
    mut take: impl FnMut(&str) -> Result<(), HostError>,
) -> Result<(), HostError> {
    let Attention { about, silence, line } = attention;
    let bytes = StreamReader::new(BodyDataStream::new(body).map_err(io::Error::other));
    let mut lines = FramedRead::new(bytes, LinesCodec::new_with_max_length(line));
    loop {
        let next = timeout(silence, lines.next()).await;
        let silent = |_| HostError::Timeout {
            action: format!("hear of {about}"),
            seconds: silence.as_secs(),
        };
        let Some(line) = next.map_err(silent)? else { return Ok(()) };
        let line = line.map_err(|error| engine.failure(&error))?;
        if !line.trim().is_empty() {
            take(&line)?;
        }
    }
}
