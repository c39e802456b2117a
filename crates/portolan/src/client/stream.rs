//! Server-sent events, as <https://html.spec.whatwg.org/multipage/server-sent-events.html> has them.

use std::time::Duration;

use reqwest::Response;

use super::{BaseUrl, Error};

/// The control plane says something every 15 s: a connection that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// No event is larger: more without an end is no stream of ours.
const MAX_MESSAGE: usize = 1_024 * 1_024;

/// One message of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// Messages as they come.
#[derive(Debug)]
pub(crate) struct Stream {
    url: BaseUrl,
    response: Response,
    buffer: Vec<u8>,
}

impl Stream {
    pub(super) fn new(url: BaseUrl, response: Response) -> Self {
        Self { url, response, buffer: Vec::new() }
    }

    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Error> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(Some(parse(&String::from_utf8_lossy(&block))));
            }
            if self.buffer.len() > MAX_MESSAGE {
                return Err(Error::unreadable(&self.url, &"a message without an end"));
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Error::silent(&self.url))?;
            match chunk.map_err(|error| Error::sending(&self.url, &error))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }
}

fn parse(block: &str) -> Message {
    let mut message = Message::default();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => message.id = Some(value.to_owned()),
            "event" => message.name = Some(value.to_owned()),
            "data" => {
                if !message.data.is_empty() {
                    message.data.push('\n');
                }
                message.data.push_str(value);
            }
            _ => {}
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_from_comments() {
        let message = parse("id: 7\nevent:gap\ndata: {\"a\":\ndata: 1}\n: nothing\nretry: 5\n\n");
        let wanted =
            Message { id: Some("7".into()), name: Some("gap".into()), data: "{\"a\":\n1}".into() };
        assert_eq!(message, wanted);
    }
}
